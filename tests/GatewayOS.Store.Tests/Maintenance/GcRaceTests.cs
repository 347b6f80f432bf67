using GatewayOS.Store.Index;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Sessions;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Maintenance;

/// <summary>Collections beside other sessions, stopped at the moments that LOCKING.md argues about.</summary>
public sealed class GcRaceTests : IDisposable
{
    private static readonly GcOptions s_thorough = new() { MaxUnusedPercent = 0, Threads = 0 };

    private readonly TestStore _test = new();
    private readonly (string Name, byte[] Content) _file = ("file", TestStore.Noise(1, 3000));

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Garbage_goes_and_what_snapshots_need_stays()
    {
        using (BackupStore store = _test.Open())
        {
            SnapshotRecord kept = TestStore.Commit(store, _file, ("kept", TestStore.Noise(2, 9000)));
            store.DeleteSnapshot(TestStore.Commit(store, ("gone", TestStore.Noise(3, 40_000))));
            GcReport report = GarbageCollector.Run(store, s_thorough, CancellationToken.None);
            Assert.True(report.BytesFreed > 40_000);
            Assert.Equal(_file.Content, TestStore.ReadAll(store, kept)["file"]);
        }

        AssertAllReadable(1);
        Assert.Empty(_test.Files("condemned"));
    }

    [Fact]
    public void A_condemned_pack_waits_for_the_sessions_that_met_it()
    {
        using BackupStore older = _test.Open();
        older.DeleteSnapshot(TestStore.Commit(older, _file));
        using BackupStore collecting = _test.Open();
        int before = _test.Files("packs").Length;
        GcReport report = GarbageCollector.Run(collecting, s_thorough, CancellationToken.None);
        Assert.Equal([older.SessionName!], report.WaitingFor.Select(session => session.Name));
        Assert.Equal(before, _test.Files("packs").Length);

        // It still refers to the packs it knows; its snapshot is found, and what it needs is moved out before they go.
        TestStore.Commit(older, _file);
        older.Dispose();
        GarbageCollector.Run(collecting, s_thorough, CancellationToken.None);
        Assert.Empty(_test.Files("condemned"));
        AssertAllReadable(1);
    }

    // The list's entry stands in a segment with others, and gc puts a crashed backup's pack into the index before it marks.
    [Fact]
    public void What_only_a_condemned_pack_holds_is_found_though_a_crash_left_packs_without_a_segment()
    {
        using (BackupStore older = _test.Open())
        {
            SnapshotRecord first = TestStore.Commit(older, NoMerge, _file);
            for (int i = 0; i < 8; i++)
            {
                TestStore.Commit(older, NoMerge, ($"much{i}", TestStore.Noise(20 + i, 5000)));
            }

            IndexRebuild.Run(older, new RebuildOptions { Threads = 0 }, CancellationToken.None);
            older.DeleteSnapshot(first);
            using BackupStore collecting = _test.Open();
            GarbageCollector.Run(collecting, s_thorough with { MaxUnusedPercent = 100 }, CancellationToken.None);
            TestStore.Commit(older, NoMerge, _file);
            for (int i = 0; i < SegmentMerging.UnmergedMax; i++)
            {
                TestStore.Commit(older, NoMerge, ($"more{i}", TestStore.Noise(3 + i, 10_000)));
            }
        }

        Assert.NotEmpty(CondemnedList.ReadAll(_test.Posix, []));
        using (BackupStore dies = _test.Open())
        {
            using StoreWriter writer = dies.OpenWriter(new WriterOptions { Workers = 0 });
            TestStore.Store(writer, ("torn", TestStore.Noise(9, 9000)));
        }

        using (BackupStore again = _test.Open())
        {
            Assert.Empty(GarbageCollector.Run(again, s_thorough, CancellationToken.None).Findings);
        }

        Assert.Empty(_test.Files("condemned"));
        AssertAllReadable(9 + SegmentMerging.UnmergedMax);
    }

