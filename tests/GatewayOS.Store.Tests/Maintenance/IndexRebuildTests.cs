using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Maintenance;

public sealed class IndexRebuildTests : IDisposable
{
    private const int Commits = 12;

    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void Makes_the_same_index_on_any_number_of_threads(int threads)
    {
        Fill();
        StoreStatistics before = Statistics();
        Array.ForEach(_test.Files("index"), File.Delete);
        using (BackupStore store = OpenForRebuild())
        {
            RebuildReport report = IndexRebuild.Run(store, new RebuildOptions { Threads = threads, PacksPerPart = 5 }, CancellationToken.None);
            Assert.Empty(report.Findings);
            Assert.Equal(before.DataChunks + before.TreeChunks, report.Entries);
            Assert.Equal(0, report.PacksDoneBefore);
        }

        Assert.Single(_test.Files("index"));
        AssertWhole();
    }

    [Fact]
    public void Goes_on_where_it_was_interrupted()
    {
        Fill();
        int packs = _test.Files("packs").Length;
        string[] index = _test.Files("index");
        var disk = new ProbeDisk(_test.Posix);
        int parts = 0;
        disk.After = (call, path) =>
        {
            if (call == DiskCall.Rename && path.EndsWith(StoreLayout.IndexPartSuffix, StringComparison.Ordinal) && ++parts == 3)
            {
                throw ProbeDisk.Full(path);
            }
        };
        using (BackupStore store = OpenForRebuild(disk))
        {
            Assert.Throws<StoreIoException>(() => IndexRebuild.Run(store, Small, CancellationToken.None));
        }

        // The old index stands, and so does what was done.
        Assert.Equal(index.Length + 3, _test.Files("index").Length);
        AssertWhole();
        using (BackupStore store = OpenForRebuild())
        {
            RebuildReport report = IndexRebuild.Run(store, Small, CancellationToken.None);
            Assert.Equal(packs, report.Packs);
            Assert.InRange(report.PacksDoneBefore, 10, packs - 1);
        }

        Assert.Single(_test.Files("index"));
        AssertWhole();
    }

    [Fact]
    public void A_damaged_part_is_made_again()
    {
        Fill();
        using (var cancel = new CancellationTokenSource())
        using (BackupStore store = OpenForRebuild())
        {
            var progress = new CancelAt(cancel, item: 12);
            Assert.Throws<OperationCanceledException>(() => IndexRebuild.Run(store, Small with { Progress = progress }, cancel.Token));
        }

        string[] parts = [.. _test.Files("index").Where(path => path.EndsWith(StoreLayout.IndexPartSuffix, StringComparison.Ordinal))];
        Assert.Equal(2, parts.Length);
        byte[] bytes = File.ReadAllBytes(parts[0]);
        bytes[^100] ^= 1;
        File.WriteAllBytes(parts[0], bytes);
        using (BackupStore store = OpenForRebuild())
        {
            Assert.Equal(5, IndexRebuild.Run(store, Small, CancellationToken.None).PacksDoneBefore);
        }

        AssertWhole();
    }

    // A chunk stands in two packs, and gc takes one of them before the rebuild goes on: whichever it is, the other's record counts.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_part_knows_every_copy_of_a_chunk(int going)
    {
        var unmerged = new WriterOptions { Workers = 0, MergesIndex = false };
        (string, byte[]) file = ("twice", TestStore.Noise(1, 3000));
        using (BackupStore first = _test.Open(), second = _test.Open())
        {
            TestStore.Commit(first, unmerged, file);
            TestStore.Commit(second, unmerged, file);
        }

        var disk = new ProbeDisk(_test.Posix);
        disk.Before = (call, path) =>
        {
            if (call == DiskCall.Create && path.EndsWith(StoreLayout.IndexSuffix, StringComparison.Ordinal))
            {
                throw ProbeDisk.Full(path);
            }
        };
        using (BackupStore store = OpenForRebuild(disk))
        {
            Assert.Throws<StoreIoException>(() => IndexRebuild.Run(store, new RebuildOptions { Threads = 0 }, CancellationToken.None));
        }

        // The two largest packs hold the file's chunks.
        File.Delete(_test.Files("packs").OrderByDescending(path => new FileInfo(path).Length).Take(2).Order(StringComparer.Ordinal).ElementAt(going));
        using (BackupStore store = OpenForRebuild())
        {
            Assert.Equal(3, IndexRebuild.Run(store, new RebuildOptions { Threads = 0 }, CancellationToken.None).PacksDoneBefore);
        }

        using BackupStore whole = _test.Open();
        Assert.All(whole.Snapshots().Records, snapshot => Assert.Equal(file.Item2, TestStore.ReadAll(whole, snapshot)["twice"]));
    }

    private static RebuildOptions Small => new() { Threads = 0, PacksPerPart = 5 };

    private BackupStore OpenForRebuild(IStoreDisk? disk = null) => BackupStore.Open(disk ?? _test.Posix, TestStore.Secret, new OpenOptions { ReadsUncoveredPacks = false });

    // Each commit leaves a pack of data and one of trees.
    private void Fill()
    {
        using BackupStore store = _test.Open();
        for (int i = 0; i < Commits; i++)
        {
            TestStore.Commit(store, ("a", TestStore.Noise(i, 2000)));
        }
    }

    private StoreStatistics Statistics()
    {
        using BackupStore store = _test.Open();
        return store.Statistics();
    }

    private void AssertWhole()
    {
        using BackupStore store = _test.Open();
        Assert.Equal(
            Enumerable.Range(0, Commits).Select(i => TestStore.Noise(i, 2000)),
            store.Snapshots().Records.OrderBy(snapshot => snapshot.FinishedUtc).Select(snapshot => TestStore.ReadAll(store, snapshot)["a"]));
        Assert.Empty(StoreVerifier.Run(store, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Findings);
        Assert.True(StoreVerifier.RunKeyless(_test.Posix, new VerifyOptions { Threads = 0 }, CancellationToken.None).Clean);
    }

    private sealed class CancelAt(CancellationTokenSource source, long item) : IProgress<MaintenanceProgress>
    {
        public void Report(MaintenanceProgress value)
        {
            if (value.DoneItems == item)
            {
                source.Cancel();
            }
        }
    }
}
