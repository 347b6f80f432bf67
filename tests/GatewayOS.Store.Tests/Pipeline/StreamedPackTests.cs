using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tests.Rig;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Tests.Pipeline;

/// <summary>Long ranges of a pack are padded to borders at which writes pass by the system's cache.</summary>
public sealed class StreamedPackTests : IDisposable
{
    private const int ContentBytes = 3_000_000;

    private readonly TestStore _test = new(packBytes: 32 << 20, chunker: new(4096, 16384, 65536));

    public void Dispose() => _test.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public void A_padded_pack_reads_back_and_verifies(int workers)
    {
        byte[] content = TestStore.Noise(1, ContentBytes);
        using (BackupStore store = _test.Open())
        {
            TestStore.Commit(store, new WriterOptions { Workers = workers }, ("a", content), ("b", TestStore.Noise(2, 100)));
        }

        using BackupStore again = _test.Open();
        SnapshotRecord snapshot = again.FindSnapshot("latest");
        Assert.Equal(content, TestStore.ReadAll(again, snapshot)["a"]);
        using (var streaming = (ChunkReader)((ISnapshotStore)again).OpenStreamingReader())
        {
            TreeNode node = streaming.Entries(snapshot.Draft.Root).First();
            Assert.Equal(content, TestStore.ReadContent(streaming, node.Content));
        }

        VerifyReport report = StoreVerifier.Run(again, new VerifyOptions { ReadData = true, Threads = 2 }, CancellationToken.None);
        Assert.Empty(report.Findings);
        Assert.True(report.ChunksChecked > 100);
    }

    [Fact]
    public void Padding_is_zeros()
    {
        using BackupStore store = _test.Open();
        TestStore.Commit(store, new WriterOptions { Workers = 1 }, ("a", TestStore.Noise(1, ContentBytes)), ("b", new byte[500_000]), ("c", TestStore.Noise(3, ContentBytes)));
        int padding = 0;
        foreach (string path in _test.Files(StoreLayout.Packs))
        {
            byte[] pack = File.ReadAllBytes(path);
            long end = PackFormat.HeadBytes;
            var id = new ChunkId(Convert.FromHexString(Path.GetFileNameWithoutExtension(path)));
            foreach (RecordHead head in PackDirectory.Read(store.Disk, store.Guid, id))
            {
                Assert.All(pack[(int)end..(int)head.Offset], value => Assert.Equal(0, value));
                padding += (int)(head.Offset - end);
                end = head.Offset + head.TotalBytes;
            }
        }

        // On a file system without direct I/O nothing is padded but what the head leaves.
        using IStoreFile probe = _test.Posix.CreateStreamed("probe");
        Assert.Equal(probe.AlignBytes > 1, padding > 0);
    }

    // A run that died left padded ranges behind: every record of them is found without a directory.
    [Fact]
    public void Salvage_finds_the_records_behind_padding()
    {
        byte[] content = TestStore.Noise(1, ContentBytes);
        using (BackupStore store = _test.Open())
        using (StoreWriter writer = store.OpenWriter(new WriterOptions { Workers = 0 }))
        {
            TestStore.Store(writer, ("a", content));
        }

        using BackupStore next = _test.Open();
        PackSalvage.Run(next);
        next.Reload();
        using StoreWriter again = next.OpenWriter(new WriterOptions { Workers = 0 });
        TestStore.Store(again, ("a", content));
        Assert.Equal(0, again.Statistics.NewBytes);
    }
}
