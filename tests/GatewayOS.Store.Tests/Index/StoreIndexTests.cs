using GatewayOS.Store.Index;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tests.Rig;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Tests.Index;

/// <summary>The index of an opened store: what it holds open, what it reads ahead, what opening does with what it finds.</summary>
public sealed class StoreIndexTests : IDisposable
{
    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    // A mount or the appliance's service lives for months while backups come and go.
    [Fact]
    public void A_long_lived_handle_holds_only_the_segments_there_are()
    {
        using BackupStore reader = _test.Open();
        for (int i = 0; i < 40; i++)
        {
            using (BackupStore store = _test.Open())
            {
                TestStore.Commit(store, ($"f{i}", TestStore.Noise(i, 1000)));
            }

            reader.Reload();
            Assert.Equal(_test.Files("index").Length, OpenSegments());
        }
    }

    [Fact]
    public void A_writer_closes_the_segments_it_merges()
    {
        using BackupStore store = _test.Open();
        for (int i = 0; i < 40; i++)
        {
            TestStore.Commit(store, ($"f{i}", TestStore.Noise(i, 1000)));
            Assert.Equal(_test.Files("index").Length, OpenSegments());
        }
    }

    [Fact]
    public void A_lease_keeps_merged_segments_readable_until_it_ends()
    {
        using BackupStore store = _test.Open();
        TestStore.Commit(store, ("a", TestStore.Noise(1, 1000)));
        using (IndexLease lease = store.LeaseIndex())
        {
            IndexEntry[] entries = [.. lease.Index.Positions().Select(entry => entry.Entry)];
            for (int i = 0; i < 10; i++)
            {
                TestStore.Commit(store, ($"f{i}", TestStore.Noise(10 + i, 1000)));
            }

            Assert.All(entries, entry => Assert.True(lease.Index.TryFind(entry.Id, static _ => true, out _)));
            Assert.True(OpenSegments() > _test.Files("index").Length);
        }

        Assert.Equal(_test.Files("index").Length, OpenSegments());
    }

