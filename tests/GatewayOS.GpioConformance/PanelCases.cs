using GatewayOS.Appliance.Power;
using GatewayOS.Hardware.FrontPanel;
using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Power;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.GpioConformance;

/// <summary>What LEDs and the power-fail line do through an adapter, down to the lines.</summary>
public static class PanelCases
{
    /// <summary>Changes of LEDs whose lateness <see cref="MeasureLeds"/> takes.</summary>
    public const int ChangesMeasured = 200;

    /// <summary>Edges whose latency <see cref="MeasureLatency"/> takes.</summary>
    public const int EdgesMeasured = 50;

    private const int ChangesMin = 6;

    private static readonly LedProfile s_leds = new()
    {
        Lines = [new LedLineProfile("status", "", "out0"), new LedLineProfile("bay1", "", "out1"), new LedLineProfile("alert", "", "out2", ActiveLow: true)],
        Patterns = new Dictionary<string, LedPatternProfile> { ["locate"] = new(PeriodMs: 250, DutyPercent: 50) },
        Groups =
        [
            new LedGroupProfile("healthy", 10, [new LedMemberProfile("status", LedProfile.On)]),
            new LedGroupProfile("bay-locate", 30, [new LedMemberProfile(LedProfile.Bay, "locate")]),
            new LedGroupProfile("bay-fault", 20, [new LedMemberProfile(LedProfile.Bay, LedProfile.On)]),
        ],
    };

    /// <summary>All demands.</summary>
    public static IReadOnlyList<GpioCase> All { get; } =
    [
        new("LEDs show what is shown, blink, and prefer locating to a fault", Leds),
        new("A lamp test lights every line and ends by itself", LampTest),
        new("An edge on the power-fail line closes the gate, is put on record, and its end resumes work", PowerFails),
        new("A pulse shorter than the debounce time is noise", Noise),
    ];

    /// <summary>Measures how late LEDs change, against their pattern.</summary>
    public static LedTiming MeasureLeds(IGpioBench bench)
    {
        using LedEngine engine = Engine(bench);
        engine.Start();
        engine.Show("bay-locate", isSo: true, bay: 1);
        Until.Holds(() => engine.Timing().Changes >= ChangesMeasured, "the bay blinks");
        return engine.Timing();
    }

    /// <summary>Measures from the edge, by the kernel's time, until nothing is acknowledged any more.</summary>
    /// <returns>µs, ascending.</returns>
    public static IReadOnlyList<long> MeasureLatency(IGpioBench bench)
    {
        using var scene = new PowerScene(bench);
        for (int i = 0; i < EdgesMeasured; i++)
        {
            scene.Fail();
            scene.Return();
        }

        return [.. scene.Over.Select(failure => failure.StoppedUs).Order()];
    }

    private static LedEngine Engine(IGpioBench bench) => new(
        s_leds with { Lines = [.. s_leds.Lines.Select(led => led with { ChipLabel = bench.Chip })] }, [new BayProfile(1, "1", "a", "bay1")], bench.Gpio, (_, _) => { }, TimeProvider.System);

    private static void Leds(IGpioBench bench)
    {
        using LedEngine engine = Engine(bench);
        engine.Start();
        engine.Show("healthy", isSo: true);
        engine.Show("bay-fault", isSo: true, bay: 1);
        Until.Holds(() => bench.Level("out0") && bench.Level("out1") && bench.Level("out2"), "status and fault are lit, and the alert's line of the other sense is high");
        engine.Show("bay-locate", isSo: true, bay: 1);
        bool level = true;
        for (int changes = 0; changes < ChangesMin; changes++)
        {
            Until.Holds(() => bench.Level("out1") != level, "the bay blinks");
            level = !level;
        }

        engine.Show("bay-locate", isSo: false, bay: 1);
        Until.Holds(() => bench.Level("out1"), "the fault shows again");
        GpioCases.Demand(engine.Timing().Changes >= ChangesMin - 1, "changes are counted");
    }

