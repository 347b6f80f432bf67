using GatewayOS.Appliance.Power;
using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Power;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Power;

/// <summary>What the watch does besides what every chip is held to: budgets, stuck steps, lost chips.</summary>
public sealed class PowerFailWatchTests : IPowerEvents, IDisposable
{
    private readonly ScratchDirectory _scratch = new("power-watch");
    private readonly VirtualChips _chips = new([new LineProfile("bench", "power-fail")], TimeProvider.System);
    private readonly CommitGate _gate = new();
    private readonly PowerLog _log;
    private readonly List<string> _run = [];
    private volatile PowerFailure? _over;
    private volatile string? _chip;
    private PowerFailWatch? _watch;

    public PowerFailWatchTests()
    {
        _chips.Drive("bench", "power-fail", level: true);
        _log = PowerLog.Open(new PosixDisk(_scratch.Path));
    }

    public void Dispose()
    {
        _watch?.Dispose();
        _log.Dispose();
        _scratch.Dispose();
    }

    void IPowerEvents.Failing()
    {
    }

    void IPowerEvents.Over(PowerFailure failure) => _over = failure;

    void IPowerEvents.Chip(string chipLabel, string? problem) => _chip = problem ?? "well";

    [Fact]
    public void Steps_are_rehearsed_once_and_run_in_their_order()
    {
        Watch(budgetMs: 5000, Step("first"), Step("second"), Step("third"));
        Assert.Equal(["first", "second", "third"], _run);
        Assert.Empty(_log.Read());
        Fail();
        Assert.Equal(["first", "second", "third", "first", "second", "third"], _run);
        Assert.Equal(["first", "second", "third"], Assert.Single(_log.Read()).Flushed);
    }

    [Fact]
    public void A_step_that_does_not_end_keeps_nothing_from_the_record()
    {
        using var stuck = new ManualResetEventSlim(initialState: true);
        Watch(budgetMs: 20, Step("quick"), new FlushStep("stuck", stuck.Wait), Step("never"));
        stuck.Reset();
        Fail();
        PowerFailure record = Assert.Single(_log.Read());
        Assert.Equal(["quick"], record.Flushed);
        Assert.Equal(["stuck", "never"], record.Skipped);
        Return();

        // The old step still hangs: nothing is begun beside it, and the next record is written all the same.
        Fail();
        Assert.Equal(["quick", "stuck", "never"], _log.Read()[^1].Skipped);
        stuck.Set();
    }

    [Fact]
    public void A_step_that_fails_is_on_record_as_not_done()
    {
        Watch(budgetMs: 5000, Step("first"), new FlushStep("broken", () => throw new IOException("no disk")), Step("third"));
        Fail();
        Assert.Equal(["first"], Assert.Single(_log.Read()).Flushed);
    }

    [Fact]
    public void While_power_fails_nothing_passes_the_gate_and_afterwards_all_does()
    {
        _gate.Pass(1);
        Watch(budgetMs: 20);
        Fail();
        Assert.Throws<CommitHeldException>(() => _gate.Pass(2));
        Assert.Equal(1, _gate.LastPassed);
        Return();
        _gate.Pass(3);
        Assert.Equal(PowerOutcome.Resumed, _over!.Outcome);
    }

    [Fact]
    public void The_machine_going_dark_leaves_how_long_it_ran_on()
    {
        Watch(budgetMs: 20);
        Fail();
        Until.Holds(() => _log.Read()[^1].RanOnMs >= 50, "the hold-up is noted while it lasts");
        File.Copy(_scratch["power.log"], _scratch["copy"]);
        Directory.CreateDirectory(_scratch["dark"]);
        File.Move(_scratch["copy"], _scratch["dark/power.log"]);
        using PowerLog next = PowerLog.Open(new PosixDisk(_scratch["dark"]));
        PowerFailure lost = next.TakeUnreported()!;
        Assert.Equal(PowerOutcome.Lost, lost.Outcome);
        Assert.True(lost.RanOnMs >= 50);
    }

    [Fact]
    public void A_lost_chip_is_told_of_opens_the_gate_and_is_picked_up_again()
    {
        Watch(budgetMs: 20);
        Fail();
        _chips.Plug("bench", isThere: false);
        Until.Holds(() => _chip is not null, "the loss is told of");
        Assert.Null(_gate.Reason);
        Assert.NotEqual("well", _chip);
        _chips.Drive("bench", "power-fail", level: true);
        _chips.Plug("bench", isThere: true);
        Until.Holds(() => _chip == "well" && _watch!.IsWatching, "the return is told of");
        Fail();
    }

    private FlushStep Step(string name) => new(name, () => _run.Add(name));

    private void Watch(int budgetMs, params FlushStep[] steps)
    {
        var power = new PowerProfile { Signals = [new PowerSignalProfile("power-fail", "bench", "power-fail", "falling", DebounceUs: 200)], HoldUpMs = 10_000, BudgetMs = budgetMs };
        _watch = new PowerFailWatch(power, _chips, _gate, steps, _log, this, TimeProvider.System);
        _watch.Start();
        Until.Holds(() => _watch.IsWatching, "the line is watched");
    }

    private void Fail()
    {
        int before = _log.Read().Count;
        _chips.Drive("bench", "power-fail", level: false);
        Until.Holds(() => _log.Read().Count > before, "the failure is on record");
    }

    private void Return()
    {
        _over = null;
        _chips.Drive("bench", "power-fail", level: true);
        Until.Holds(() => _over is not null, "work is resumed");
    }
}
