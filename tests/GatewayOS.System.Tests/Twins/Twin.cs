using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Twins;

/// <summary>
/// The hardware twin with the development image in it. What it says is read from its second serial line, and it is asked in the shell that development images have. Disposing pulls the plug.
/// </summary>
internal sealed class Twin : IDisposable
{
    // Without acceleration, on two cores that others use too.
    private static readonly TimeSpan s_startMax = TimeSpan.FromMinutes(12);
    private static readonly TimeSpan s_commandMax = TimeSpan.FromMinutes(10);

    // How long the shell may take to say that it is there.
    private static readonly TimeSpan s_helloMax = TimeSpan.FromSeconds(5);

    private readonly ScratchDirectory _scratch;
    private readonly string _name;
    private Process? _machine;

    /// <summary>Prepares one; nothing runs yet.</summary>
    /// <param name="scratch">Where it is kept.</param>
    /// <param name="name">Its name there.</param>
    public Twin(ScratchDirectory scratch, string name = "twin") => (_scratch, _name) = (scratch, name);

    /// <summary>The port of the host that leads to gRPC.</summary>
    public string GrpcPort { get; } = Appliance.FreePort();

    /// <summary>The port of the host that leads to the web page.</summary>
    public string WebPort { get; } = Appliance.FreePort();

    /// <summary>The port of the host that leads to SSH.</summary>
    public string SshPort { get; } = Appliance.FreePort();

    /// <summary>Its directory, see image/twin/twin.sh.</summary>
    public string Directory => _scratch[_name];

    /// <summary>What systemd's journal says since the last start.</summary>
    public string Journal => Read("journal");

    /// <summary>What came over the first serial line since the last start.</summary>
    public string Console => Read("console");

    /// <summary>The newest development image; it is made by './build.sh image --profile dev'.</summary>
    public static string Image { get; } = Newest("*.img");

    /// <summary>The newest update bundle of the development image.</summary>
    public static string Bundle { get; } = Newest("*.raucb");

    /// <summary>Starts the machine. The first time its system disk is flashed with the image.</summary>
    /// <param name="options">Further options of twin.sh.</param>
    public void Start(params string[] options)
    {
        global::System.IO.Directory.CreateDirectory(Directory);
        File.Delete(Path.Join(Directory, "journal"));
        File.Delete(Path.Join(Directory, "console"));
        _machine?.Dispose();
        string[] arguments = ["--profile", "dev", "--image", Image, "--dir", Directory, "--grpc", GrpcPort, "--web", WebPort, "--ssh", SshPort, "--console", Path.Join(Directory, "console"), .. options];
        _machine = Process.Start(new ProcessStartInfo(Path.Join(Gatewayctl.Root, "image/twin/twin.sh"), arguments) { UseShellExecute = false, RedirectStandardInput = true })!;
    }

    /// <summary>Waits until the journal says something.</summary>
    public Match WaitFor(string pattern) => Wait(() => Journal, pattern);

    /// <summary>Waits until the first serial line says something.</summary>
    public Match WaitForConsole(string pattern) => Wait(() => Console, pattern);

    /// <summary>Runs a command line as root in the machine, once its shell is there.</summary>
    public ProgramRun Run(string command)
    {
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < s_startMax)
        {
            RequireRunning();
            if (Try(command) is { } run)
            {
                return run;
            }
        }

