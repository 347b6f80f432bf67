using System.Collections.Concurrent;
using GatewayOS.Hardware.FrontPanel;
using GatewayOS.Hardware.Gpio;
using GatewayOS.Hardware.Profiles;
using GatewayOS.TestKit;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.FrontPanel;

/// <summary>The thread that drives LEDs: it allocates nothing, blocks nobody, and outlives its chip.</summary>
public sealed class LedEngineTests : IDisposable
{
    private const int Ticks = 20_000;

    private readonly VirtualChips _chips = new(LedBoardTests.Leds().Lines, TimeProvider.System);
    private readonly ConcurrentQueue<(string Chip, string? Problem)> _told = new();
    private readonly LedEngine _engine;

    public LedEngineTests() => _engine = Make(_chips);

    public void Dispose() => _engine.Dispose();

    [Fact]
    public void A_tick_allocates_nothing()
    {
        using LedEngine engine = Make(new Silent());
        engine.Show("warning", isSo: true);
        engine.Show("bay-locate", isSo: true, bay: 1);
        engine.Show("bay-rebuild", isSo: true, bay: 2);
        engine.OpenMissing();
        Assert.Equal(0, Allocations.OfSteady(() =>
        {
            for (int i = 0; i < Ticks; i++)
            {
                engine.Tick();
            }
        }));
    }

    [Fact]
    public void Lines_follow_what_is_shown_in_their_own_sense()
    {
        _engine.Start();
        _engine.Show("bay-fault", isSo: true, bay: 1);
        _engine.Show("bay-fault", isSo: true, bay: 2);
        Until.Holds(() => Level("bay1") && !Level("bay2"), "both bays are lit, the second by a low level");
        _engine.Show("bay-fault", isSo: false, bay: 1);
        Until.Holds(() => !Level("bay1"), "the first is dark");
        Assert.False(Level("alert"));
    }

    [Fact]
    public void A_blinking_LED_goes_on_and_off_and_its_lateness_is_known()
    {
        var changes = new ConcurrentQueue<bool>();
        _chips.Changed += (_, line, level, _) => Note(line, level);
        _engine.Start();
        _engine.Show("bay-locate", isSo: true, bay: 1);
        Until.Holds(() => changes.Count >= 8, "it blinks");
        Assert.Equal([true, false, true, false, true, false, true, false], changes.Take(8));
        Assert.True(_engine.Timing() is { Changes: >= 7, MaxUs: > 0 });

        void Note(string line, bool level)
        {
            if (line == "bay1")
            {
                changes.Enqueue(level);
            }
        }
    }

    [Fact]
    public void A_chip_that_never_answers_blocks_nobody_who_shows_something()
    {
        using var stuck = new Stuck();
        using LedEngine engine = Make(stuck);
        engine.Start();
        engine.Show("bay-fault", isSo: true, bay: 1);
        stuck.WaitUntilStuck();
        engine.Show("bay-fault", isSo: false, bay: 1);
        engine.Show("warning", isSo: true);
        engine.TestLamps(TimeSpan.FromSeconds(1));
        Assert.Equal("on", engine.View()[0].Pattern);
        stuck.Release();
    }

    [Fact]
    public void A_lost_chip_is_told_of_once_and_picked_up_again()
    {
        _engine.Start();
        _engine.Show("bay-locate", isSo: true, bay: 1);
        Until.Holds(() => Level("bay1"), "it blinks");
        _chips.Plug(HardwareProfile.Virtual, isThere: false);
        Until.Holds(() => !_told.IsEmpty, "the loss is told of");
        _chips.Plug(HardwareProfile.Virtual, isThere: true);
        Until.Holds(() => _told.Count == 2, "the return is told of");
        bool lit = Level("bay1");
        Until.Holds(() => Level("bay1") != lit, "it blinks again");
        Assert.Equal([HardwareProfile.Virtual, HardwareProfile.Virtual], _told.Select(told => told.Chip));
        Assert.Equal([false, true], _told.Select(told => told.Problem is null));
    }

    private bool Level(string line) => _chips.Level(HardwareProfile.Virtual, line);

    private LedEngine Make(IGpio gpio) => new(
        LedBoardTests.Leds(), [new BayProfile(1, "1", "a", "bay1"), new BayProfile(2, "2", "b", "bay2")], gpio, (chip, problem) => _told.Enqueue((chip, problem)), TimeProvider.System);

    private sealed class Silent : IGpio, IGpioOutput
    {
        public IGpioOutput OpenOutput(LineProfile line, bool active) => this;

        public IGpioInputs OpenInputs(IReadOnlyList<LineProfile> lines) => throw new NotSupportedException();

        public void Set(bool active)
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class Stuck : IGpio, IGpioOutput, IDisposable
    {
        private readonly ManualResetEventSlim _isStuck = new();
        private readonly ManualResetEventSlim _release = new();

        public void WaitUntilStuck() => _isStuck.Wait();

        public void Release() => _release.Set();

        public IGpioOutput OpenOutput(LineProfile line, bool active) => this;

        public IGpioInputs OpenInputs(IReadOnlyList<LineProfile> lines) => throw new NotSupportedException();

        public void Set(bool active)
        {
            _isStuck.Set();
            _release.Wait();
        }

        public void Dispose()
        {
        }
    }
}
