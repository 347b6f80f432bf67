using System.Globalization;
using GatewayOS.Benchmarks.Results;
using GatewayOS.Benchmarks.Stages;

namespace GatewayOS.Benchmarks.Peers;

/// <summary>What is aimed at beside one peer, in the same run.</summary>
/// <param name="Row">The row.</param>
/// <param name="Unit">Its unit; of everything measured here less is better.</param>
/// <param name="Peer">The peer.</param>
/// <param name="Ratio">Peer ÷ ours that is to be reached, by the median of the rounds.</param>
internal sealed record PeerTarget(string Row, string Unit, string Peer, double Ratio);

/// <summary>The table of targets, and how a run stands against it.</summary>
internal static class PeerTargets
{
    public const string NewBytes = "image, new bytes stored";
    public const string Stored = "stored";
    public const string Memory = "peak memory of all works";
    public const string Limit = "first backup ÷ (its stages alone ÷ cores)";

    private const string Seconds = "s", Bytes = "bytes", Nothing = "–";
    private const double MiB = 1024 * 1024;

    // A first backup takes at most this times what its stages take alone, divided by the cores.
    private const double LimitMax = 1.3;

    /// <summary>Rows in the order of the works.</summary>
    public static readonly (string Row, string Unit)[] Rows =
    [
        (PeerTools.First, Seconds), (PeerTools.Reread, Seconds), (PeerTools.Unchanged, Seconds), (PeerTools.Restore, Seconds), (PeerTools.Verify, Seconds),
        (Stored, Bytes), (Memory, Bytes), (PeerTools.ImageFirst, Seconds), (PeerTools.ImageSecond, Seconds), (NewBytes, Bytes),
    ];

    /// <summary>The targets. Stored bytes are held against borg, which compresses with LZ4 as we do; restic 0.14 compresses with zstd.</summary>
    public static readonly PeerTarget[] All =
    [
        new(PeerTools.First, Seconds, PeerTools.Restic, 4),
        new(PeerTools.First, Seconds, PeerTools.Borg, 3.5),
        new(PeerTools.Reread, Seconds, PeerTools.Restic, 4),
        new(PeerTools.Unchanged, Seconds, PeerTools.Restic, 3),
        new(PeerTools.Restore, Seconds, PeerTools.Restic, 2.5),
        new(PeerTools.Verify, Seconds, PeerTools.Restic, 3),
        new(Stored, Bytes, PeerTools.Borg, 1),
        new(Memory, Bytes, PeerTools.Restic, 1),
        new(PeerTools.ImageSecond, Seconds, PeerTools.Restic, 4),
        new(NewBytes, Bytes, PeerTools.Restic, 2.5),
    ];

    /// <summary>True when a tool's time of a work decides about a target: always ours, and of the peers the one that is aimed at.</summary>
    public static bool Counts(string work, string tool) => tool == PeerTools.Ours || All.Any(target => target.Row == work && target.Peer == tool);

    /// <summary>The rows that were measured, as a Markdown table.</summary>
    /// <param name="values">Values by row, tool and unit, one a round.</param>
    /// <param name="tools">The columns.</param>
    public static IEnumerable<string> Table(Func<string, string, string, double[]> values, string[] tools)
    {
        string[] peers = [.. tools.Where(tool => tool != PeerTools.Ours)];
        yield return $"| row | {string.Join(" | ", tools)} | {string.Join(" | ", peers.Select(peer => $"{peer} ÷ ours"))} | target | met |";
        yield return $"|---|{string.Concat(Enumerable.Repeat("---|", tools.Length + peers.Length))}---|---|";
        foreach ((string row, string unit) in Rows.Where(row => values(row.Row, PeerTools.Ours, row.Unit).Length > 0))
        {
            double scale = unit == Bytes ? MiB : 1;
            string[] measured = [.. tools.Select(tool => BenchResults.Spread([.. values(row, tool, unit).Select(value => value / scale)]))];
            double[] Ratios(string peer) => [.. values(row, peer, unit).Zip(values(row, PeerTools.Ours, unit), (theirs, ours) => theirs / ours)];
            PeerTarget[] targets = [.. All.Where(target => target.Row == row)];
            string aim = targets.Length == 0 ? Nothing : string.Join(", ", targets.Select(target => $"{target.Peer} {Number(target.Ratio)}"));
            string met = targets.Length == 0 ? Nothing : string.Join(", ", targets.Select(target => Verdict(Ratios(target.Peer), ratio => ratio >= target.Ratio)));
            yield return $"| {row}, {(unit == Bytes ? "MiB" : unit)} | {string.Join(" | ", measured)} | {string.Join(" | ", peers.Select(peer => BenchResults.Spread(Ratios(peer), "0.00")))} | {aim} | {met} |";
        }

        double[] limit = [.. values(PeerTools.First, PeerTools.Ours, Seconds).Zip(values(StageSum.Ideal, PeerTools.Ours, Seconds), (whole, parts) => whole / parts)];
        if (limit.Length > 0)
        {
            string others = string.Concat(Enumerable.Repeat($" {Nothing} |", tools.Length - 1 + peers.Length));
            yield return $"| {Limit} | {BenchResults.Spread(limit, "0.00")} |{others} at most {Number(LimitMax)} | {Verdict(limit, ratio => ratio <= LimitMax)} |";
        }
    }

    private static string Verdict(double[] ratios, Func<double, bool> reached) => ratios.Length == 0 ? Nothing : reached(Statistics.Median(ratios)) ? "yes" : "NO";

    private static string Number(double value) => value.ToString("0.0", CultureInfo.InvariantCulture);
}
