using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Sessions;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Maintenance;

/// <summary>
/// A chunk stands in two packs, gc marks one copy and condemns the other's pack, and a backup whose merge was under way keeps the entry of that.
/// Which copy a merge keeps hangs on the names of sessions, so each test tries until it has happened.
/// </summary>
public sealed class GcMergeRaceTests
{
    private const int Attempts = 12;

    private static readonly GcOptions s_thorough = new() { MaxUnusedPercent = 0, Threads = 0 };
    private static readonly WriterOptions s_unmerged = new() { Workers = 0, MergesIndex = false };

    [Fact]
    public void The_merge_ends_between_mark_and_deletion() => Repeat(test =>
    {
        FillTwice(test);
        using var merge = new HeldMerge(test);
        HashSet<ChunkId> going = [];
        var disk = new ProbeDisk(test.Posix);
        disk.After = (call, path) =>
        {
            if (call == DiskCall.Rename && path.EndsWith(StoreLayout.CondemnedSuffix, StringComparison.Ordinal)
                && CondemnedList.ReadAll(test.Posix, []) is [{ Sessions: not null } list] && going.Count == 0)
            {
                going = [.. list.Packs];
                merge.Finish();
            }
        };
        using (BackupStore collecting = test.Open(disk))
        {
            GarbageCollector.Run(collecting, s_thorough, CancellationToken.None);
        }

        return merge.Kept.Any(going.Contains);
    });

    // The list waits for the merging session, which ends after a later run has marked. That run finds nothing to condemn.
    [Fact]
    public void The_merge_ends_between_mark_and_deletion_of_a_later_run() => Repeat(test =>
    {
        FillTwice(test);
        using var merge = new HeldMerge(test);
        using BackupStore collecting = test.Open();
        GarbageCollector.Run(collecting, s_thorough, CancellationToken.None);
        HashSet<ChunkId> going = [.. Assert.Single(CondemnedList.ReadAll(test.Posix, [])).Packs];
        int snapshots = collecting.Snapshots().Records.Count;
        var progress = new AtSnapshot(snapshots, merge.Finish);
        GarbageCollector.Run(collecting, s_thorough with { Progress = progress }, CancellationToken.None);
        Assert.Empty(CondemnedList.ReadAll(test.Posix, []));
        return merge.Kept.Any(going.Contains);
    });

    // A backup may not refer to a record that no entry names: gc and readers would not find it.
    [Fact]
    public void A_record_that_lost_its_entry_to_a_copy_that_went_is_not_referred_to() => Repeat(test =>
    {
        // One pack with what is kept and the chunk, and another with the chunk; then the merge keeps one of its entries.
        (string, byte[]) kept = ("kept", TestStore.Noise(1, 6000)), twice = ("twice", TestStore.Noise(2, 900));
        using (BackupStore first = test.Open(), second = test.Open())
        {
            SnapshotRecord both = TestStore.Commit(first, s_unmerged, kept, twice);
            TestStore.Commit(first, s_unmerged, kept);
            SnapshotRecord copy = TestStore.Commit(second, s_unmerged, twice);
            IndexRebuild.Run(first, new RebuildOptions { Threads = 0 }, CancellationToken.None);
            first.DeleteSnapshot(both);
            first.DeleteSnapshot(copy);
        }

        // The copy's pack goes, the other stays: most of it is needed.
        using (BackupStore collecting = test.Open())
        {
            GarbageCollector.Run(collecting, s_thorough with { MaxUnusedPercent = 100 }, CancellationToken.None);
        }

        using BackupStore again = test.Open();
        bool nameless = Enumerable.Range(0, again.Packs.Count).Where(again.IsPresent)
            .Any(pack => PackDirectory.Read(test.Posix, again.Guid, again.Packs.Id(pack)).Any(record => !again.TryLocateByIndex(record.Id, out _)));
        TestStore.Commit(again, kept, twice);
        return nameless;
    });

    // Runs until it gives true; what is committed then must be whole, as it must be each time before.
    private static void Repeat(Func<TestStore, bool> run)
    {
        int met = 0;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            using var test = new TestStore(packBytes: 1 << 16);
            met += run(test) ? 1 : 0;
            using BackupStore store = test.Open();
            Assert.Empty(StoreVerifier.Run(store, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Findings);
            foreach (SnapshotRecord snapshot in store.Snapshots().Records)
            {
                TestStore.ReadAll(store, snapshot);
            }
        }

        Assert.True(met > 0, "no merge kept the entry of the copy that went");
    }

    private static void FillTwice(TestStore test)
    {
        using BackupStore first = test.Open(), second = test.Open();
        for (int i = 0; i < 3; i++)
        {
            TestStore.Commit(first, s_unmerged, ($"f{i}", TestStore.Noise(i, 500)));
        }

        TestStore.Commit(first, s_unmerged, ("twice", TestStore.Noise(10, 900)));
        TestStore.Commit(second, s_unmerged, ("twice", TestStore.Noise(10, 900)));
    }

    /// <summary>A backup that merges the index, held before it writes the merged segment. It dies then without a snapshot.</summary>
    private sealed class HeldMerge : IDisposable
    {
        private readonly ManualResetEventSlim _goOn = new();
        private readonly Thread _thread;

        public HeldMerge(TestStore test)
        {
            var merging = new ManualResetEventSlim();
            var disk = new ProbeDisk(test.Posix);
            BackupStore backup = test.Open(disk);
            StoreWriter writer = backup.OpenWriter(new WriterOptions { Workers = 0 });
            writer.OpenSink().Store(ChunkKind.Data, TestStore.Noise(20, 500));
            disk.Before = (call, path) =>
            {
                if (call == DiskCall.Create && path.EndsWith(StoreLayout.IndexSuffix, StringComparison.Ordinal))
                {
                    merging.Set();
                    _goOn.Wait();
                }
            };
            _thread = new Thread(() =>
            {
                writer.Flush();
                Kept = [.. backup.Index.Positions().Select(entry => backup.Packs.Id(entry.Entry.Location.Pack))];
                writer.Dispose();
                backup.Dispose();
            });
            _thread.Start();
            merging.Wait();
        }

        /// <summary>Packs of the entries that the merge kept.</summary>
        public ChunkId[] Kept { get; private set; } = [];

        public void Finish()
        {
            _goOn.Set();
            _thread.Join();
        }

        public void Dispose() => Finish();
    }

    private sealed class AtSnapshot(int snapshot, Action act) : IProgress<MaintenanceProgress>
    {
        public void Report(MaintenanceProgress value)
        {
            if (value.DoneItems == snapshot)
            {
                act();
            }
        }
    }
}
