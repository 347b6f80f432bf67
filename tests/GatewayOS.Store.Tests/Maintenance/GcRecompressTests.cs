using System.Text;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Compression;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Maintenance;

/// <summary>What gc copies anyway, and no newest snapshot needs, comes out with zstd; what is likely to be read soon does not.</summary>
public sealed class GcRecompressTests : IDisposable
{
    private readonly TestStore _test = new(packBytes: 1 << 20, new ChunkerParameters(1024, 4096, 16 * 1024));
    private readonly byte[] _cold = Text(1);
    private readonly byte[] _hot = Text(2);

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Cold_chunks_shrink_and_hot_ones_stay_as_they_are()
    {
        Fill();
        GcReport report = Collect(Recompression.Cold);
        Assert.InRange(report.BytesRecompressed, _cold.Length * 8 / 10, _cold.Length);
        Assert.True(report.BytesSaved > _cold.Length / 20);
        AssertCodecs(cold: Codec.Zstd, hot: Codec.Lz4);
    }

    [Fact]
    public void Without_it_every_chunk_keeps_its_form()
    {
        Fill();
        Assert.Equal(0, Collect(Recompression.Never).BytesRecompressed);
        AssertCodecs(cold: Codec.Lz4, hot: Codec.Lz4);
    }

    [Fact]
    public void A_chunk_that_is_small_already_is_moved_as_it_is()
    {
        Fill();
        Collect(Recompression.Cold);
        AddGarbageBeside();
        GcReport again = Collect(Recompression.Never);
        Assert.True(again.BytesCopied > 0);
        AssertCodecs(cold: Codec.Zstd, hot: Codec.Lz4);
    }

    [Fact]
    public void All_takes_packs_that_have_no_garbage_too_and_is_done_then()
    {
        Fill();
        Collect(Recompression.Never);
        Assert.True(Collect(Recompression.All).BytesRecompressed > (_cold.Length + _hot.Length) * 8 / 10);
        AssertCodecs(cold: Codec.Zstd, hot: Codec.Zstd);
        Assert.Equal(0, Collect(Recompression.All, maxUnusedPercent: 100).BytesCopied);
    }

    // Three snapshots: of the first only garbage is left, the second holds what the newest does not.
    private void Fill()
    {
        using BackupStore store = _test.Open();
        SnapshotRecord first = TestStore.Commit(store, ("cold", _cold), ("gone", TestStore.Noise(3, 200_000)), ("hot", _hot));
        TestStore.Commit(store, ("cold", _cold));
        TestStore.Commit(store, ("hot", _hot));
        store.DeleteSnapshot(first);
    }

    // The newest snapshot changes, so that its chunks come and go in the packs that gc has written.
    private void AddGarbageBeside()
    {
        using BackupStore store = _test.Open();
        store.DeleteSnapshot(store.Snapshots().Records[^1]);
        TestStore.Commit(store, ("hot", _hot.AsSpan(0, _hot.Length / 2).ToArray()));
    }

    private GcReport Collect(Recompression recompress, double maxUnusedPercent = 0)
    {
        using BackupStore store = _test.Open();
        return GarbageCollector.Run(store, new GcOptions { MaxUnusedPercent = maxUnusedPercent, Threads = 0, Recompress = recompress }, CancellationToken.None);
    }

    private void AssertCodecs(Codec cold, Codec hot)
    {
        using BackupStore store = _test.Open();
        Assert.Empty(StoreVerifier.Run(store, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Findings);
        IReadOnlyList<SnapshotRecord> records = store.Snapshots().Records;
        Assert.Equal(_cold, TestStore.ReadAll(store, records[0])["cold"]);
        Assert.Equal(cold, Majority(store, records[0]));
        Assert.Equal(hot, Majority(store, records[1]));
    }

    private static Codec Majority(BackupStore store, SnapshotRecord snapshot)
    {
        Dictionary<ChunkId, RecordHead> heads = Enumerable.Range(0, store.Packs.Count)
            .Where(store.IsPresent)
            .SelectMany(pack => PackDirectory.Read(store.Disk, store.Guid, store.Packs.Id(pack)))
            .ToDictionary(head => head.Id);
        var codecs = new List<Codec>();
        SnapshotChunks.Walk(store, [snapshot], id => codecs.Add(heads[id].Codec), CancellationToken.None);
        return codecs.GroupBy(codec => codec).MaxBy(group => group.Count())!.Key;
    }

    private static byte[] Text(int seed)
    {
        Random random = TestKit.Seeded.Random(seed);
        var text = new StringBuilder();
        while (text.Length < 100_000)
        {
            text.Append("word").Append(random.Next(400)).Append(random.Next(5) == 0 ? ".\n" : " ");
        }

        return Encoding.ASCII.GetBytes(text.ToString());
    }
}
