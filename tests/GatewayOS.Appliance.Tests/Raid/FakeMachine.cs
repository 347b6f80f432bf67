using GatewayOS.Appliance.Raid;
using GatewayOS.Appliance.Tests.Alerts;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Arrays;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Raid;

/// <summary>The watch over an array in memory. Asking for facts lets time go by.</summary>
internal sealed class FakeMachine : IArrayMachine
{
    private readonly ScratchDirectory _scratch = new("raid");
    private RecordedBayLights _lights = new();
    private int _disturbed;

    public FakeMachine(string level = "raid6", int slots = 5)
    {
        Array = new FakeArray(level, slots, Clock);
        Watch = Start();
        Watch.Pump();
    }

    public ManualClock Clock { get; } = new();

    public FakeArray Array { get; }

    public AlertSinkProbe Alerts { get; } = new();

    public RaidWatch Watch { get; private set; }

    public bool BackupsExpected { get; set; }

    public int StoreReads { get; private set; }

    public RaidStatus Status => Watch.Status;

    public string RecordPath => _scratch["state/raid.json"];

    public DiskReplacement Replacement => Watch.Status.Replacement!;

    public void Dispose() => _scratch.Dispose();

    /// <summary>Lets some seconds go by, and looks.</summary>
    public void Tick()
    {
        Clock.Now += TimeSpan.FromSeconds(6);
        Array.Step();
        Watch.Pump();
    }

    public ArrayFacts Facts()
    {
        Array.Problem = _disturbed-- > 0 ? "no udisks2 on the system bus" : null;
        Tick();
        ArrayStatus array = Status.Arrays[0];
        return new ArrayFacts(
            ArrayHealth.Word(array.Health.State), array.Health.Survives, StepOf(Status.Replacement), Status.Replacement?.Problem ?? "", Status.Replacement?.Wrong?.Serial ?? "",
            [.. Alerts.All.Select(alert => alert.Kind.ToString())], _lights.Lights.ToDictionary(light => light.Key, light => light.Value.ToString().ToLowerInvariant()), Status.Reading.Problem ?? "");
    }

    public void Plug(int bay, string serial, int mebibytes, bool isEmpty = true) => Array.Plug(bay, serial, mebibytes, isEmpty ? "" : "ext4 'photos'");

    public void Pull(int bay) => Array.Pull(bay);

    public string Replace(int bay)
    {
        ReplacementAnswer answer = Watch.Replace(new ReplacementWish { Bay = bay, IsConfirmed = true, By = "test" });
        return answer.Replacement is null ? string.Join('\n', [answer.Refusal, .. answer.Verdict?.Proof ?? []]) : "";
    }

    public void Overwrite(string serial)
    {
        // While nothing can be read nobody can be sure what the disk is.
        Array.Problem = null;
        Watch.Pump();
        RaidAnswer answer = Watch.Overwrite(serial, "test");
        Assert.True(answer.IsDone, answer.Problem);
    }

    public string Check() => Watch.Check("", isStop: false).Problem;

    public void RestartService()
    {
        _lights = new RecordedBayLights();
        Watch = Start();
    }

    public void Disturb() => _disturbed = 2;

    private static string StepOf(DiskReplacement? replacement) => replacement?.Step switch
    {
        null => "",
        ReplacementStep.AwaitingPull => "awaiting-pull",
        ReplacementStep.AwaitingDisk => "awaiting-disk",
        { } step => step.ToString().ToLowerInvariant(),
    };

    private RaidWatch Start() => new(Array, new RaidSurroundings
    {
        Alerts = Alerts,
        Lights = _lights,
        State = new StateDirectory(_scratch["state"]),
        Rate = new RebuildRate(1, 4),
        BackupsExpected = () => BackupsExpected,
        VerifyStore = () => StoreReads++,
        Time = Clock,
    });
}