    [Fact]
    public void While_a_chunk_is_missing_no_pack_is_deleted()
    {
        string[] needed;
        using (BackupStore older = _test.Open())
        {
            TestStore.Commit(older, _file);
            needed = _test.Files("packs");
            older.DeleteSnapshot(TestStore.Commit(older, ("gone", TestStore.Noise(2, 40_000))));
            using BackupStore collecting = _test.Open();
            GarbageCollector.Run(collecting, s_thorough, CancellationToken.None);
        }

        string[] before = _test.Files("condemned");
        Assert.NotEmpty(before);
        File.Delete(needed.MaxBy(path => new FileInfo(path).Length)!);
        string[] packs = _test.Files("packs");
        using BackupStore store = _test.Open();
        GcReport report = GarbageCollector.Run(store, s_thorough, CancellationToken.None);
        Assert.Contains(report.Findings, finding => finding.Kind == FindingKind.ChunkMissing);
        Assert.Equal(before, _test.Files("condemned"));
        Assert.Equal(packs, packs.Where(File.Exists));
    }

    [Fact]
    public void A_session_that_began_after_the_list_does_not_refer_to_condemned_packs()
    {
        Condemn();
        using BackupStore newer = _test.Open();
        SnapshotRecord snapshot = TestStore.Commit(newer, _file);
        using BackupStore collecting = _test.Open();
        GarbageCollector.Run(collecting, s_thorough, CancellationToken.None);
        Assert.Empty(_test.Files("condemned"));
        Assert.Equal(_file.Content, TestStore.ReadAll(newer, snapshot)["file"]);
        AssertAllReadable(1);
    }

    // The opening has listed the pack when gc deletes it and then the list that names it. A segment still covers the pack, as after a gc
    // that was cut off, or a merge beside one.
    [Fact]
    public void A_pack_deleted_while_a_store_is_opened_is_not_taken_for_present()
    {
        Condemn();
        var disk = new ProbeDisk(_test.Posix);
        bool collected = false;
        disk.After = (call, path) =>
        {
            if (call == DiskCall.List && path == StoreLayout.PackShard(StoreLayout.PackShards - 1) && !collected)
            {
                collected = true;
                using BackupStore collecting = _test.Open();
                Assert.True(GarbageCollector.Run(collecting, s_thorough, CancellationToken.None).PacksDeleted > 0);
            }
        };
        using BackupStore opening = _test.Open(disk);
        TestStore.Commit(opening, _file);
        AssertAllReadable(1);
    }

    // A reader reloads the index while workers look chunks up.
    [Fact]
    public void A_condemned_pack_never_looks_present_during_a_reload()
    {
        Condemn();
        var disk = new ProbeDisk(_test.Posix);
        using BackupStore store = _test.Open(disk);
        int looks = 0;
        disk.After = (call, path) =>
        {
            if (call == DiskCall.List)
            {
                looks++;
                Assert.DoesNotContain(Enumerable.Range(0, store.Packs.Count), store.IsListed);
            }
        };
        store.Reload();
        Assert.True(looks > StoreLayout.PackShards);
    }

    [Fact]
    public void A_commit_between_mark_and_condemn_is_accounted_for()
    {
        using (BackupStore store = _test.Open())
        {
            TestStore.Commit(store, ("kept", TestStore.Noise(2, 500)));
            store.DeleteSnapshot(TestStore.Commit(store, _file));
        }

        // The backup began before gc, and ends before gc notes who lives.
        using BackupStore collecting = _test.Open();
        BackupStore? backup = _test.Open();
        var once = new Callback(() =>
        {
            if (backup is { } now)
            {
                backup = null;
                TestStore.Commit(now, _file);
                now.Dispose();
            }
        });
        GarbageCollector.Run(collecting, s_thorough with { Progress = once }, CancellationToken.None);
        Assert.Empty(_test.Files("condemned"));
        AssertAllReadable(2);
    }

