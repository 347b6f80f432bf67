using System.Diagnostics;

namespace GatewayOS.TestKit.Programs;

/// <summary>A D-Bus of a test's own, by Debian's dbus-daemon; nobody else is on it.</summary>
public sealed class PrivateBus : IDisposable
{
    private readonly ScratchDirectory _scratch;
    private Process? _daemon;

    /// <summary>Starts it.</summary>
    public PrivateBus(ScratchDirectory scratch)
    {
        _scratch = scratch;
        Start();
    }

    /// <summary>Its address.</summary>
    public string Address => $"unix:path={_scratch["bus"]}";

    /// <summary>Starts it again at the same address.</summary>
    public void Start()
    {
        File.Delete(_scratch["bus"]);
        var start = new ProcessStartInfo("dbus-daemon", ["--session", "--nofork", "--nopidfile", "--print-address", $"--address={Address}"]) { RedirectStandardOutput = true, UseShellExecute = false };
        _daemon = Process.Start(start)!;
        _daemon.StandardOutput.ReadLine();
    }

    /// <summary>Ends it.</summary>
    public void Stop()
    {
        if (_daemon is { } daemon)
        {
            daemon.Kill();
            daemon.WaitForExit();
            daemon.Dispose();
            _daemon = null;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Stop();
}