        throw new TimeoutException($"The machine's shell does not answer.\n{Tail(Journal)}");
    }

    /// <summary>Pulls the plug: what was not synced is lost as far as the guest's kernel still had it.</summary>
    public void PullPlug()
    {
        if (_machine is { HasExited: false } machine)
        {
            machine.Kill(entireProcessTree: true);
            machine.WaitForExit();
        }
    }

    /// <summary>Sends a command to QEMU's monitor (QMP), and requires that it is done.</summary>
    /// <param name="command">Its name.</param>
    /// <param name="arguments">Its arguments.</param>
    public void Control(string command, JsonObject arguments)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(Path.Join(Directory, "qmp")));
        using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        foreach (JsonObject one in new[] { new JsonObject { ["execute"] = "qmp_capabilities" }, new JsonObject { ["execute"] = command, ["arguments"] = arguments } })
        {
            stream.Write(Encoding.UTF8.GetBytes(one.ToJsonString() + "\n"));

            // Greetings and events come between.
            JsonNode? reply = null;
            while (reply?["return"] is null)
            {
                reply = JsonNode.Parse(reader.ReadLine() ?? throw new InvalidOperationException($"QEMU ended at '{command}'."));
                if (reply?["error"] is { } error)
                {
                    throw new InvalidOperationException($"QEMU does not do '{command}': {error}");
                }
            }
        }
    }

    /// <summary>Waits until something holds, with the patience that an emulated machine needs.</summary>
    /// <param name="condition">Asked again and again.</param>
    /// <param name="what">Said when it never does.</param>
    public void Until(Func<bool> condition, Func<string> what)
    {
        long started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            RequireRunning();
            if (Stopwatch.GetElapsedTime(started) > s_startMax)
            {
                throw new TimeoutException($"It never came about that {what()}.\n{Tail(Journal)}");
            }

            Pause();
        }
    }

    public void Dispose()
    {
        PullPlug();
        _machine?.Dispose();
    }

    // Null when the shell is not there. It starts anew after each connection, and what is sent while none reads is lost: so it is asked first whether it is there.
    private ProgramRun? Try(string command)
    {
        string mark = $"{Guid.NewGuid():N}";
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)s_helloMax.TotalMilliseconds };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Path.Join(Directory, "shell")));
            if (Ask(socket, $"\necho HERE-{mark}\n", $@"HERE-{mark}\r?\n") is null)
            {
                return null;
            }

            socket.ReceiveTimeout = (int)s_commandMax.TotalMilliseconds;
            Match? said = Ask(socket, $"( {command}\n) </dev/null 2>&1; code=$?; echo; echo END-{mark} $code\n", $@"(?s)^(.*)\nEND-{mark} (\d+)\r?\n");
            return said is null ? null : new ProgramRun(int.Parse(said.Groups[2].Value, CultureInfo.InvariantCulture), said.Groups[1].Value.Trim(), "");
        }
        catch (SocketException)
        {
            Pause();
            return null;
        }
    }

    // Null when the other end is gone before it has said what is waited for.
    private static Match? Ask(Socket socket, string input, string pattern)
    {
        socket.Send(Encoding.UTF8.GetBytes(input));
        var output = new StringBuilder();
        byte[] block = new byte[65536];
        while (socket.Receive(block) is > 0 and int bytes)
        {
            output.Append(Encoding.UTF8.GetString(block, 0, bytes));
            Match match = Regex.Match(output.ToString(), pattern);
            if (match.Success)
            {
                return match;
            }
        }

        return null;
    }

    private Match Wait(Func<string> text, string pattern)
    {
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            Match match = Regex.Match(text(), pattern);
            if (match.Success)
            {
                return match;
            }

            if (Stopwatch.GetElapsedTime(started) > s_startMax)
            {
                throw new TimeoutException($"The machine never says '{pattern}'.\n{Tail(Console)}\n{Tail(Journal)}");
            }

            RequireRunning();
            Pause();
        }
    }

    private void RequireRunning()
    {
        if (_machine is not { HasExited: false })
        {
            throw new InvalidOperationException($"The machine does not run.\n{Tail(Console)}\n{Tail(Journal)}");
        }
    }

    private static void Pause()
    {
        using var pause = new ManualResetEventSlim();
        pause.Wait(TimeSpan.FromSeconds(1));
    }

    private static string Tail(string text) => text[Math.Max(0, text.Length - 4000)..];

    private static string Newest(string pattern)
    {
        string directory = Path.Join(Gatewayctl.Root, "artifacts/image/dev");
        FileInfo? newest = global::System.IO.Directory.Exists(directory) ? new DirectoryInfo(directory).GetFiles(pattern).MaxBy(file => file.LastWriteTimeUtc) : null;
        return newest?.FullName ?? throw new InvalidOperationException($"There is no {pattern} in {directory}: './build.sh image --profile dev' makes it.");
    }

    private string Read(string name)
    {
        string path = Path.Join(Directory, name);
        if (!File.Exists(path))
        {
            return "";
        }

        using var file = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return file.ReadToEnd();
    }
}
