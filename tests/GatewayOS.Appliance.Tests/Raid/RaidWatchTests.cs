using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Raid;

namespace GatewayOS.Appliance.Tests.Raid;

public sealed class RaidWatchTests : IDisposable
{
    private readonly FakeMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void A_pull_is_only_ever_ordered_of_what_has_failed()
    {
        Assert.Equal("", _machine.Replace(2));
        _machine.Tick();
        Assert.Equal(ReplacementStep.AwaitingPull, _machine.Replacement.Step);
        Assert.DoesNotContain(_machine.Array.Orders, order => order.StartsWith("remove", StringComparison.Ordinal));
        _machine.Pull(2);
        _machine.Tick();
        Assert.Contains("remove sdb", _machine.Array.Orders);
    }

    // RAID 6 of five: with two more gone, the disk that waits to be pulled is needed.
    [Fact]
    public void When_others_fail_meanwhile_the_pull_is_called_off_at_once()
    {
        _machine.Replace(2);
        _machine.Tick();
        Assert.Equal("locate", _machine.Facts().Lights[2]);
        _machine.Array.Fail("D1");
        _machine.Array.Fail("D3");
        _machine.Tick();
        Assert.Contains("Do not pull it", _machine.Replacement.Problem, StringComparison.Ordinal);
        Assert.False(_machine.Facts().Lights.TryGetValue(2, out string? light) && light == "locate");
    }

    [Fact]
    public void A_disk_that_dies_during_the_rebuild_holds_nothing_up()
    {
        _machine.Replace(2);
        _machine.Pull(2);
        _machine.Plug(2, "NEW", 64);
        _machine.Tick();
        _machine.Tick();
        _machine.Tick();
        Assert.Equal(ReplacementStep.Rebuilding, _machine.Replacement.Step);
        _machine.Pull(5);
        for (int i = 0; i < 8; i++)
        {
            _machine.Tick();
        }

        Assert.Equal(ReplacementStep.Done, _machine.Replacement.Step);
        Assert.DoesNotContain("Check", _machine.Array.Orders);
        Assert.Equal("", _machine.Replace(5));
    }

    [Fact]
    public void Nothing_is_confirmed_by_itself()
    {
        ReplacementAnswer answer = _machine.Watch.Replace(new ReplacementWish { Bay = 2, By = "test" });
        Assert.Equal(ReplacementStep.Confirm, answer.Replacement!.Step);
        _machine.Tick();
        Assert.Equal(ReplacementStep.Confirm, _machine.Replacement.Step);
        Assert.True(_machine.Watch.Confirm("test").IsDone);
        Assert.Equal(ReplacementStep.AwaitingPull, _machine.Replacement.Step);
        Assert.True(_machine.Watch.CancelReplacement("test").IsDone);
        Assert.Equal(ReplacementStep.Cancelled, _machine.Replacement.Step);
    }

    [Fact]
    public void What_is_refused_again_and_again_ends()
    {
        _machine.Replace(2);
        _machine.Pull(2);
        _machine.Tick();
        _machine.Array.Refusal = "mdadm says no";
        _machine.Plug(2, "NEW", 64);
        for (int i = 0; i < 2 * ReplacementMachine.FailuresMax; i++)
        {
            _machine.Tick();
        }

        Assert.Equal(ReplacementStep.Failed, _machine.Replacement.Step);
        Assert.Contains("mdadm says no", _machine.Replacement.Problem, StringComparison.Ordinal);
        Assert.Equal(ReplacementMachine.FailuresMax, _machine.Array.Orders.Count(order => order.StartsWith("add", StringComparison.Ordinal)));

        // The slot is still empty, and a new order takes it up there.
        _machine.Array.Refusal = null;
        Assert.Equal("", _machine.Replace(2));
        Assert.Equal(ReplacementStep.Adding, _machine.Replacement.Step);
    }

    [Fact]
    public void A_slot_that_is_empty_is_known_by_what_it_held()
    {
        _machine.Pull(4);
        _machine.Tick();
        _machine.RestartService();
        _machine.Tick();
        (int slot, RememberedMember? held) = Assert.Single(_machine.Status.Arrays[0].Missing);
        Assert.Equal((3, "D4", 4), (slot, held!.Serial, held.Bay));
        Assert.Contains("D4", _machine.Alerts.Standing(AlertKind.RaidDegraded, "array md0")!.Summary, StringComparison.Ordinal);
        Assert.Equal("", _machine.Replace(4));
        Assert.Equal(ReplacementStep.AwaitingDisk, _machine.Replacement.Step);
    }

    [Fact]
    public void A_disk_that_was_pulled_by_mistake_is_taken_in_again()
    {
        _machine.Pull(4);
        _machine.Tick();
        _machine.RestartService();
        _machine.Tick();
        _machine.Plug(4, "D4", 64);
        _machine.Tick();
        _machine.Tick();
        Assert.Equal(ArrayState.Optimal, _machine.Status.Arrays[0].Health.State);
        Assert.Null(_machine.Alerts.Standing(AlertKind.RaidDegraded, "array md0"));
    }

    [Fact]
    public void One_that_the_array_threw_out_is_not()
    {
        _machine.Array.Fail("D4");
        _machine.Tick();
        _machine.Tick();
        _machine.Pull(4);
        _machine.Tick();
        _machine.Plug(4, "D4", 64);
        _machine.Tick();
        _machine.Tick();
        Assert.DoesNotContain(_machine.Array.Orders, order => order.StartsWith("add", StringComparison.Ordinal));
    }

