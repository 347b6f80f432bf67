using GatewayOS.Appliance.Power;
using GatewayOS.Appliance.Tests.Alerts;
using GatewayOS.Appliance.Updates;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Updates;

/// <summary>The machine is without power: nothing after this is done.</summary>
internal sealed class PowerCutException : Exception;

/// <summary>
/// A machine with two slots and a boot loader, whose power can be cut before and after every step. It starts the first slot that is good, by order; one that
/// was not marked good since it was installed only as often as it has attempts.
/// </summary>
internal sealed class FakeSystem : ISystemSlots, IMachine, IDisposable
{
    private const int AttemptsMax = 3;

    private readonly ScratchDirectory _scratch = new("updates");
    private readonly Dictionary<string, Slot> _slots = new(StringComparer.Ordinal)
    {
        ["rootfs.0"] = new Slot("A") { Version = "1.0.0", IsWhole = true, IsGood = true },
        ["rootfs.1"] = new Slot("B") { Version = "0.9.0", IsWhole = true, IsGood = true },
    };

    private int _boots;
    private int _steps;
    private string? _next;

    public FakeSystem()
    {
        State = new StateDirectory(_scratch["state"]);
        Engine = Start();
    }

    public StateDirectory State { get; }

    public TickingClock Clock { get; } = new();

    public AlertSinkProbe Alerts { get; } = new();

    public UpdateEngine Engine { get; private set; }

    public string Booted { get; private set; } = "rootfs.0";

    public string Primary { get; set; } = "rootfs.0";

    public bool IsInstalling { get; set; }

    /// <summary>What bundles there are, by file.</summary>
    public Dictionary<string, BundleFacts> Bundles { get; } = new(StringComparer.Ordinal) { ["/new"] = new BundleFacts("gw", "1.1.0", "") };

    /// <summary>What is found of a version that runs.</summary>
    public Dictionary<string, CheckVerdict> Verdicts { get; } = new(StringComparer.Ordinal) { ["1.1.0"] = new CheckVerdict(true, true, "restored and hashed") };

    /// <summary>Versions that the kernel does not get up.</summary>
    public HashSet<string> Dead { get; } = [];

    public string InstallProblem { get; set; } = "";

    public string ArrayProblem { get; set; } = "";

    /// <summary>Before or after which step power is cut; null for none.</summary>
    public int? CutAt { get; set; }

    /// <summary>True for a boot loader that starts the slot that ran, when none is good.</summary>
    public bool StartsAnything { get; set; }

    public bool WasCut { get; private set; }

    public bool IsMarkable { get; set; } = true;

    public List<string> Orders { get; } = [];

    public bool IsRestartOrdered => _next is not null;

    public UpdateAttempt Last => Engine.Status.Attempts[^1];

    public Slot this[string slot] => _slots[slot];

    public SlotsReading Read() => new("", "gw", IsInstalling, Primary, [.. _slots.Select(slot => new SystemSlot(slot.Key, slot.Value.BootName, slot.Key == Booted, slot.Value.IsGood, slot.Value.Version, "gw", slot.Value.IsWhole, slot.Value.Installs, null) { Why = slot.Value.Why })]);

    public BundleFacts Inspect(string file) => Bundles.GetValueOrDefault(file, BundleFacts.Refused("There is no such bundle."));

    public SlotAnswer Install(string file, Action<InstallProgress> progress, CancellationToken cancellation)
    {
        string target = _slots.Keys.First(name => name != Booted);
        Step();
        (_slots[target].IsGood, _slots[target].IsWhole, Primary) = (false, false, Booted);
        progress(new InstallProgress(20, "writing"));
        Step();
        if (InstallProblem.Length > 0)
        {
            return SlotAnswer.Failed(InstallProblem);
        }

        (_slots[target].Version, _slots[target].IsWhole, _slots[target].Attempts) = (Bundles[file].Version, true, AttemptsMax);
        _slots[target].Installs++;
        Step();
        (_slots[target].IsGood, Primary) = (true, target);
        Step();
        return SlotAnswer.Done;
    }

    public SlotAnswer Mark(SlotMark mark, string slot)
    {
        if (!IsMarkable)
        {
            return SlotAnswer.Failed("The boot loader's variables cannot be written.");
        }

        Step();
        Orders.Add($"{mark} {slot}");
        (_slots[slot].IsGood, _slots[slot].Attempts) = (mark == SlotMark.Good, mark == SlotMark.Good ? AttemptsMax : 0);
        Step();
        return SlotAnswer.Done;
    }

    public void Reboot()
    {
        Step();
        Orders.Add("reboot");
        _next = "reboot";
    }

    public void PowerOff() => throw new InvalidOperationException("An update turns nothing off.");

    /// <summary>The boot loader chooses, and gatewayd starts.</summary>
    public void Boot()
    {
        (_next, IsInstalling) = (null, false);
        _boots++;
        string[] order = [Primary, .. _slots.Keys.Where(name => name != Primary)];
        foreach (string name in order)
        {
            Slot slot = _slots[name];
            while (slot.IsGood && slot.Attempts > 0)
            {
                slot.Attempts--;
                Assert.True(slot.IsWhole, $"the half-written slot {name} was started");
                if (!Dead.Contains(slot.Version))
                {
                    Booted = name;
                    Engine = Start();
                    return;
                }
            }
        }

        Assert.True(StartsAnything, "no slot starts: the machine is dead");
        Engine = Start();
    }

    /// <summary>gatewayd alone starts again.</summary>
    public void StartAgain() => Engine = Start();

    /// <summary>Goes on until nothing is under way, through restarts that were ordered and one power cut.</summary>
    public void RunToTheEnd(int pumpsMax = 40)
    {
        for (int i = 0; i < pumpsMax; i++)
        {
            try
            {
                Engine.Pump(CancellationToken.None);
                if (IsRestartOrdered)
                {
                    Boot();
                }
            }
            catch (PowerCutException)
            {
                Boot();
            }
        }
    }

    public UpdateAttempt Install(string file = "/new", bool allowsDowngrade = false, bool restarts = true) => Engine.Install(new UpdateWish(file, "test", "tester", allowsDowngrade, restarts));

    public void Dispose() => _scratch.Dispose();

    private void Step()
    {
        if (_steps++ == CutAt)
        {
            WasCut = true;
            throw new PowerCutException();
        }
    }

    private UpdateEngine Start() => new(new UpdateSurroundings
    {
        Slots = this,
        State = State,
        Alerts = Alerts,
        Machine = this,
        BootId = $"boot {_boots}",
        Version = "0.0.1",
        ArrayProblem = () => ArrayProblem,
        Check = _ => Verdicts[_slots[Booted].Version],
        Log = static _ => { },
        Time = Clock,
    });

    /// <summary>A slot.</summary>
    internal sealed class Slot(string bootName)
    {
        public string BootName => bootName;

        public required string Version { get; set; }

        public required bool IsWhole { get; set; }

        public required bool IsGood { get; set; }

        public int Attempts { get; set; } = AttemptsMax;

        public int Installs { get; set; }

        public string Why { get; set; } = "";
    }

    /// <summary>A clock whose time and timestamps a test moves.</summary>
    internal sealed class TickingClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.UtcTicks;
    }
}
