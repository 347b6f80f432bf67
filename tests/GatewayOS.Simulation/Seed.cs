using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Simulation;

/// <summary>
/// One seed from beginning to end: make a store, a random program of steps with faults in them, recover after each power cut, and at the end
/// cut the power once more, check, forget everything and see the space come back.
/// </summary>
internal sealed class Seed
{
    private const int StepsMin = 6;
    private const int StepsMax = 16;

    // Countdowns spread over orders of magnitude, so that the first operations of a step and its last are both hit.
    private const int CountdownBitsMax = 9;
    private const int InterruptBitsMax = 10;
    private const int InterruptPercent = 25;

    private readonly World _world;
    private readonly FaultClass _faults;
    private readonly Steps _steps;

    public Seed(int seed, FaultClass faults, Func<IStoreDisk, IStoreDisk>? wrap = null, Action<string>? trace = null)
    {
        _world = new World(seed, wrap, trace);
        _faults = faults;
        _steps = new Steps(_world);
    }

    /// <summary>Faults that struck, for the report.</summary>
    public List<string> Struck { get; } = [];

    /// <exception cref="InvariantException">The store broke a promise.</exception>
    public void Run()
    {
        _world.StartMain();
        while (!_world.Truth.StoreExists)
        {
            Step("create", _steps.Create, faultPercent: 20);
        }

        if (!RunSteps())
        {
            // Damage by a lying disk shows at the latest when the caches are gone.
            CloseAll();
            PowerCut();
            new MediaPhase(_world, Struck).Run();
            return;
        }

        CloseAll();
        PowerCut();
        CheckNow(settle: true);
        if (_faults.HasFlag(FaultClass.BitRot) && _world.Random.Next(3) == 0)
        {
            new MediaPhase(_world, Struck).FlipBits();
            return;
        }

        CheckSpaceComesBack();
    }

    // False when the disk lied on the way: from there on only the promises for damage hold.
    private bool RunSteps()
    {
        int steps = _world.Random.Next(StepsMin, StepsMax);
        for (int i = 0; i < steps; i++)
        {
            (string name, Action step) = _steps.Next();
            if (!Step(name, step, faultPercent: 45))
            {
                return false;
            }
        }

        return true;
    }

    private bool Step(string name, Action step, int faultPercent)
    {
        _world.Clock.Advance(TimeSpan.FromMinutes(1));
        ArmedFault? armed = _world.Random.Next(100) < faultPercent ? Choose() : null;
        _steps.CancelAfter = armed is null && _faults.HasFlag(FaultClass.Cancel) && _world.Random.Next(8) == 0 ? _world.Random.Next(1, 12) : int.MaxValue;
        _world.Disk.Struck.Clear();
        if (armed is not null)
        {
            _world.Disk.Arm(armed);
        }

        bool interrupted = name != "create" && _faults.HasFlag(FaultClass.Interrupt) && _world.Random.Next(100) < InterruptPercent;
        if (interrupted)
        {
            (string inner, Action visit) = _steps.NextVisit();
            _world.Disk.Interrupt(_world.Random.Next(1 << _world.Random.Next(InterruptBitsMax)), () => Visit($"{inner} during {name}", visit));
        }

        string outcome = Attempt(step);
        _world.Trace($"{name}{(armed is null ? "" : $" with {armed.Fault} at {armed.Kind?.ToString() ?? "change"} {armed.Countdown} {armed.PathPrefix}")}: {outcome}");
        bool struck = _world.Disk.Struck.Count > 0;
        if (struck)
        {
            Struck.Add($"{armed!.Fault}@{name}");
        }

        _world.Disk.Disarm();
        if (struck && armed!.Fault == RunningFault.PowerCut)
        {
            Recover();
            return true;
        }

        _world.Revive();
        return !(struck && IsLie(armed!));
    }

    private static bool IsLie(ArmedFault fault) => fault.Fault is RunningFault.DroppedWrite or RunningFault.MisdirectedWrite;

    // What happens to the visitor is no business of whom it interrupts, unless a promise is broken or the power goes.
    private void Visit(string name, Action visit)
    {
        _steps.Visits++;
        try
        {
            visit();
            _world.Trace($"  {name}: done");
        }
        catch (Exception error) when (error is StoreIoException or ProcessKilledException)
        {
            _world.Trace($"  {name}: {error.Message}");
        }
    }

