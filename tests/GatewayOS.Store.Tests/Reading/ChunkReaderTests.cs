using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Tests.Rig;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Tests.Reading;

/// <summary>How chunks are read from packs.</summary>
public sealed class ChunkReaderTests : IDisposable
{
    private readonly TestStore _test = new(packBytes: 1 << 20);

    public void Dispose() => _test.Dispose();

    // As a file does whose base is an old backup's and whose changes are a newer one's.
    [Fact]
    public void Reading_in_turn_from_several_packs_keeps_its_place_in_each()
    {
        var disk = new ProbeDisk(_test.Posix);
        int reads = 0;
        disk.Reading = path => reads += path.StartsWith("packs/", StringComparison.Ordinal) ? 1 : 0;
        using BackupStore store = _test.Open(disk);
        ContentPart[][] files = [.. Enumerable.Range(0, 4).Select(number => PartsOf(store, TestStore.Commit(store, ("file", TestStore.Noise(number, 60_000)))))];
        using ChunkReader reader = store.OpenReader();
        int chunks = files.Min(parts => parts.Length);
        reads = 0;
        for (int i = 0; i < chunks; i++)
        {
            foreach (ContentPart[] parts in files)
            {
                Assert.Equal(parts[i].LengthBytes, reader.Read(parts[i].Hash).Length);
            }
        }

        // Of each pack its directory, in two reads, its head, a lone read, and all the rest at once.
        Assert.True(chunks > 50);
        Assert.InRange(reads, files.Length, files.Length * 5);
    }

    private static ContentPart[] PartsOf(BackupStore store, SnapshotRecord snapshot)
    {
        using ChunkReader reader = store.OpenReader();
        return [.. reader.Leaves(reader.Entries(snapshot.Draft.Root).First().Content)];
    }
}
