using System.ComponentModel;
using System.Diagnostics;
using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Raid;

/// <summary>
/// Volumes of a hardware RAID controller, read from its vendor's tool (<c>storcli64 /cALL show all J</c>). Only read: what the controller does with its
/// disks is its own matter, and its tool's.
/// </summary>
public sealed class StorcliRaid : IRaidHealth
{
    private const string NotHere = "A RAID controller looks after this array. Use its own tool.";
    private const string Name = "storcli";
    private const string VendorPath = "/opt/MegaRAID/storcli/storcli64";
    private const int OutputCharsMax = 4 * 1024 * 1024;

    // The tool wakes the firmware of each controller.
    private static readonly TimeSpan s_readEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_runMax = TimeSpan.FromSeconds(60);

    private readonly string _program;
    private readonly string _cacheProtection;
    private readonly IReadOnlyList<BayProfile> _bays;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private RaidReading? _last;

    /// <summary>Makes the adapter.</summary>
    /// <param name="program">The tool: a path, or a name on the PATH.</param>
    /// <param name="cacheProtection">What the profile says protects the controller's cache.</param>
    /// <param name="bays">The bays, by enclosure and slot.</param>
    /// <param name="time">The clock.</param>
    public StorcliRaid(string program, string cacheProtection, IReadOnlyList<BayProfile> bays, TimeProvider time) => (_program, _cacheProtection, _bays, _time) = (program, cacheProtection, bays, time);

    /// <summary>The tool of this machine: what the PATH has of that name, as on the image, where gatewayd is not root; else where its vendor's package puts it.</summary>
    public static string Tool => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(directory => File.Exists(Path.Join(directory, Name))) ? Name : VendorPath;

    /// <inheritdoc/>
    public event Action? Changed
    {
        add
        {
            // The tool tells of nothing by itself; it is asked from time to time.
        }

        remove
        {
        }
    }

    /// <inheritdoc/>
    public RaidReading Read()
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            if (_last is null || now - _last.Time >= s_readEvery || now < _last.Time)
            {
                _last = Run(out string output) is { } problem
                    ? new RaidReading { Time = now, Source = _program, Problem = problem }
                    : StorcliReport.Read(output, _cacheProtection, _bays, now);
            }

            return _last;
        }
    }

    /// <inheritdoc/>
    public RaidAnswer Remove(ArrayReading array, string device) => RaidAnswer.Failed(NotHere);

    /// <inheritdoc/>
    public RaidAnswer Add(ArrayReading array, string device) => RaidAnswer.Failed(NotHere);

    /// <inheritdoc/>
    public RaidAnswer Request(ArrayReading array, SyncRequest request) => RaidAnswer.Failed(NotHere);

    /// <inheritdoc/>
    public RaidAnswer SetRate(ArrayReading array, RebuildRate rate) => RaidAnswer.Failed(NotHere);

    /// <inheritdoc/>
    public void RefreshSmart()
    {
        // The controller asks its disks itself.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    // Null when there is output to read, whatever its exit code: the tool's own status is in it.
    private string? Run(out string output)
    {
        output = "";
        var start = new ProcessStartInfo(_program, ["/cALL", "show", "all", "J"]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        try
        {
            using Process process = Process.Start(start)!;
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            using var limit = new CancellationTokenSource(s_runMax, _time);
            using CancellationTokenRegistration kill = limit.Token.Register(() => process.Kill(entireProcessTree: true));
            char[] text = new char[OutputCharsMax];
            int length = process.StandardOutput.ReadBlock(text);
            process.WaitForExit();
            output = new string(text, 0, length);
            return limit.IsCancellationRequested ? $"{_program} did not answer within {s_runMax.TotalSeconds:0} s" : length == OutputCharsMax ? $"{_program} wrote more than {OutputCharsMax} characters" : null;
        }
        catch (Win32Exception error)
        {
            return $"the controller's tool '{_program}' cannot be run ({error.Message}): install it, it is the vendor's";
        }
    }
}