    [Fact]
    public void Readers_find_everything_while_the_index_is_replaced_again_and_again()
    {
        using BackupStore store = _test.Open();
        SnapshotRecord snapshot = TestStore.Commit(store, ("a", TestStore.Noise(1, 20_000)));
        List<ChunkId> chunks = [];
        SnapshotChunks.Walk(store, [snapshot], chunks.Add, CancellationToken.None);
        using var stop = new CancellationTokenSource();
        Exception? failure = null;
        Thread[] readers = [.. Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            try
            {
                while (!stop.IsCancellationRequested)
                {
                    Assert.All(chunks, chunk => Assert.True(store.IsReferable(chunk)));
                }
            }
            catch (Exception error)
            {
                failure = error;
            }
        }))];
        Array.ForEach(readers, reader => reader.Start());
        for (int i = 0; i < 60; i++)
        {
            TestStore.Commit(store, ($"f{i}", TestStore.Noise(10 + i, 500)));
            store.Reload();
        }

        stop.Cancel();
        Array.ForEach(readers, reader => reader.Join());
        Assert.Null(failure);
    }

    [Fact]
    public void A_stream_of_known_chunks_reads_a_few_pages_and_then_the_packs_directory()
    {
        using var test = new TestStore(packBytes: 1 << 20);
        SnapshotRecord snapshot;
        using (BackupStore store = test.Open())
        {
            snapshot = TestStore.Commit(store, ("a", TestStore.Noise(1, 400_000)));
        }

        using BackupStore again = test.Open();
        var chunks = new List<ChunkId>();
        SnapshotChunks.Walk(again, [snapshot], chunks.Add, CancellationToken.None);
        using BackupStore fresh = test.Open();
        Assert.All(chunks, chunk => Assert.True(fresh.IsReferable(chunk)));
        Assert.True(chunks.Count > 1000);
        Assert.InRange(fresh.Locality.Loads, 1, 2);
        Assert.InRange(fresh.PageCache.Reads, 1, 8);
    }

    [Fact]
    public void What_was_read_ahead_of_a_pack_does_not_count_once_it_is_condemned()
    {
        using BackupStore store = _test.Open();
        SnapshotRecord snapshot = TestStore.Commit(store, ("a", TestStore.Noise(1, 20_000)));
        var chunks = new List<ChunkId>();
        SnapshotChunks.Walk(store, [snapshot], chunks.Add, CancellationToken.None);
        Assert.All(chunks, chunk => Assert.True(store.IsReferable(chunk)));
        Assert.True(store.Locality.Loads > 0);
        for (int pack = 0; pack < store.Packs.Count; pack++)
        {
            store.Packs.SetState(pack, PackState.Condemned);
        }

        Assert.All(chunks, chunk => Assert.False(store.IsReferable(chunk)));
    }

    // Two backups stored a chunk at once. What is read ahead names one copy, the index the other.
    [Fact]
    public void A_damaged_copy_that_was_read_ahead_gives_way_to_the_one_in_the_index()
    {
        var unmerged = new WriterOptions { Workers = 0, MergesIndex = false };
        SnapshotRecord snapshot;
        using (BackupStore first = _test.Open(), second = _test.Open())
        {
            snapshot = TestStore.Commit(first, unmerged, ("a", TestStore.Noise(1, 3000)));
            TestStore.Commit(second, unmerged, ("a", TestStore.Noise(1, 3000)));
        }

        using BackupStore store = _test.Open();
        using IndexLease lease = store.LeaseIndex();
        ChunkLocation named = default;
        IndexEntry[] entries = lease.Index.Positions().Select(found => found.Entry).Where(entry => entry.Location.Kind == ChunkKind.Data).GroupBy(entry => entry.Location.Pack)
            .Select(pack => pack.OrderBy(entry => entry.Location).ToArray())
            .First(pack => store.TryLocateByIndex(pack[0].Id, out named) && named.Pack != pack[0].Location.Pack);
        int other = entries[0].Location.Pack;
        store.Locality.Found(entries[0].Location);
        store.Locality.Found(entries[1].Location);
        Assert.True(store.TryLocate(entries[0].Id, out ChunkLocation ahead));
        Assert.Equal(other, ahead.Pack);

        string damaged = _test.PathOf(StoreLayout.PackPath(store.Packs.Id(other)));
        byte[] bytes = File.ReadAllBytes(damaged);
        foreach (IndexEntry entry in entries)
        {
            bytes[(int)entry.Location.OffsetBytes + (int)entry.Location.RecordBytes - 1] ^= 1;
        }

        File.WriteAllBytes(damaged, bytes);
        Assert.Equal(TestStore.Noise(1, 3000), TestStore.ReadAll(store, snapshot)["a"]);
    }

    [Fact]
    public void Opening_looks_at_no_pack_and_the_first_reference_looks_at_its_length()
    {
        SnapshotRecord snapshot;
        using (BackupStore store = _test.Open())
        {
            snapshot = TestStore.Commit(store, ("a", TestStore.Noise(1, 20_000)));
        }

        string victim = _test.Files("packs").MaxBy(path => new FileInfo(path).Length)!;
        using (FileStream file = File.OpenWrite(victim))
        {
            file.SetLength(file.Length - 1);
        }

        using BackupStore opened = _test.Open();
        Assert.Empty(opened.Warnings);
        var chunks = new List<ChunkId>();
        SnapshotChunks.Walk(opened, [snapshot], chunks.Add, CancellationToken.None);
        ChunkId[] refused = [.. chunks.Where(chunk => !opened.IsReferable(chunk))];
        Assert.NotEmpty(refused);
        Assert.Contains(opened.Warnings, warning => warning.Contains("Run verify, then repair", StringComparison.Ordinal));
        Assert.True(opened.TryLocate(refused[0], out ChunkLocation location));
        Assert.Equal(PackState.Suspect, opened.Packs.State(location.Pack));
    }

    // Every program up to now wrote version 1.
    [Fact]
    public void Segments_of_the_version_before_are_replaced_by_the_next_backup()
    {
        SnapshotRecord first;
        using (BackupStore store = _test.Open())
        {
            first = TestStore.Commit(store, ("a", TestStore.Noise(1, 20_000)));
        }

        string[] old = _test.Files("index");
        foreach (string segment in old)
        {
            byte[] bytes = File.ReadAllBytes(segment);
            bytes[8] = (byte)IndexFormat.OutdatedVersion;
            File.WriteAllBytes(segment, bytes);
        }

        using (BackupStore store = _test.Open())
        {
            Assert.Empty(store.Warnings);
            Assert.Equal(TestStore.Noise(1, 20_000), TestStore.ReadAll(store, first)["a"]);
            Assert.True(StoreVerifier.RunKeyless(_test.Posix, new VerifyOptions { Threads = 0 }, CancellationToken.None).Clean);
            TestStore.Commit(store, ("b", TestStore.Noise(2, 1000)));
        }

        Assert.DoesNotContain(_test.Files("index"), old.Contains);
        using BackupStore after = _test.Open();
        Assert.Equal(TestStore.Noise(1, 20_000), TestStore.ReadAll(after, first)["a"]);
        Assert.Empty(after.Index.Loose);
        Assert.True(StoreVerifier.Run(after, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Clean);
    }

    [Fact]
    public void A_lost_index_comes_back_in_parts_of_bounded_size_when_the_store_is_opened()
    {
        var snapshots = new List<SnapshotRecord>();
        using (BackupStore store = _test.Open())
        {
            for (int i = 0; i < 10; i++)
            {
                snapshots.Add(TestStore.Commit(store, ("a", TestStore.Noise(i, 3000))));
            }
        }

        Array.ForEach(_test.Files("index"), File.Delete);
        using (BackupStore store = BackupStore.Open(_test.Posix, TestStore.Secret, new OpenOptions { LooseEntriesMax = 20 }))
        {
            Assert.InRange(store.Index.Loose.Count, 0, 40);
            Assert.True(_test.Files("index").Length > 3);
            Assert.Equal(Enumerable.Range(0, 10).Select(i => TestStore.Noise(i, 3000)), snapshots.Select(snapshot => TestStore.ReadAll(store, snapshot)["a"]));
        }
    }

    private int OpenSegments() =>
        Directory.GetFiles("/proc/self/fd").Select(link => new FileInfo(link).LinkTarget ?? "").Count(target => target.StartsWith(_test.PathOf("index/"), StringComparison.Ordinal));
}
