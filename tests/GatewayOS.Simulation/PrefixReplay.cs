using System.Diagnostics;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Simulation;

/// <summary>What a recorded workload was told, at its place in the log.</summary>
/// <param name="Snapshot">The snapshot concerned; null for the store itself.</param>
/// <param name="State">Its state from here on.</param>
internal sealed record Promise(KnownSnapshot? Snapshot, SnapshotState State);

/// <summary>
/// Records one workload and replays every prefix of its operations into a disk: as only what was synced, as everything, and as a few
/// seeded in-between states. Each must open and keep what had been promised by then, and take another backup and a collection.
/// </summary>
internal static class PrefixReplay
{
    private const int SeededImages = 6;
    private const int BackupsBefore = 3;
    private const int ContinueEvery = 7;

    public static int Run(SimulationOptions options)
    {
        var watch = Stopwatch.StartNew();
        OperationLog log = Record(options.FirstSeed);
        Console.WriteLine($"recorded {log.Operations.Count} operations of: init, {BackupsBefore} backups, forget, gc, backup");
        var player = new LogPlayer(log, options.FirstSeed);
        int images = 0;
        int failures = 0;
        do
        {
            for (int i = 0; i < SeededImages + 2; i++)
            {
                ImageMode mode = i switch { 0 => ImageMode.DurableOnly, 1 => ImageMode.Everything, _ => ImageMode.Seeded };
                images++;
                try
                {
                    Check(player.Disk.Image(mode, (options.FirstSeed * 31) + i), TruthAt(log, player.Position), goOn: images % ContinueEvery == 0);
                }
                catch (Exception error) when (error is not SimulatedDeathException)
                {
                    failures++;
                    string last = player.Position == 0 ? "nothing" : log.Operations[player.Position - 1].ToString();
                    Console.WriteLine($"prefix of {player.Position} operations (last: {last}), image {i} ({mode}) FAILED: {error.Message}");
                    if (options.Verbose)
                    {
                        Console.WriteLine(error);
                    }
                }
            }
        }
        while (player.Step() && failures < 10);

        Console.WriteLine($"prefixes: {player.Position} of {log.Operations.Count} operations, {images} images, {failures} failed, {watch.Elapsed.TotalSeconds:F1} s");
        return failures == 0 ? 0 : 1;
    }

    private static OperationLog Record(int seed)
    {
        var world = new World(seed, wrap: null, trace: null);
        var log = new OperationLog();
        world.Disk.Log = log;
        world.StartMain();
        BackupStore store = BackupStore.Create(world.Main.Disk, world.Options, world.Secret, "first", world.OpenOptions);
        world.Main.Store = store;
        log.Note(new Promise(null, SnapshotState.Acknowledged));
        KnownSnapshot first = Backup(world, log, null);
        KnownSnapshot last = first;
        for (int i = 1; i < BackupsBefore; i++)
        {
            last = Backup(world, log, last);
        }

        SnapshotRecord record = store.Snapshots().Records[0];
        log.Note(new Promise(first, SnapshotState.Forgetting));
        store.DeleteSnapshot(record);
        log.Note(new Promise(first, SnapshotState.Forgotten));
        GarbageCollector.Run(store, new GcOptions { Threads = 0, MaxUnusedPercent = 0, MaxReclusterPercent = 100, Recompress = Recompression.All }, CancellationToken.None);
        Backup(world, log, last);
        world.Main.Dispose();
        return log;
    }

    private static KnownSnapshot Backup(World world, OperationLog log, KnownSnapshot? parent)
    {
        for (int i = 0; i < 3; i++)
        {
            world.Trees.Mutate(world.Source);
        }

        world.Clock.Advance(TimeSpan.FromMinutes(1));
        KnownSnapshot snapshot = world.NextSnapshot();
        log.Note(new Promise(snapshot, SnapshotState.Committing));
        using (var backup = new TreeBackup(world.OpenMain(), snapshot, parent, world.Clock))
        {
            backup.Finish(world.Clock);
        }

        log.Note(new Promise(snapshot, SnapshotState.Acknowledged));
        return snapshot;
    }

    private static Truth TruthAt(OperationLog log, int position)
    {
        var truth = new Truth();
        foreach ((int at, object note) in log.Notes)
        {
            var promise = (Promise)note;
            if (at > position)
            {
                break;
            }

            if (promise.Snapshot is null)
            {
                truth.StoreExists = true;
            }
            else
            {
                truth.Set(promise.Snapshot, promise.State);
            }
        }

        return truth;
    }

    private static void Check(SimulatedDisk disk, Truth truth, bool goOn)
    {
        var clock = new SimulatedClock(new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
        var open = new OpenOptions { Purpose = "prefix", Time = clock };
        SimulatedProcess process = disk.NewProcess("prefix");
        BackupStore store;
        try
        {
            store = BackupStore.Open(process, SimulationKey.Secret, open);
        }
        catch (StoreUnusableException) when (!truth.StoreExists)
        {
            // Power went during init: init must be able to start over.
            BackupStore.Create(process, new StoreOptions(), SimulationKey.Secret, "again", open).Dispose();
            return;
        }

        using (store)
        {
            truth.Settle(Inspector.Check(store, truth));
            if (goOn)
            {
                GoOn(store, truth, clock);
            }
        }
    }

    // Recovery is not only reading: the next backup and the next collection build on what the power cut left.
    private static void GoOn(BackupStore store, Truth truth, SimulatedClock clock)
    {
        var tree = new VirtualDirectory();
        tree.Entries.Add("after", new VirtualFile("after the power cut"u8.ToArray(), 0, []));
        var snapshot = new KnownSnapshot("after", tree);
        using (var backup = new TreeBackup(store, snapshot, null, clock))
        {
            backup.Finish(clock);
        }

        truth.Set(snapshot, SnapshotState.Acknowledged);
        GarbageCollector.Run(store, new GcOptions { Threads = 0, MaxUnusedPercent = 0 }, CancellationToken.None);
        Inspector.Check(store, truth);
    }
}
