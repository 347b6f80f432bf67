using System.Globalization;

namespace GatewayOS.System.Tests;

/// <summary>
/// A wall clock of a test's own for whole programs: Debian's libfaketime answers their clock calls, and reads from a file how far ahead of the
/// machine's the time is. Only the wall clock is moved; timers and time since boot go on as they are, as after an operator set the clock.
/// </summary>
internal sealed class PassedTime
{
    private const string Library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

    private readonly string _file;
    private TimeSpan _ahead;

    /// <param name="file">Where the difference is kept.</param>
    /// <param name="start">The time the programs begin at.</param>
    public PassedTime(string file, DateTimeOffset start)
    {
        Assert.True(File.Exists(Library), "install the Debian package libfaketime");
        _file = file;
        Environment = new Dictionary<string, string>
        {
            ["LD_PRELOAD"] = Library,
            ["FAKETIME_TIMESTAMP_FILE"] = file,

            // Read anew every second, not with every call: reading is not safe beside other threads' calls.
            ["FAKETIME_CACHE_DURATION"] = "1",
            ["DONT_FAKE_MONOTONIC"] = "1",

            // Else waits by the monotonic clock end at once, and programs spin.
            ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
            ["NO_FAKE_STAT"] = "1",
        };
        JumpTo(start);
    }

    /// <summary>What the programs' environment needs.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    /// <summary>The time as the programs see it.</summary>
    public DateTimeOffset Now => TimeProvider.System.GetUtcNow() + _ahead;

    /// <summary>Sets it, whole seconds from the machine's clock.</summary>
    public void JumpTo(DateTimeOffset time)
    {
        _ahead = TimeSpan.FromSeconds(Math.Round((time - TimeProvider.System.GetUtcNow()).TotalSeconds));

        // By a rename: a program must not read half a number.
        File.WriteAllText(_file + ".new", string.Create(CultureInfo.InvariantCulture, $"{_ahead.TotalSeconds:+0;-0}\n"));
        File.Move(_file + ".new", _file, overwrite: true);
    }
}
