using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Store;

/// <summary>
/// A store as backup and restore engines see it, wherever it is: <see cref="BackupStore"/> on this machine's disk, or an appliance's behind a
/// network. Thread-safe.
/// </summary>
public interface ISnapshotStore
{
    /// <summary>Opens a writer; dispose of it.</summary>
    ContentWriter OpenWriter(WriterOptions options);

    /// <summary>Opens a reader for one thread; dispose of it.</summary>
    ContentReader OpenReader();

    /// <summary>The same for one who reads much, each chunk once: what it reads passes by the system's cache.</summary>
    ContentReader OpenStreamingReader() => OpenReader();

    /// <summary>All snapshots that may be seen, oldest first.</summary>
    SnapshotList Snapshots();

    /// <summary>Finds a snapshot.</summary>
    /// <param name="idOrLatest">An ID, a unique beginning of one, or <c>latest</c>.</param>
    /// <exception cref="Storage.StoreUnusableException">None or several match.</exception>
    SnapshotRecord FindSnapshot(string idOrLatest);

    /// <summary>Computes the hash by which trees name a chunk with these bytes.</summary>
    ContentHash ComputeHash(ReadOnlySpan<byte> plain);

    /// <summary>Where a chunk lies, as something to sort reads by: neighbours are read together.</summary>
    /// <returns>The default when unknown or of no use.</returns>
    ChunkLocation ReadingOrder(ContentHash hash);
}
