using GatewayOS.Benchmarks.Peers;
using GatewayOS.Benchmarks.Stages;

namespace GatewayOS.Benchmarks.Tests;

/// <summary>The table of targets: what counts is the median of the ratios of each round, and what was not measured is not met.</summary>
public sealed class PeerTargetsTests
{
    private static readonly string[] s_tools = [PeerTools.Ours, PeerTools.Restic, PeerTools.Borg];

    private readonly Dictionary<(string Row, string Tool, string Unit), double[]> _values = [];

    [Fact]
    public void A_row_is_held_against_each_of_its_targets_by_the_median_of_its_rounds()
    {
        Row(PeerTools.First, "s", ours: [1, 1, 2], restic: [4, 5, 2], borg: [3, 3, 9]);
        string row = Assert.Single(Rows(), line => line.StartsWith($"| {PeerTools.First}, s", StringComparison.Ordinal));
        Assert.EndsWith("| 4.00 (1.00–5.00) | 3.00 (3.00–4.50) | restic 4.0, borg 3.5 | yes, NO |", row, StringComparison.Ordinal);
    }

    [Fact]
    public void Stored_bytes_count_beside_borg_alone()
    {
        Row(PeerTargets.Stored, "bytes", ours: [100 << 20], restic: [70 << 20], borg: [100 << 20]);
        Assert.EndsWith("| 100.0 (100.0–100.0) | 70.0 (70.0–70.0) | 100.0 (100.0–100.0) | 0.70 (0.70–0.70) | 1.00 (1.00–1.00) | borg 1.0 | yes |", Rows()[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1.3, "yes")]
    [InlineData(1.31, "NO")]
    public void A_first_backup_is_held_against_its_stages(double seconds, string met)
    {
        Row(PeerTools.First, "s", ours: [seconds], restic: [], borg: []);
        _values[(StageSum.Ideal, PeerTools.Ours, "s")] = [1];
        Assert.EndsWith($"| at most 1.3 | {met} |", Rows()[^1], StringComparison.Ordinal);
        Assert.EndsWith("| restic 4.0, borg 3.5 | –, – |", Rows()[^2], StringComparison.Ordinal);
    }

    [Fact]
    public void All_lines_have_the_same_columns()
    {
        foreach ((string row, string unit) in PeerTargets.Rows)
        {
            Row(row, unit, ours: [1], restic: [2], borg: [3]);
        }

        _values[(StageSum.Ideal, PeerTools.Ours, "s")] = [1];
        Assert.Equal(PeerTargets.Rows.Length + 3, Rows().Length);
        Assert.All(Rows(), line => Assert.Equal(Rows()[0].Count(letter => letter == '|'), line.Count(letter => letter == '|')));
    }

    private void Row(string row, string unit, double[] ours, double[] restic, double[] borg)
    {
        _values[(row, PeerTools.Ours, unit)] = ours;
        _values[(row, PeerTools.Restic, unit)] = restic;
        _values[(row, PeerTools.Borg, unit)] = borg;
    }

    private string[] Rows() => [.. PeerTargets.Table((row, tool, unit) => _values.GetValueOrDefault((row, tool, unit), []), s_tools)];
}
