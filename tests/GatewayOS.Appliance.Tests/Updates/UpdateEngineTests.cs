using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Updates;

namespace GatewayOS.Appliance.Tests.Updates;

public sealed class UpdateEngineTests : IDisposable
{
    private readonly FakeSystem _system = new();

    public void Dispose() => _system.Dispose();

    [Fact]
    public void A_good_system_is_installed_started_checked_and_kept()
    {
        Assert.Equal(UpdateState.Installing, _system.Install().State);
        _system.RunToTheEnd();
        Assert.Equal((UpdateState.Good, "1.1.0", "1.0.0", "restored and hashed"), (_system.Last.State, _system.Last.Version, _system.Last.VersionBefore, _system.Last.Reason));
        Assert.Equal("rootfs.1", _system.Booted);
        Assert.Equal(["reboot", "Good rootfs.1"], _system.Orders);
        Assert.Null(_system.Alerts.Standing(AlertKind.Update, "system"));
    }

    [Fact]
    public void Without_being_told_to_it_does_not_restart()
    {
        _system.Install(restarts: false);
        _system.RunToTheEnd();
        Assert.Equal(UpdateState.Installed, _system.Last.State);
        Assert.DoesNotContain("reboot", _system.Orders);
        Assert.Contains("Restart the machine first", _system.Install().Reason, StringComparison.Ordinal);
        Assert.Single(_system.Engine.Status.Attempts);
    }

