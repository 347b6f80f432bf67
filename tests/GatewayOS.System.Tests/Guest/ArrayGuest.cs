using System.Diagnostics;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Guest;

/// <summary>
/// A machine with arrays of its own: a user-mode Linux with Debian's udisksd, D-Bus, udev and md, whose disks can be pulled and plugged. Commands run in
/// it through a directory that both sides see. Disposing it is a power cut.
/// </summary>
internal sealed class ArrayGuest : IDisposable
{
    private const string Kernel = "linux.uml";

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan s_rootMax = TimeSpan.FromMinutes(10);

    private readonly ScratchDirectory _scratch;
    private readonly Process _process;
    private int _commands;

    /// <summary>Starts it.</summary>
    /// <param name="scratch">Where it keeps what it exchanges with the test.</param>
    /// <param name="disks">Files of the host that are its disks ubdb, ubdc …, which a power cut leaves as they are.</param>
    public ArrayGuest(ScratchDirectory scratch, params string[] disks)
    {
        _scratch = scratch;
        string here = Path.Join(Gatewayctl.Root, "tests/GatewayOS.System.Tests/Guest");
        string root = Path.Join(Gatewayctl.Root, "artifacts/guest-root");
        Directory.CreateDirectory(Path.GetDirectoryName(root)!);
        Require(Path.Join(here, "make-root.sh"), root);
        Directory.CreateDirectory(Exchange);

        // What an earlier machine was told there is over.
        foreach (string old in Directory.GetFiles(Exchange, "*.sh").Concat(Directory.GetFiles(Exchange, "*.code")).Append(Path.Join(Exchange, "ready")))
        {
            File.Delete(old);
        }

        File.Copy(Path.Join(here, "init.sh"), Path.Join(root, "init.sh"), overwrite: true);
        string[] ubd = [.. disks.Select((disk, number) => $"ubd{(char)('b' + number)}={disk}")];
        var start = new ProcessStartInfo("bash", ["-c", "exec \"$0\" \"$@\" >\"$EXCHANGE/console\" 2>&1 </dev/null", Kernel, "mem=1G", "root=/dev/root", "rootfstype=hostfs", $"rootflags={root}", "ro", "init=/init.sh", "quiet", "con=null", "con0=null,fd:1", $"EXCHANGE={Exchange}", $"PROGRAMS={Path.Join(Gatewayctl.Root, "artifacts/bin")}", .. ubd]) { UseShellExecute = false };
        start.Environment["EXCHANGE"] = Exchange;
        start.Environment["TMPDIR"] = scratch.Path;
        _process = Process.Start(start)!;
        Until.Holds(() => File.Exists(Path.Join(Exchange, "ready")) || (_process.HasExited ? throw new InvalidOperationException($"The guest did not start.\n{Console}") : false), $"the guest starts; its console says {Console}");
    }

    private string Exchange => _scratch["exchange"];

    private string Console => File.Exists(Path.Join(Exchange, "console")) ? File.ReadAllText(Path.Join(Exchange, "console")) : "";

    /// <summary>Runs commands of bash in the guest.</summary>
    public ProgramRun Run(string script)
    {
        _commands++;
        string name = Path.Join(Exchange, $"{_commands}");
        File.WriteAllText(name + ".new", script + "\n");
        File.Move(name + ".new", name + ".sh");
        long start = Stopwatch.GetTimestamp();
        using var pause = new ManualResetEventSlim();
        while (!File.Exists(name + ".code"))
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(start) > s_patience)
            {
                throw new InvalidOperationException($"'{script}' was not answered in the guest.\n{(File.Exists(name + ".out") ? File.ReadAllText(name + ".out") : "")}\n{Console}");
            }

            pause.Wait(TimeSpan.FromMilliseconds(50));
        }

        return new ProgramRun(int.Parse(File.ReadAllText(name + ".code").Trim(), global::System.Globalization.CultureInfo.InvariantCulture), File.ReadAllText(name + ".out"), "");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private static void Require(string script, string root)
    {
        using var process = Process.Start(new ProcessStartInfo(script, [root]) { UseShellExecute = false })!;
        if (!process.WaitForExit(s_rootMax) || process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{script} {root} failed.");
        }
    }
}
