using GatewayOS.Store;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Simulation;

/// <summary>A process with whatever it has open.</summary>
internal sealed class Actor(SimulatedProcess process, IStoreDisk disk) : IDisposable
{
    public SimulatedProcess Process { get; } = process;

    public IStoreDisk Disk { get; } = disk;

    public BackupStore? Store { get; set; }

    public TreeBackup? Backup { get; set; }

    /// <summary>In the middle of a step: not to be given another one.</summary>
    public bool Busy { get; set; }

    /// <summary>The snapshot a reader means to read later, though it may be forgotten meanwhile.</summary>
    public (SnapshotRecord Record, KnownSnapshot Known)? Reading { get; set; }

    public void Dispose()
    {
        Backup?.Dispose();
        Backup = null;
        Store?.Dispose();
        Store = null;
    }
}

/// <summary>One seed's machine: disk, clock, keys, processes and the truth. The same seed makes the same world.</summary>
internal sealed class World
{
    private static readonly DateTimeOffset s_start = new(2026, 3, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Func<IStoreDisk, IStoreDisk> _wrap;
    private readonly Action<string>? _trace;
    private readonly Random _entropy;
    private int _tags;

    public World(int seed, Func<IStoreDisk, IStoreDisk>? wrap, Action<string>? trace)
    {
        (_wrap, _trace) = (wrap ?? (disk => disk), trace);
        Random = new Random(seed);
        _entropy = new Random(seed ^ 0x5eed);
        Disk = new SimulatedDisk(Random.Next());
        Trees = new TreeMaker(Random);
        Options = new StoreOptions { Chunker = new ChunkerParameters(64, 256, 1024), PackBytes = 1024 << Random.Next(1, 5) };
        Secret = SimulationKey.Secret;
    }

    public Random Random { get; }

    public SimulatedDisk Disk { get; private set; }

    public SimulatedClock Clock { get; } = new(s_start);

    public Truth Truth { get; } = new();

    public TreeMaker Trees { get; }

    public VirtualDirectory Source { get; } = new();

    public StoreOptions Options { get; }

    public StoreSecret Secret { get; }

    /// <summary>The process that most work happens in.</summary>
    public Actor Main { get; private set; } = null!;

    /// <summary>Processes beside it: a second writer, a reader.</summary>
    public List<Actor> Others { get; } = [];

    public OpenOptions OpenOptions => new() { Purpose = "simulation", Time = Clock, Entropy = FillEntropy };

    public void Trace(string text) => _trace?.Invoke(text);

    public KnownSnapshot NextSnapshot() => new($"s{++_tags}", Source.Copy());

    public Actor NewActor(string name)
    {
        SimulatedProcess process = Disk.NewProcess(name);
        return new Actor(process, _wrap(process));
    }

    public void StartMain() => Main = NewActor("main");

    /// <summary>Main's store, opened if need be.</summary>
    public BackupStore OpenMain() => Open(Main);

    public BackupStore Open(Actor actor) => actor.Store ??= BackupStore.Open(actor.Disk, Secret, OpenOptions);

    /// <summary>Ends a process's work in an orderly way; what its disk throws meanwhile does not matter to anybody.</summary>
    public static void Close(Actor actor)
    {
        try
        {
            actor.Dispose();
        }
        catch (Exception error) when (error is SimulatedDeathException or StoreIoException)
        {
            actor.Backup = null;
            actor.Store = null;
            actor.Process.Kill();
        }
    }

    /// <summary>Starts main anew if it was killed.</summary>
    public void Revive()
    {
        foreach (Actor dead in Others.Where(actor => actor.Process.IsDead).ToArray())
        {
            Others.Remove(dead);
        }

        if (Main.Process.IsDead)
        {
            Close(Main);
            StartMain();
        }
    }

    /// <summary>The power comes back: a new disk from what the old one kept, no process, nothing locked.</summary>
    public void Restart()
    {
        SimulatedDisk after = Disk.Crash();
        Others.ForEach(Close);
        Others.Clear();
        Close(Main);
        Disk = after;
        StartMain();
    }

    private void FillEntropy(Span<byte> destination) => _entropy.NextBytes(destination);
}
