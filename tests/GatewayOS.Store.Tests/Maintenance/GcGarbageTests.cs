using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Maintenance;

/// <summary>What gc takes for garbage: records nobody needs and what a torn write left, not what every pack has.</summary>
public sealed class GcGarbageTests : IDisposable
{
    private const int ContentBytes = 3_000_000;

    private static readonly GcOptions s_nothingUnused = new() { MaxUnusedPercent = 0, MaxReclusterPercent = 0, Recompress = Recompression.Never, Threads = 0 };

    // Ranges of these are long enough to be padded for direct I/O.
    private readonly TestStore _test = new(packBytes: 32 << 20, chunker: new(4096, 16384, 65536));

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Padding_is_no_garbage()
    {
        using (BackupStore store = _test.Open())
        {
            TestStore.Commit(store, ("a", TestStore.Noise(1, ContentBytes)));
        }

        GcReport report = Collect();
        Assert.Equal((0, 0), (report.PacksRewritten, report.BytesCopied));
    }

    [Fact]
    public void A_second_run_finds_nothing_left_to_rewrite()
    {
        byte[] kept = TestStore.Noise(1, ContentBytes);
        using (BackupStore store = _test.Open())
        {
            SnapshotRecord both = TestStore.Commit(store, ("a", kept), ("b", TestStore.Noise(2, ContentBytes)));
            TestStore.Commit(store, ("a", kept));
            store.DeleteSnapshot(both);
        }

        GcReport first = Collect();
        Assert.True(first.PacksRewritten > 0);
        GcReport second = Collect();
        Assert.Equal((0, 0), (second.PacksRewritten, second.BytesCopied));
        using BackupStore again = _test.Open();
        Assert.Equal(kept, TestStore.ReadAll(again, again.Snapshots().Records[0])["a"]);
    }

    // A power cut tore records out of the middle of a pack: all that is left of it is in use, and still it is shorter when written anew.
    [Fact]
    public void A_gap_wider_than_padding_is_garbage()
    {
        byte[] content = TestStore.Noise(1, ContentBytes);
        using (BackupStore store = _test.Open())
        using (StoreWriter writer = store.OpenWriter(new WriterOptions { Workers = 0 }))
        {
            TestStore.Store(writer, ("a", content));
        }

        string torn = _test.Files(StoreLayout.Temporary).MaxBy(file => new FileInfo(file).Length)!;
        byte[] pack = File.ReadAllBytes(torn);
        pack.AsSpan(ContentBytes / 3, ContentBytes / 3).Clear();
        File.WriteAllBytes(torn, pack);
        using (BackupStore store = _test.Open())
        {
            PackSalvage.Run(store);
            store.Reload();
            TestStore.Commit(store, ("a", content));
        }

        GcReport first = Collect();
        Assert.Equal(1, first.PacksRewritten);
        Assert.Equal(0, Collect().PacksRewritten);
        using BackupStore again = _test.Open();
        Assert.Equal(content, TestStore.ReadAll(again, again.Snapshots().Records[0])["a"]);
    }

    private GcReport Collect()
    {
        using BackupStore store = _test.Open();
        return GarbageCollector.Run(store, s_nothingUnused, CancellationToken.None);
    }
}