    private static void LampTest(IGpioBench bench)
    {
        using LedEngine engine = Engine(bench);
        engine.Start();
        engine.TestLamps(TimeSpan.FromMilliseconds(500));
        Until.Holds(() => bench.Level("out0") && bench.Level("out1") && !bench.Level("out2"), "all are lit");
        Until.Holds(() => !bench.Level("out0") && !bench.Level("out1") && bench.Level("out2"), "none is");
    }

    private static void PowerFails(IGpioBench bench)
    {
        using var scene = new PowerScene(bench);
        scene.Fail();
        GpioCases.Demand(scene.Gate.Reason is not null, "nothing is acknowledged");
        GpioCases.Demand(scene.Watch.History() is [{ Outcome: PowerOutcome.Lost, Flushed: ["step"] }], "the record is there before power is back");
        Until.Holds(() => scene.Watch.History() is [{ Outcome: PowerOutcome.Lost, RanOnMs: > 0 }], "it notes that the machine still runs");
        scene.Return();
        GpioCases.Demand(scene.Gate.Reason is null && !scene.Watch.IsFailing, "work is resumed");
        GpioCases.Demand(scene.Watch.History() is [{ Outcome: PowerOutcome.Resumed, RanOnMs: > 0 }], "the record says so");
    }

    private static void Noise(IGpioBench bench)
    {
        using var scene = new PowerScene(bench, debounceUs: 5000);
        bench.Drive("in0", level: false);
        bench.Drive("in0", level: true);
        scene.Fail();
        scene.Return();
        GpioCases.Demand(scene.Watch.History().Count <= 2, "at most the real failure, and a pulse that a slow machine made long, are on record");
        GpioCases.Demand(scene.Gate.Reason is null, "work goes on");
    }

    /// <summary>A watch on line <c>in0</c>, which is high while there is power.</summary>
    private sealed class PowerScene : IPowerEvents, IDisposable
    {
        private readonly IGpioBench _bench;
        private readonly ScratchDirectory _scratch = new("power");
        private readonly PowerLog _log;
        private readonly AutoResetEvent _ended = new(initialState: false);
        private readonly List<PowerFailure> _over = [];

        public PowerScene(IGpioBench bench, int debounceUs = 0)
        {
            _bench = bench;
            bench.Drive("in0", level: true);
            _log = PowerLog.Open(new PosixDisk(_scratch.Path));
            var power = new PowerProfile { Signals = [new PowerSignalProfile("power-fail", bench.Chip, "in0", "falling", debounceUs)], HoldUpMs = 1000, BudgetMs = 500 };
            Watch = new PowerFailWatch(power, bench.Gpio, Gate, [new FlushStep("step", () => { })], _log, this, TimeProvider.System);
            Watch.Start();

            // Edges count from when the line is watched.
            Until.Holds(() => Watch.IsWatching, "the line is watched");
        }

        public CommitGate Gate { get; } = new();

        public PowerFailWatch Watch { get; }

        public IReadOnlyList<PowerFailure> Over => _over;

        public void Fail()
        {
            long before = Watch.History().Select(failure => failure.Number).DefaultIfEmpty().Max();
            _bench.Drive("in0", level: false);
            Until.Holds(() => Watch.IsFailing && Watch.History().Any(failure => failure.Number > before), "power is failing and on record");
        }

        public void Return()
        {
            _ended.Reset();
            _bench.Drive("in0", level: true);
            _ended.WaitOne();
        }

        public void Failing()
        {
        }

        void IPowerEvents.Over(PowerFailure failure)
        {
            _over.Add(failure);
            _ended.Set();
        }

        public void Chip(string chipLabel, string? problem)
        {
        }

        public void Dispose()
        {
            Watch.Dispose();
            _log.Dispose();
            _scratch.Dispose();
            _ended.Dispose();
        }
    }
}
