using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tests.Rig;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit;

namespace GatewayOS.Store.Tests.Pipeline;

/// <summary>
/// What a chunk may cost in garbage, as the difference between a long and a short run: buffers are pooled, so only what must remain of a chunk
/// is allocated for it.
/// </summary>
public sealed class AllocationTests : IDisposable
{
    private const int FileBytes = 4_000_000;

    // What names a chunk in its file (56 bytes, in an array that is copied once), rounded up.
    private const int PartBytesMax = 160;

    // And its entry in the pending index, whose tables double as they grow; and its head in the pack's directory, which doubles too.
    private const int NewChunkBytesMax = 900;

    // The least counts: a collection beside a run empties the pools, and the run fills them anew.
    private const int Attempts = 3;

    private readonly TestStore _test = new(packBytes: 32 << 20, chunker: new(1024, 4096, 16384));

    public void Dispose() => _test.Dispose();

    [Fact]
    public void A_known_chunk_costs_its_part_alone()
    {
        using BackupStore store = _test.Open();
        byte[] content = TestStore.Noise(1, 2 * FileBytes);
        TestStore.Commit(store, ("a", content), ("b", content[..(content.Length / 3)]), ("c", content[(content.Length / 3)..]));
        using StoreWriter writer = store.OpenWriter(new WriterOptions { Workers = 0 });
        using IngestLane lane = writer.OpenLane();
        Store(writer, lane, content);
        Assert.InRange(Enumerable.Range(0, Attempts).Min(_ => PerChunk(writer, lane, content)), 0, PartBytesMax);
        Assert.Equal(0, writer.Statistics.NewChunks);
    }

    [Fact]
    public void A_new_chunk_costs_its_part_and_its_index_entry()
    {
        using BackupStore store = _test.Open();
        using StoreWriter writer = store.OpenWriter(new WriterOptions { Workers = 0 });
        using IngestLane lane = writer.OpenLane();
        Store(writer, lane, TestStore.Noise(1, FileBytes));
        Assert.InRange(Enumerable.Range(2, Attempts).Min(seed => PerChunk(writer, lane, TestStore.Noise(seed, 2 * FileBytes))), 0, NewChunkBytesMax);
    }

    [Fact]
    public void Reading_a_chunk_costs_nothing()
    {
        using BackupStore store = _test.Open();
        TestStore.Commit(store, ("a", TestStore.Noise(1, FileBytes)));
        using ChunkReader reader = store.OpenReader();
        TreeNode node = reader.Entries(store.FindSnapshot("latest").Draft.Root).Single();
        ContentPart[] parts = [.. reader.Leaves(node.Content)];
        Assert.Equal(0, Allocations.OfSteady(() => ReadAll(reader, parts)));
        Assert.True(parts.Length > 500);
    }

    [Fact]
    public void Verifying_a_record_costs_nothing()
    {
        using BackupStore store = _test.Open();
        TestStore.Commit(store, ("a", TestStore.Noise(1, FileBytes)));
        string pack = _test.Files(StoreLayout.Packs).MaxBy(path => new FileInfo(path).Length)!;
        var id = new ChunkId(Convert.FromHexString(Path.GetFileNameWithoutExtension(pack)));
        using var check = new PackCheck(store.Guid, store.Keys, new StageCounters());
        int records = 0;

        // A pack costs its handles, its key and the state of its directory's hash (18 KiB), whatever is in it.
        Assert.InRange(Allocations.OfSteady(Check), 0, 24 * 1024);
        Assert.True(records > 500);

        void Check()
        {
            using IStoreFile file = store.Disk.OpenReadStreamed(StoreLayout.PackPath(id));
            records = check.Run(file, id, (_, _) => { });
        }
    }

    private static void ReadAll(ChunkReader reader, ContentPart[] parts)
    {
        foreach (ContentPart part in parts)
        {
            reader.Read(part.Hash);
        }
    }

    // The difference between one third of the content and the rest, twice as long: what each call costs does not count.
    private static double PerChunk(StoreWriter writer, IngestLane lane, byte[] content)
    {
        int third = content.Length / 3;
        long start = writer.Statistics.Chunks;
        long shortBytes = Store(writer, lane, content.AsSpan(0, third));
        long shortChunks = writer.Statistics.Chunks - start;
        long longBytes = Store(writer, lane, content.AsSpan(third));
        long longChunks = writer.Statistics.Chunks - start - shortChunks;
        return (double)(longBytes - shortBytes) / (longChunks - shortChunks);
    }

    private static long Store(StoreWriter writer, IngestLane lane, ReadOnlySpan<byte> content)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        TestStore.Feed(lane, new Ticket(), content);
        lane.Flush();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
