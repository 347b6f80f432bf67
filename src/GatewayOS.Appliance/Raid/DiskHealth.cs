using System.Globalization;

namespace GatewayOS.Appliance.Raid;

/// <summary>How a disk is, best first. The names are part of the API.</summary>
public enum DiskState
{
    /// <summary>Nothing speaks against it.</summary>
    Good,

    /// <summary>Something is to be watched.</summary>
    Watch,

    /// <summary>It has failed or is likely to: replace it.</summary>
    Failing,

    /// <summary>It says nothing of itself.</summary>
    Unknown,
}

/// <summary>What a disk said of its bad sectors at some time.</summary>
/// <param name="Time">When.</param>
/// <param name="BadSectors">How many.</param>
public sealed record BadSectorSample(DateTimeOffset Time, long BadSectors);

/// <summary>A verdict on a disk, with what it rests on. Pure.</summary>
/// <param name="State">The verdict.</param>
/// <param name="Evidence">Why, one sentence each.</param>
public sealed record DiskHealth(DiskState State, IReadOnlyList<string> Evidence)
{
    /// <summary>
    /// New bad sectors within <see cref="TrendSpan"/> from which on a disk is expected to fail. Any reallocation makes a failure many times likelier
    /// (Pinheiro, Weber, Barroso: Failure Trends in a Large Disk Drive Population, FAST '07); a few at once may be one scratch.
    /// </summary>
    public const int GrowthFailing = 10;

    /// <summary>Bad sectors in all from which on a disk is expected to fail, however slowly they came.</summary>
    public const int BadSectorsFailing = 100;

    /// <summary>Read errors put right by the array from which on a disk is expected to fail: md itself gives up at 20 an hour.</summary>
    public const int ReadErrorsFailing = 20;

    /// <summary>Degrees Celsius from which on a disk is to be watched; makers allow 60.</summary>
    public const double CelsiusWatch = 55;

    /// <summary>Over which growth is looked at.</summary>
    public static readonly TimeSpan TrendSpan = TimeSpan.FromDays(30);

    /// <summary>Judges a disk.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="history">What it said earlier of its bad sectors, oldest first.</param>
    /// <param name="member">What it is to an array; null for nothing.</param>
    public static DiskHealth Of(DiskReading disk, IReadOnlyList<BadSectorSample> history, MemberReading? member)
    {
        var failing = new List<string>();
        var watch = new List<string>();
        if (member?.State == MemberState.Faulty)
        {
            failing.Add("The array has thrown it out as faulty.");
        }

        if (member?.ReadErrors > 0)
        {
            (member.ReadErrors >= ReadErrorsFailing ? failing : watch).Add($"The array had to put right {Number(member.ReadErrors)} of its read errors.");
        }

        if (disk.Smart is { } smart)
        {
            Judge(smart, history, failing, watch);
        }

        if (failing.Count > 0)
        {
            return new DiskHealth(DiskState.Failing, [.. failing, .. watch]);
        }

        return watch.Count > 0 ? new DiskHealth(DiskState.Watch, watch)
            : disk.Smart is null ? new DiskHealth(DiskState.Unknown, ["It says nothing of its health (no SMART by udisks2)."])
            : new DiskHealth(DiskState.Good, []);
    }

    private static void Judge(SmartReading smart, IReadOnlyList<BadSectorSample> history, List<string> failing, List<string> watch)
    {
        if (smart.IsFailing)
        {
            failing.Add("The disk itself expects to fail.");
        }

        if (smart.SelfTest is "fatal" or "error_unknown" or "error_electrical" or "error_servo" or "error_read" or "error_handling")
        {
            failing.Add($"Its last self-test ended with '{smart.SelfTest}'.");
        }

        if (smart.BadSectors is { } bad and > 0)
        {
            long before = history.Where(sample => sample.Time >= smart.Updated - TrendSpan).Select(sample => sample.BadSectors).DefaultIfEmpty(bad).First();
            string growth = bad > before ? $"; {Number(bad - before)} of them within {TrendSpan.TotalDays:0} days" : "";
            (bad >= BadSectorsFailing || bad - before >= GrowthFailing ? failing : watch).Add($"It has {Number(bad)} bad sectors{growth}.");
        }

        if (smart.PendingSectors is { } pending and > 0)
        {
            watch.Add($"{Number(pending)} sectors cannot be read now.");
        }

        if (smart.Celsius is { } celsius && celsius >= CelsiusWatch)
        {
            watch.Add(string.Create(CultureInfo.InvariantCulture, $"It has {celsius:0} °C."));
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
