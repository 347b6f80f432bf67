using System.Text;
using GatewayOS.Appliance.Audit;
using GatewayOS.Store.Chained;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Audit;

/// <summary>The audit log, and whatever somebody might do to its files.</summary>
public sealed class AuditLogTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("audit");
    private readonly ManualClock _clock = new();

    public void Dispose() => _scratch.Dispose();

    private string Segment => _scratch["audit/segment-000001.log"];

    [Fact]
    public void Records_come_back_in_order_also_after_a_restart()
    {
        Write(3);
        Write(2);
        using AuditLog log = Open();
        Assert.Empty(log.OpeningReport.Findings);
        Assert.Equal([1, 2, 3, 4, 5], log.Last(0, 10).Select(entry => entry.Sequence));
        Assert.Equal([4, 5], log.Last(0, 2).Select(entry => entry.Sequence));
        Assert.Equal([5], log.Last(4, 10).Select(entry => entry.Sequence));
        Assert.Equal("user:alice\"\n{", log.Last(0, 1)[0].Record.Who);
    }

    [Fact]
    public void A_change_is_on_record_before_its_outcome()
    {
        using AuditLog log = Open();
        long begun = log.Begin("user:a", "M", "t");
        Assert.Equal(AuditOutcome.Asked, log.Last(0, 1)[0].Record.Outcome);
        log.End(begun, "user:a", "M", "t", "it broke");
        (_, AuditRecord end) = log.Last(0, 1)[0];
        Assert.Equal((AuditOutcome.Failed, "it broke", begun), (end.Outcome, end.Detail, end.Asked));
    }

    [Fact]
    public void An_edited_record_is_found() => Tampered(lines => [lines[0], lines[1].Replace("target 1", "target 9", StringComparison.Ordinal), .. lines[2..]], "changed");

    [Fact]
    public void An_edited_record_is_found_without_the_key_too()
    {
        Write(5);
        File.WriteAllText(Segment, File.ReadAllText(Segment).Replace("target 1", "target 9", StringComparison.Ordinal));
        Assert.Contains(ChainedLogCheck.Run(_scratch["audit"], []).Report.Findings, finding => finding.Sequence == 3);
    }

    [Fact]
    public void An_edited_last_record_is_found() => Tampered(lines => [.. lines[..^1], lines[^1].Replace("target 4", "target 9", StringComparison.Ordinal)], "changed");

    [Fact]
    public void A_removed_record_is_found() => Tampered(lines => [lines[0], .. lines[2..]], "missing");

    [Fact]
    public void A_removed_first_record_is_found() => Tampered(lines => lines[1..], "missing");

    [Fact]
    public void Swapped_records_are_found() => Tampered(lines => [lines[0], lines[2], lines[1], .. lines[3..]], "out of order");

    [Fact]
    public void A_doubled_record_is_found() => Tampered(lines => [.. lines[..2], lines[1], .. lines[2..]], "second time");

    [Fact]
    public void A_cut_off_end_is_found() => Tampered(lines => lines[..^2], "records 4 to 5 were cut off");

    [Fact]
    public void A_cut_within_a_record_is_found() => Tampered(lines => [.. lines[..^1], lines[^1][..20]], "cut off", lastIsWhole: false);

    [Fact]
    public void An_emptied_log_is_found() => Tampered(_ => [], "cut off");

    [Fact]
    public void A_chain_made_anew_without_the_key_is_found()
    {
        Write(5);
        string previous = ChainedLine.NoPrevious;
        var lines = new List<string>();
        foreach (ChainedLine line in ChainedLogCheck.Read(_scratch["audit"]))
        {
            byte[] forged = (line with { Previous = previous, Body = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(line.Body.Span).Replace("target 1", "target 9", StringComparison.Ordinal)) }).Encode(new byte[32]);
            previous = ChainedLine.HashOf(forged);
            lines.Add(Encoding.UTF8.GetString(forged));
        }

        File.WriteAllText(Segment, string.Concat(lines.Select(line => line + "\n")));
        File.WriteAllBytes(_scratch["audit/head"], new ChainedHead(5, previous).Encode(new byte[32]));
        Assert.NotEmpty(Check());
        Assert.Empty(ChainedLogCheck.Run(_scratch["audit"], []).Report.Findings);
    }

    [Theory]
    [InlineData("head")]
    [InlineData("key")]
    [InlineData("segment-000001.log")]
    [InlineData("head,segment-000001.log")]
    public void A_missing_file_is_found_and_the_log_goes_on(string files)
    {
        Write(5);
        foreach (string file in files.Split(','))
        {
            File.Delete(_scratch[$"audit/{file}"]);
        }

        using AuditLog log = Open();
        Assert.NotEmpty(log.OpeningReport.Findings);
        log.Note("user:a", "M", "", AuditOutcome.Done, "");
    }

    [Fact]
    public void After_tampering_the_log_goes_on_and_what_was_found_stays_found()
    {
        Write(5);
        File.WriteAllText(Segment, string.Concat(File.ReadAllLines(Segment)[..^2].Select(line => line + "\n")));
        Write(2);
        using AuditLog log = Open();
        Assert.Contains(log.OpeningReport.Findings, finding => finding.Detail.Contains("records 4 to 5 are missing", StringComparison.Ordinal));
        Assert.Equal([1, 2, 3, 6, 7], log.Last(0, 10).Select(entry => entry.Sequence));
    }

    [Fact]
    public void A_crash_within_a_record_or_before_its_head_is_no_tampering()
    {
        Write(3);
        byte[] head = File.ReadAllBytes(_scratch["audit/head"]);
        Write(1);
        File.WriteAllBytes(_scratch["audit/head"], head);
        File.AppendAllText(Segment, "{\"seq\":5,\"pre");
        using (AuditLog log = Open())
        {
            Assert.Empty(log.OpeningReport.Findings);
            Assert.Equal(5, log.Begin("user:a", "M", ""));
        }

        Assert.Empty(Check());
    }

    [Fact]
    public void An_anchor_shows_that_an_older_log_was_put_back()
    {
        Write(3);
        Shell.Run($"cp -a '{_scratch["audit"]}' '{_scratch["old"]}'");
        Write(2);
        ChainedHead anchor;
        using (AuditLog log = Open())
        {
            anchor = log.Head;
        }

        Assert.True(ChainedLogCheck.Contains(_scratch["audit"], anchor));
        Assert.False(ChainedLogCheck.Contains(_scratch["old"], anchor));
    }

    [Fact]
    public void Anchors_come_at_intervals()
    {
        using AuditLog log = Open();
        var anchors = new List<long>();
        log.Anchored += head => anchors.Add(head.Count);
        log.Anchor();
        for (int i = 0; i < AuditLog.AnchorRecords; i++)
        {
            log.Note("user:a", "M", "", AuditOutcome.Done, "");
        }

        Assert.Equal([0, AuditLog.AnchorRecords], anchors);
    }

    private AuditLog Open() => new(new StateDirectory(_scratch.Path), _clock);

    private void Write(int records)
    {
        using AuditLog log = Open();
        for (int i = 0; i < records; i++)
        {
            log.Note("user:alice\"\n{", "gatewayos.v1.Management/RevokeNode", $"target {i}", AuditOutcome.Done, "");
        }
    }

    private IReadOnlyList<ChainedFinding> Check() => ChainedLogCheck.Run(_scratch["audit"], ChainedLog.ReadKey(File.ReadAllBytes(_scratch["audit/key"]))).Report.Findings;

    private void Tampered(Func<string[], string[]> tamper, string expected, bool lastIsWhole = true)
    {
        Write(5);
        Assert.Empty(Check());
        string changed = string.Join('\n', tamper(File.ReadAllLines(Segment)));
        File.WriteAllText(Segment, changed.Length > 0 && lastIsWhole ? changed + "\n" : changed);
        Assert.Contains(Check(), finding => finding.Detail.Contains(expected, StringComparison.Ordinal));
    }
}
