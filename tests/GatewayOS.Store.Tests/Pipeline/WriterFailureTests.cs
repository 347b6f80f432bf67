using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tests.Rig;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Tests.Pipeline;

public sealed class WriterFailureTests : IDisposable
{
    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_disk_that_is_full_at_any_write_costs_no_committed_snapshot(int workers)
    {
        (string, byte[])[] committed = [("a", TestStore.Noise(1, 5000)), ("b", TestStore.Noise(2, 100))];
        (string, byte[])[] added = [("a", TestStore.Noise(1, 5000)), ("c", TestStore.Noise(3, 9000)), ("d", TestStore.Noise(4, 3000))];
        SnapshotRecord first;
        using (BackupStore store = _test.Open())
        {
            first = TestStore.Commit(store, committed);
        }

        for (int failAt = 1; ; failAt++)
        {
            var disk = new ProbeDisk(_test.Posix);
            int writes = 0;
            disk.Before = (call, path) =>
            {
                if (call is DiskCall.Create or DiskCall.Write or DiskCall.SetLength or DiskCall.Sync && Interlocked.Increment(ref writes) >= failAt)
                {
                    throw ProbeDisk.Full(path);
                }
            };
            bool done = Attempt(disk, workers, added);
            using BackupStore after = _test.Open();
            Assert.Equal(committed[0].Item2, TestStore.ReadAll(after, after.FindSnapshot(first.Id))["a"]);
            Assert.Empty(StoreVerifier.Run(after, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Findings);
            Assert.Equal(done ? 2 : 1, after.Snapshots().Records.Count);
            if (done)
            {
                Assert.True(failAt > 10);
                Assert.Equal(added[1].Item2, TestStore.ReadAll(after, after.FindSnapshot("latest"))["c"]);
                return;
            }
        }
    }

    // A record that was sealed for a range whose write failed must not be sealed a second time into another range.
    [Fact]
    public void A_writer_that_failed_takes_nothing_more()
    {
        var disk = new ProbeDisk(_test.Posix);
        int fail = 2;
        disk.Before = (call, path) =>
        {
            if (call == DiskCall.Write && path.EndsWith(".pack", StringComparison.Ordinal) && --fail == 0)
            {
                throw ProbeDisk.Full(path);
            }
        };
        using (BackupStore store = _test.Open(disk))
        {
            using StoreWriter writer = store.OpenWriter(new WriterOptions { Workers = 0 });
            ChunkSink sink = writer.OpenSink();
            Assert.Throws<StoreIoException>(() => sink.Store(ChunkKind.Tree, TestStore.Noise(1, 600)));
            Assert.Throws<StoreIoException>(() => sink.Store(ChunkKind.Tree, TestStore.Noise(2, 600)));
            Assert.Throws<StoreIoException>(() => writer.OpenSink().Store(ChunkKind.Tree, TestStore.Noise(1, 600)));
            Assert.Throws<StoreIoException>(() => writer.Commit(TestStore.Draft(ContentRef.Empty)));
        }

        using BackupStore after = _test.Open();
        Assert.Empty(after.Snapshots().Records);
        TestStore.Commit(after, ("a", TestStore.Noise(1, 600)));
        Assert.Empty(StoreVerifier.Run(after, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Findings);
    }

    // The index is a cache: no rot in it may keep a backup from being committed.
    [Fact]
    public void A_damaged_index_page_does_not_fail_the_commit_that_would_merge_it()
    {
        using (BackupStore store = _test.Open())
        {
            for (int i = 0; i < 5; i++)
            {
                TestStore.Commit(store, new WriterOptions { Workers = 0, MergesIndex = false }, ($"f{i}", TestStore.Noise(i, 2000)));
            }
        }

        foreach (string segment in _test.Files("index").Take(2))
        {
            byte[] bytes = File.ReadAllBytes(segment);
            bytes[^4000] ^= 1;
            File.WriteAllBytes(segment, bytes);
        }

        using BackupStore damaged = _test.Open();
        SnapshotRecord last = TestStore.Commit(damaged, ("new", TestStore.Noise(50, 2000)));
        Assert.Contains(damaged.Warnings, warning => warning.Contains("rebuild-index", StringComparison.Ordinal));
        Assert.Empty(_test.Files("tmp"));
        using BackupStore after = _test.Open();
        Assert.Equal(TestStore.Noise(50, 2000), TestStore.ReadAll(after, last)["new"]);
        IndexRebuild.Run(after, new RebuildOptions(), CancellationToken.None);
        Assert.Empty(StoreVerifier.Run(after, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Findings);
    }

    private bool Attempt(IStoreDisk disk, int workers, (string, byte[])[] files)
    {
        try
        {
            using BackupStore store = _test.Open(disk);
            TestStore.Commit(store, new WriterOptions { Workers = workers }, files);
            return true;
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.DiskFull)
        {
            return false;
        }
    }
}
