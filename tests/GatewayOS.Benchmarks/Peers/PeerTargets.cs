using System.Globalization;
using GatewayOS.Benchmarks.Results;

namespace GatewayOS.Benchmarks.Peers;

/// <summary>What is aimed at: so many times better than the best of the peers, in the same run.</summary>
/// <param name="Row">The row.</param>
/// <param name="Unit">Its unit; of everything measured here less is better.</param>
/// <param name="Ratio">Best peer ÷ ours, median of the rounds.</param>
internal sealed record PeerTarget(string Row, string Unit, double Ratio);

/// <summary>The table of targets, and how a run stands against it.</summary>
internal static class PeerTargets
{
    public const string NewBytes = "image, new bytes stored";
    public const string Stored = "stored";

    private const double MiB = 1024 * 1024;

    /// <summary>The targets in the order of the works. Stored bytes: restic 0.14 compresses with zstd, borg as we do with LZ4.</summary>
    public static readonly PeerTarget[] All =
    [
        new(PeerTools.First, "s", 2),
        new(PeerTools.Reread, "s", 2),
        new(PeerTools.Unchanged, "s", 2),
        new(PeerTools.Restore, "s", 1.5),
        new(PeerTools.Verify, "s", 2),
        new(Stored, "bytes", 0.8),
        new(PeerTools.ImageFirst, "s", 2),
        new(PeerTools.ImageSecond, "s", 2),
        new(NewBytes, "bytes", 1.5),
    ];

    /// <summary>Prints the rows that were measured, as Markdown.</summary>
    public static void Print(BenchResults results, string[] tools)
    {
        string[] peers = [.. tools.Where(tool => tool != PeerTools.Ours)];
        Console.WriteLine($"| row | {string.Join(" | ", tools)} | {string.Join(" | ", peers.Select(peer => $"{peer} ÷ ours"))} | target | met |");
        Console.WriteLine($"|---|{string.Concat(Enumerable.Repeat("---|", tools.Length + peers.Length))}---|---|");
        foreach (PeerTarget target in All)
        {
            double scale = target.Unit == "bytes" ? MiB : 1;
            string unit = target.Unit == "bytes" ? "MiB" : target.Unit;
            double[] Values(string tool) => [.. results.Values(target.Row, tool, target.Unit).Select(value => value / scale)];
            if (Values(PeerTools.Ours) is not { Length: > 0 } ours)
            {
                continue;
            }

            (string Text, double Ratio)[] ratios = [.. peers.Select(peer => Ratio(Values(peer), ours))];
            double[] known = [.. ratios.Select(ratio => ratio.Ratio).Where(double.IsFinite)];
            string met = known.Length == 0 ? "no peer" : known.Min() >= target.Ratio ? "yes" : "NO";
            Console.WriteLine(
                $"| {target.Row}, {unit} | {string.Join(" | ", tools.Select(tool => BenchResults.Spread(Values(tool))))} | {string.Join(" | ", ratios.Select(ratio => ratio.Text))} | "
                + $"{target.Ratio.ToString("0.0", CultureInfo.InvariantCulture)} | {met} |");
        }

        Console.WriteLine("\nMedian (min–max) of the rounds; a ratio is taken round by round, and its median counts. The target is against the better peer.");
    }

    private static (string Text, double Ratio) Ratio(double[] theirs, double[] ours)
    {
        if (theirs.Length == 0)
        {
            return ("–", double.NaN);
        }

        double[] pairs = [.. theirs.Zip(ours, (peer, own) => peer / own)];
        return (BenchResults.Spread(pairs, "0.00"), Statistics.Median(pairs));
    }
}