    [Fact]
    public void What_cannot_be_taken_in_is_tried_three_times()
    {
        _machine.Pull(4);
        _machine.Tick();
        _machine.Array.Refusal = "mdadm says no";
        _machine.Plug(4, "D4", 64);
        for (int i = 0; i < 9; i++)
        {
            _machine.Tick();
        }

        Assert.Equal(3, _machine.Array.Orders.Count(order => order.StartsWith("add", StringComparison.Ordinal)));
    }

    [Fact]
    public void While_udisks2_is_away_nothing_moves_and_the_kernels_word_stands()
    {
        _machine.Replace(2);
        _machine.Pull(2);
        _machine.Array.Problem = "no udisks2 on the system bus";
        _machine.Tick();
        Assert.Equal(ReplacementStep.AwaitingPull, _machine.Replacement.Step);
        Assert.Equal(ArrayState.Degraded, _machine.Status.Arrays[0].Health.State);
        Assert.NotNull(_machine.Alerts.Standing(AlertKind.RaidDegraded, "array md0"));
        Assert.Contains("no udisks2", _machine.Check(), StringComparison.Ordinal);
        _machine.Array.Problem = null;
        _machine.Tick();
        Assert.NotEqual(ReplacementStep.AwaitingPull, _machine.Replacement.Step);
    }

    [Fact]
    public void While_udisks2_is_away_nothing_is_begun()
    {
        _machine.Array.Problem = "no udisks2 on the system bus";
        Assert.Contains("no udisks2", _machine.Replace(3), StringComparison.Ordinal);
    }

    [Fact]
    public void A_disagreement_that_stays_is_an_alert_and_one_that_passes_is_none()
    {
        _machine.Array.Bus = new BusView(1, "idle");
        _machine.Tick();
        Assert.NotEmpty(_machine.Status.Arrays[0].Health.Disagreements);
        Assert.Null(_machine.Alerts.Standing(AlertKind.RaidUnclear, "array md0"));
        for (int i = 0; i < 12; i++)
        {
            _machine.Tick();
        }

        Assert.NotNull(_machine.Alerts.Standing(AlertKind.RaidUnclear, "array md0"));
        _machine.Array.Bus = null;
        _machine.Tick();
        Assert.Null(_machine.Alerts.Standing(AlertKind.RaidUnclear, "array md0"));
    }

    [Fact]
    public void Looking_again_is_no_repetition()
    {
        _machine.Pull(4);
        _machine.Tick();
        int raised = _machine.Alerts.Raised;
        _machine.Tick();
        _machine.Tick();
        Assert.Equal(raised, _machine.Alerts.Raised);
    }

    [Fact]
    public void Parity_that_does_not_fit_has_the_store_read_once()
    {
        _machine.Array.Mismatches = 16;
        Assert.Equal("", _machine.Check());
        for (int i = 0; i < 8; i++)
        {
            _machine.Tick();
        }

        Assert.Equal(ArrayState.Mismatch, _machine.Status.Arrays[0].Health.State);
        Assert.Equal(1, _machine.StoreReads);
        Assert.NotNull(_machine.Alerts.Standing(AlertKind.RaidMismatch, "array md0"));
        Assert.Equal(16, _machine.Status.Arrays[0].Remembered.CheckMismatchSectors);
    }

    [Fact]
    public void The_monthly_check_begins_once()
    {
        _machine.Clock.Now = new DateTimeOffset(2026, 5, 30, 12, 0, 0, TimeSpan.Zero);
        _machine.Tick();
        _machine.Clock.Now = new DateTimeOffset(2026, 6, 7, 12, 0, 0, TimeSpan.Zero);
        for (int i = 0; i < 20; i++)
        {
            _machine.Tick();
        }

        Assert.Single(_machine.Array.Orders, "Check");
        Assert.NotNull(_machine.Status.Arrays[0].Remembered.CheckEnded);
    }

    [Fact]
    public void A_disk_that_is_failing_is_told_before_it_fails()
    {
        _machine.Array.Smart["D3"] = new SmartReading { Updated = _machine.Clock.Now, IsFailing = true };
        _machine.Tick();
        AlertEvent alert = _machine.Alerts.Standing(AlertKind.DiskFailing, "disk D3")!;
        Assert.Contains("bay 3", alert.Summary, StringComparison.Ordinal);
        Assert.Contains("--disk D3", alert.Remedy, StringComparison.Ordinal);
        Assert.Equal("fault", _machine.Facts().Lights[3]);

        // It stands out, so it need not be named.
        ReplacementAnswer answer = _machine.Watch.Replace(new ReplacementWish { By = "test" });
        Assert.Equal("D3", answer.Replacement!.OldSerial);
    }

    [Fact]
    public void A_bay_that_lost_its_disk_is_lit_until_the_slot_is_filled()
    {
        _machine.Tick();
        _machine.Pull(2);
        _machine.Tick();
        _machine.Tick();
        Assert.Equal("fault", _machine.Facts().Lights[2]);
        _machine.Replace(2);
        _machine.Plug(2, "NEW", 64);
        for (int i = 0; i < 8; i++)
        {
            _machine.Tick();
        }

        Assert.Equal("NEW", _machine.Replacement.NewSerial);
        Assert.DoesNotContain(2, _machine.Facts().Lights.Keys);
    }

    [Fact]
    public void A_damaged_record_is_named_and_nothing_is_done()
    {
        _machine.Replace(2);
        string path = _machine.RecordPath;
        File.WriteAllText(path, "{ half");
        Assert.Contains(path, Assert.Throws<InvalidDataException>(_machine.RestartService).Message, StringComparison.Ordinal);
    }
}