    [Fact]
    public void A_system_that_restores_nothing_is_taken_back_and_the_reason_is_on_record()
    {
        _system.Verdicts["1.1.0"] = new CheckVerdict(false, true, "nothing can be restored");
        _system.Install();
        _system.RunToTheEnd();
        Assert.Equal((UpdateState.RolledBack, "nothing can be restored"), (_system.Last.State, _system.Last.Reason));
        Assert.Equal("rootfs.0", _system.Booted);
        Assert.False(_system["rootfs.1"].IsGood);
        Assert.Contains("nothing can be restored", _system.Alerts.Standing(AlertKind.Update, "system")!.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void What_may_yet_become_good_is_waited_for_so_long_and_no_longer()
    {
        _system.Verdicts["1.1.0"] = new CheckVerdict(false, false, "the array is not there");
        _system.Install();
        _system.RunToTheEnd();
        Assert.Equal(UpdateState.Checking, _system.Last.State);
        Assert.Contains("the array is not there", _system.Engine.Status.Note, StringComparison.Ordinal);
        _system.Clock.Now += UpdateEngine.CheckMax + TimeSpan.FromSeconds(1);
        _system.RunToTheEnd();
        Assert.Equal(UpdateState.RolledBack, _system.Last.State);
        Assert.Equal("rootfs.0", _system.Booted);
    }

    [Fact]
    public void A_service_that_ends_over_and_over_while_it_checks_is_no_good_but_power_cuts_count_nothing()
    {
        _system.Verdicts["1.1.0"] = new CheckVerdict(false, false, "not yet");
        _system.Install();
        _system.RunToTheEnd();
        for (int i = 0; i < UpdateEngine.ChecksMax - 1; i++)
        {
            _system.StartAgain();
            _system.RunToTheEnd(pumpsMax: 2);
        }

        Assert.Equal(UpdateState.Checking, _system.Last.State);
        _system.Boot();
        _system.RunToTheEnd(pumpsMax: 2);
        Assert.Equal((UpdateState.Checking, 1), (_system.Last.State, _system.Last.Checks));
        for (int i = 0; i < UpdateEngine.ChecksMax; i++)
        {
            _system.StartAgain();
            _system.RunToTheEnd(pumpsMax: 2);
        }

        Assert.Equal(UpdateState.RolledBack, _system.Last.State);
        Assert.Contains("was ended 5 times", _system.Last.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_system_that_does_not_start_is_found_out_by_the_one_before()
    {
        _system.Dead.Add("1.1.0");
        _system.Install();
        _system.RunToTheEnd();
        Assert.Equal(UpdateState.FellBack, _system.Last.State);
        Assert.Contains("The boot loader started slot A though rootfs.1 holds version 1.1.0", _system.Last.Reason, StringComparison.Ordinal);
        Assert.False(_system["rootfs.1"].IsGood);
        Assert.Equal(AlertSeverity.Critical, _system.Alerts.Standing(AlertKind.Update, "system")!.Severity);
    }

    [Fact]
    public void What_the_machine_noted_about_a_slot_it_gave_up_is_the_reason()
    {
        _system.Dead.Add("1.1.0");
        _system["rootfs.1"].Why = "its root is not as it was built (dm-verity)";
        _system.Install();
        _system.RunToTheEnd();
        Assert.EndsWith("The machine gave it up: its root is not as it was built (dm-verity).", _system.Last.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void When_the_other_slot_does_not_start_either_it_restarts_three_times_and_says_so()
    {
        _system.Verdicts["1.1.0"] = new CheckVerdict(false, true, "nothing can be restored");
        (_system["rootfs.0"].Attempts, _system.StartsAnything) = (0, true);
        _system.Install();
        _system.RunToTheEnd();
        Assert.Equal(UpdateState.Stranded, _system.Last.State);
        Assert.Equal("rootfs.1", _system.Booted);
        Assert.Equal(1 + 1 + UpdateEngine.RestartsMax, _system.Orders.Count(order => order == "reboot"));
        Assert.DoesNotContain("Good rootfs.1", _system.Orders);
        Assert.Contains("the other slot does not start", _system.Alerts.Standing(AlertKind.Update, "system")!.Summary, StringComparison.Ordinal);

        // It stays so: no later start takes it for one that was proven.
        _system.StartAgain();
        _system.RunToTheEnd();
        Assert.DoesNotContain("Good rootfs.1", _system.Orders);
    }

    [Fact]
    public void A_bundle_that_fails_to_install_leaves_its_slot_bad()
    {
        _system.InstallProblem = "signature verification failed.";
        _system.Install();
        _system.RunToTheEnd();
        Assert.Equal((UpdateState.Failed, "signature verification failed."), (_system.Last.State, _system.Last.Reason));
        Assert.Contains("Bad rootfs.1", _system.Orders);
        Assert.Equal("rootfs.0", _system.Booted);
        Assert.DoesNotContain("reboot", _system.Orders);
    }

    [Fact]
    public void A_slot_that_cannot_be_marked_bad_is_not_taken_for_done()
    {
        _system.InstallProblem = "no space.";
        _system.Install();
        _system.IsMarkable = false;
        _system.RunToTheEnd();
        Assert.Equal(UpdateState.Installing, _system.Last.State);
        Assert.Contains("cannot be marked bad", _system.Engine.Status.Note, StringComparison.Ordinal);
        _system.IsMarkable = true;
        _system.RunToTheEnd();
        Assert.True(_system.Last.HasFailed);
        Assert.Contains("Bad rootfs.1", _system.Orders);
    }

    [Fact]
    public void What_is_refused_touches_no_slot()
    {
        UpdateAttempt attempt = _system.Install("/none");
        Assert.Equal((UpdateState.Refused, "There is no such bundle."), (attempt.State, attempt.Reason));
        _system.RunToTheEnd();
        Assert.True(_system["rootfs.1"].IsGood);
        Assert.Equal(["Good rootfs.0"], _system.Orders);
        Assert.Equal(attempt, Assert.Single(_system.Engine.Status.Attempts));
    }

    [Fact]
    public void An_installation_goes_on_without_gatewayd_and_is_taken_up()
    {
        _system.Install(restarts: false);
        _system.StartAgain();
        _system.IsInstalling = true;
        _system.RunToTheEnd(pumpsMax: 3);
        Assert.Equal(UpdateState.Installing, _system.Last.State);
        FakeSystem.Slot slot = _system["rootfs.1"];
        (slot.Version, slot.Installs, _system.Primary, _system.IsInstalling) = ("1.1.0", slot.Installs + 1, "rootfs.1", false);
        _system.RunToTheEnd(pumpsMax: 3);
        Assert.Equal(UpdateState.Installed, _system.Last.State);
        _system.Boot();
        _system.RunToTheEnd();
        Assert.Equal((UpdateState.Good, "rootfs.1"), (_system.Last.State, _system.Booted));
    }

    [Fact]
    public void The_slot_that_runs_is_marked_good_at_each_start_so_that_attempts_never_run_out()
    {
        for (int i = 0; i < 10; i++)
        {
            _system.Boot();
            _system.RunToTheEnd(pumpsMax: 1);
        }

        Assert.Equal("rootfs.0", _system.Booted);
        Assert.Equal(10, _system.Orders.Count);
    }

    // Whatever the moment: the machine ends in a whole system, nothing stays under way, and what is not known to be good is marked bad.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_power_cut_at_any_step_ends_in_a_system_that_works(bool isGood)
    {
        int step = 0;
        for (bool wasCut = true; wasCut; step++)
        {
            using var system = new FakeSystem { CutAt = step };
            system.Verdicts["1.1.0"] = new CheckVerdict(isGood, true, "looked at");
            system.Install();
            system.RunToTheEnd();
            wasCut = system.WasCut;
            UpdateAttempt last = system.Last;
            Assert.True(last.IsEnded, $"step {step}: {last.State}");
            bool isNew = system.Booted == "rootfs.1";
            Assert.True(isNew == (last.State == UpdateState.Good), $"step {step}: {last.State} in {system.Booted}");
            Assert.True(isGood || !isNew, $"step {step}: a bad system was kept");
            Assert.True(isNew || !system["rootfs.1"].IsGood, $"step {step}: {last.State}, and the slot is not marked bad");
            Assert.True(system[system.Booted].Attempts > 0, $"step {step}: the next start has no attempt left");
        }

        Assert.InRange(step, isGood ? 8 : 10, 30);
    }
}