    [Fact]
    public void A_collection_cut_off_anywhere_is_finished_by_the_next()
    {
        for (int stopAt = 1; ; stopAt++)
        {
            using var test = new TestStore();
            using (BackupStore store = test.Open())
            {
                TestStore.Commit(store, _file, ("kept", TestStore.Noise(2, 9000)));
                store.DeleteSnapshot(TestStore.Commit(store, ("gone", TestStore.Noise(3, 9000)), ("kept", TestStore.Noise(2, 9000))));
                store.DeleteSnapshot(TestStore.Commit(store, ("half", TestStore.Noise(4, 9000))));
            }

            var disk = new ProbeDisk(test.Posix);
            int changes = 0;
            disk.Before = (call, path) =>
            {
                if (call is not (DiskCall.List or DiskCall.IsLocked) && ++changes == stopAt)
                {
                    throw new OperationCanceledException(path);
                }
            };
            bool finished = false;
            try
            {
                using BackupStore collecting = test.Open(disk);
                GarbageCollector.Run(collecting, s_thorough with { MaxReclusterPercent = 100, Recompress = Recompression.All }, CancellationToken.None);
                finished = changes < stopAt;
            }
            catch (OperationCanceledException)
            {
            }

            using (BackupStore next = test.Open())
            {
                GarbageCollector.Run(next, s_thorough, CancellationToken.None);
                Assert.Empty(test.Files("condemned"));
                Assert.Empty(test.Files("tmp"));
                Assert.Empty(StoreVerifier.Run(next, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Findings);
                Assert.Equal(_file.Content, TestStore.ReadAll(next, Assert.Single(next.Snapshots().Records))["file"]);
            }

            if (finished)
            {
                Assert.True(stopAt > 20);
                return;
            }
        }
    }

    [Fact]
    public void A_damaged_condemned_list_is_cleared_away_and_its_packs_are_ordinary_garbage()
    {
        Condemn();
        string list = Assert.Single(_test.Files("condemned"));
        File.WriteAllText(list, File.ReadAllText(list)[..40]);
        using BackupStore collecting = _test.Open();
        Assert.NotEmpty(collecting.Warnings);
        Assert.True(GarbageCollector.Run(collecting, s_thorough, CancellationToken.None).PacksDeleted > 0);
        Assert.Empty(_test.Files("condemned"));
        using BackupStore after = _test.Open();
        Assert.Empty(after.Warnings);
    }

    // What round two deletes without marking again must rest on the index that round one marked. Here a merge by a backup drops the entry
    // that was marked, and the index is read anew on the way because a session has died.
    [Fact]
    public void An_index_read_anew_between_mark_and_condemn_costs_no_chunk()
    {
        var twice = new (string Name, byte[] Content)[] { _file };
        using BackupStore first = _test.Open();
        using BackupStore second = _test.Open();
        TestStore.Commit(first, NoMerge, twice);
        TestStore.Commit(second, NoMerge, [.. twice, ("more", TestStore.Noise(5, 20_000))]);
        second.DeleteSnapshot(TestStore.Commit(second, NoMerge, ("gone", TestStore.Noise(6, 20_000))));
        first.Dispose();
        second.Dispose();

        using BackupStore collecting = _test.Open();
        bool meddled = false;
        var meddling = new Callback(() =>
        {
            if (!meddled)
            {
                meddled = true;
                using (BackupStore backup = _test.Open())
                {
                    for (int i = 0; i < 6; i++)
                    {
                        TestStore.Commit(backup, ($"new{i}", TestStore.Noise(100 + i, 3000)));
                    }
                }

                using BackupStore dying = _test.Open();
                using StoreWriter writer = dying.OpenWriter(new WriterOptions { Workers = 0 });
                TestStore.Store(writer, ("torn", TestStore.Noise(200, 500)));
            }
        });
        GarbageCollector.Run(collecting, s_thorough with { Progress = meddling }, CancellationToken.None);
        collecting.Dispose();
        AssertAllReadable(8);
    }

    private static WriterOptions NoMerge => new() { Workers = 0, MergesIndex = false };

    private void AssertAllReadable(int snapshots)
    {
        using BackupStore store = _test.Open();
        Assert.Equal(snapshots, store.Snapshots().Records.Count);
        Assert.Empty(StoreVerifier.Run(store, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Findings);
        foreach (SnapshotRecord snapshot in store.Snapshots().Records)
        {
            TestStore.ReadAll(store, snapshot);
        }
    }

    /// <summary>Leaves garbage packs, all on a settled condemned list that waits for nobody, and still in the index.</summary>
    private void Condemn()
    {
        using BackupStore store = _test.Open();
        store.DeleteSnapshot(TestStore.Commit(store, _file));
        ChunkId[] packs = [.. Enumerable.Range(0, store.Packs.Count).Select(store.Packs.Id)];
        CondemnedList.Create(_test.Posix, "test-1", store.Entropy, packs, []).WithSessions(_test.Posix, "test-2", [], settled: true);
    }

    private sealed class Callback(Action action) : IProgress<MaintenanceProgress>
    {
        public void Report(MaintenanceProgress value) => action();
    }
}
