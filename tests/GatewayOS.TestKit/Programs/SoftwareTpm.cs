using System.Diagnostics;
using System.Net.Sockets;

namespace GatewayOS.TestKit.Programs;

/// <summary>A TPM 2.0 of a test's own: Debian's swtpm as a process, reached over a socket. Its seeds last as long as its directory does.</summary>
public sealed class SoftwareTpm : IDisposable
{
    private readonly ScratchDirectory _scratch;
    private readonly string _name;
    private Process? _process;

    /// <summary>Starts it.</summary>
    /// <param name="scratch">Where it keeps its state.</param>
    /// <param name="name">Told apart from others by it.</param>
    public SoftwareTpm(ScratchDirectory scratch, string name = "tpm")
    {
        (_scratch, _name) = (scratch, name);
        Start();
    }

    /// <summary>Where it is, as tpm2-tss names it.</summary>
    public string Configuration => $"swtpm:path={SocketPath}";

    /// <summary>Every byte that went in and out, as hex digits.</summary>
    public string Traffic => File.ReadAllText(LogPath).Replace(" ", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal);

    private string LogPath => _scratch[$"{_name}.log"];

    private string SocketPath => _scratch[$"{_name}.socket"];

    /// <summary>Starts it, as with the machine.</summary>
    public void Start()
    {
        Directory.CreateDirectory(_scratch[_name]);
        var start = new ProcessStartInfo(
            "swtpm", ["socket", "--tpm2", "--tpmstate", $"dir={_scratch[_name]}", "--server", $"type=unixio,path={SocketPath}", "--ctrl", $"type=unixio,path={SocketPath}.ctrl", "--flags", "not-need-init,startup-clear", "--log", $"file={LogPath},level=20"]);
        _process = Process.Start(start)!;
        Until.Holds(() => _process.HasExited ? throw new InvalidOperationException($"swtpm ended with {_process.ExitCode}.") : Listens(), "swtpm listens");
    }

    /// <summary>Stops it.</summary>
    public void Stop()
    {
        if (_process is { } process)
        {
            process.Kill();
            process.WaitForExit();
            process.Dispose();
            _process = null;
            File.Delete(SocketPath);
            File.Delete(SocketPath + ".ctrl");
        }
    }

    /// <summary>Makes it another one, as clearing it or replacing the board does.</summary>
    public void Replace()
    {
        Stop();
        Directory.Delete(_scratch[_name], recursive: true);
        Start();
    }

    /// <inheritdoc/>
    public void Dispose() => Stop();

    private bool Listens()
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(SocketPath));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