    private string Attempt(Action step)
    {
        try
        {
            step();
            return "done";
        }
        catch (SimulatedDeathException error)
        {
            return error.Message;
        }
        catch (StoreIoException error)
        {
            return $"failed: {error.Message}";
        }
        catch (OperationCanceledException)
        {
            return "cancelled";
        }
        catch (Exception error) when (error is InvariantException or StoreDamagedException or StoreUnusableException && _world.Disk.Struck.Exists(IsLie))
        {
            return $"met the damage: {error.Message}";
        }
        catch (Exception error) when (error is InvariantException or StoreDamagedException && _world.Disk.Struck.Exists(fault => fault.Kind == DiskOperation.Read))
        {
            // A read that failed may be reported as damage, for that is what it looks like. Whether anything is damaged shows now.
            _world.Disk.Disarm();
            _steps.Check();
            return $"misled by a failed read: {error.Message}";
        }
    }

    private ArmedFault? Choose()
    {
        var choices = new List<(RunningFault Fault, DiskOperation? Kind, string Path)>();
        void Offer(FaultClass fault, RunningFault running, DiskOperation? kind, string path = "", int weight = 1)
        {
            for (int i = 0; _faults.HasFlag(fault) && i < weight; i++)
            {
                choices.Add((running, kind, path));
            }
        }

        // A lie of the disk ends the program early, and without a store there is nothing to keep: rare, and not while it is made.
        int lies = _world.Truth.StoreExists && _world.Random.Next(4) == 0 ? 1 : 0;
        Offer(FaultClass.PowerCut, RunningFault.PowerCut, null, weight: 5);
        Offer(FaultClass.Kill, RunningFault.ProcessDeath, null, weight: 3);
        Offer(FaultClass.NoSpace, RunningFault.NoSpace, null);
        Offer(FaultClass.NoSpace, RunningFault.NoSpace, DiskOperation.Write);
        Offer(FaultClass.IoError, RunningFault.IoError, DiskOperation.Write);
        Offer(FaultClass.IoError, RunningFault.IoError, DiskOperation.Read);
        Offer(FaultClass.IoError, RunningFault.IoError, DiskOperation.SyncDirectory);
        Offer(FaultClass.IoError, RunningFault.IoError, DiskOperation.Rename);
        Offer(FaultClass.IoError, RunningFault.IoError, DiskOperation.Delete);
        Offer(FaultClass.SyncLoss, RunningFault.SyncLosesPages, DiskOperation.Sync);
        Offer(FaultClass.DroppedWrite, RunningFault.DroppedWrite, DiskOperation.Write, weight: lies);
        Offer(FaultClass.MisdirectedWrite, RunningFault.MisdirectedWrite, DiskOperation.Write, weight: lies);
        Offer(FaultClass.Permission, RunningFault.LostPermission, null);
        if (choices.Count == 0)
        {
            return null;
        }

        (RunningFault fault, DiskOperation? kind, string path) = choices[_world.Random.Next(choices.Count)];
        int bits = kind is null ? CountdownBitsMax : CountdownBitsMax - 3;
        return new ArmedFault(fault, kind, _world.Random.Next(1 << _world.Random.Next(bits)), path);
    }

    private void Recover()
    {
        PowerCut();
        if (_world.Truth.StoreExists)
        {
            CheckNow(settle: true);
        }
    }

    private void PowerCut()
    {
        _world.Trace("power cut");
        _world.Restart();
    }

    private void CheckNow(bool settle)
    {
        HashSet<string> listed = Inspector.Check(_world.OpenMain(), _world.Truth);
        if (settle)
        {
            _world.Truth.Settle(listed);
        }

        _world.Trace($"checked: {string.Join(' ', listed)}");
    }

    private void CloseAll()
    {
        _world.Others.ForEach(World.Close);
        _world.Others.Clear();
        World.Close(_world.Main);
        _world.Revive();
    }

    private void CheckSpaceComesBack()
    {
        BackupStore store = _world.OpenMain();
        foreach (SnapshotRecord record in store.Snapshots().Records)
        {
            store.DeleteSnapshot(record);
        }

        GcReport report = GarbageCollector.Run(store, new GcOptions { Threads = 0, MaxUnusedPercent = 0 }, CancellationToken.None);
        string[] left = [.. _world.Disk.Files().Where(path => path.StartsWith("packs/", StringComparison.Ordinal) || path.StartsWith("tmp/", StringComparison.Ordinal) || path.StartsWith("condemned/", StringComparison.Ordinal))];
        Inspector.Require(left.Length == 0, () => $"everything is forgotten and collected, and {left.Length} files are left, among them {left[0]}; {report.PacksPending} packs pending");
        VerifyReport verify = StoreVerifier.Run(store, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None);
        Inspector.Require(verify.Clean, () => $"the emptied store: {Inspector.Text(verify.Findings)}");
    }
}
