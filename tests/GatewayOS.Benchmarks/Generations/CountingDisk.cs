using GatewayOS.Store.Storage;

namespace GatewayOS.Benchmarks.Generations;

/// <summary>What a restore read from packs.</summary>
/// <param name="Reads">Reads of packs.</param>
/// <param name="Seeks">Those that did not go on, within half a MiB, where the read before them ended, whatever the pack: what a disk's arm does.</param>
/// <param name="Bytes">Bytes read.</param>
/// <param name="Packs">Packs touched.</param>
internal sealed record PackReads(long Reads, long Seeks, long Bytes, int Packs);

/// <summary>A disk around another one that counts how packs are read. For a restore with one thread, whose reads have an order.</summary>
internal sealed class CountingDisk(IStoreDisk inner) : IStoreDisk
{
    private const long NearBytes = 512 * 1024;

    private readonly HashSet<string> _packs = [];
    private readonly Lock _gate = new();
    private string _lastPack = "";
    private long _lastEnd;
    private long _reads;
    private long _seeks;
    private long _bytes;

    public string Location => inner.Location;

    public bool IsReadOnly => inner.IsReadOnly;

    public PackReads Counted => new(_reads, _seeks, _bytes, _packs.Count);

    public IStoreFile Create(string path) => inner.Create(path);

    public IStoreFile OpenRead(string path) => path.StartsWith("packs/", StringComparison.Ordinal) ? new CountingFile(this, path, inner.OpenRead(path)) : inner.OpenRead(path);

    public IStoreFile OpenWrite(string path) => inner.OpenWrite(path);

    public void Rename(string from, string to) => inner.Rename(from, to);

    public void Delete(string path) => inner.Delete(path);

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public void SyncDirectory(string path) => inner.SyncDirectory(path);

    public IReadOnlyList<StoreEntry> List(string directory) => inner.List(directory);

    public IStoreLock? TryLock(string path) => inner.TryLock(path);

    public bool IsLocked(string path) => inner.IsLocked(path);

    private void Count(string path, long offset, int bytes)
    {
        lock (_gate)
        {
            _packs.Add(path);
            _reads++;
            _bytes += bytes;
            _seeks += path == _lastPack && offset >= _lastEnd - NearBytes && offset <= _lastEnd + NearBytes ? 0 : 1;
            (_lastPack, _lastEnd) = (path, offset + bytes);
        }
    }

    private sealed class CountingFile(CountingDisk disk, string path, IStoreFile inner) : IStoreFile
    {
        public long LengthBytes => inner.LengthBytes;

        public int ReadAt(Span<byte> buffer, long offsetBytes)
        {
            int read = inner.ReadAt(buffer, offsetBytes);
            disk.Count(path, offsetBytes, read);
            return read;
        }

        public void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes) => inner.WriteAt(buffer, offsetBytes);

        public void SetLength(long lengthBytes) => inner.SetLength(lengthBytes);

        public void Sync() => inner.Sync();

        public void StartWriteback(long offsetBytes, long lengthBytes) => inner.StartWriteback(offsetBytes, lengthBytes);

        public void Dispose() => inner.Dispose();
    }
}
