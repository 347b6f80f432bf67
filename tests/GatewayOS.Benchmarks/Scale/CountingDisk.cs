using GatewayOS.Store.Storage;

namespace GatewayOS.Benchmarks.Scale;

/// <summary>A disk around another one that counts what is read: each read is a seek on a spinning disk, whatever the page cache makes of it here.</summary>
internal sealed class CountingDisk(IStoreDisk inner) : IStoreDisk
{
    private long _reads;
    private long _bytes;
    private long _opens;

    public long Reads => Volatile.Read(ref _reads);

    public long BytesRead => Volatile.Read(ref _bytes);

    public long Opens => Volatile.Read(ref _opens);

    public string Location => inner.Location;

    public bool IsReadOnly => inner.IsReadOnly;

    public IStoreFile Create(string path) => inner.Create(path);

    public IStoreFile OpenRead(string path)
    {
        Interlocked.Increment(ref _opens);
        return new CountingFile(this, inner.OpenRead(path));
    }

    public IStoreFile OpenWrite(string path) => inner.OpenWrite(path);

    public void Rename(string from, string to) => inner.Rename(from, to);

    public void Delete(string path) => inner.Delete(path);

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public void SyncDirectory(string path) => inner.SyncDirectory(path);

    public IReadOnlyList<StoreEntry> List(string directory) => inner.List(directory);

    public IReadOnlyList<string> ListNames(string directory) => inner.ListNames(directory);

    public IStoreLock? TryLock(string path) => inner.TryLock(path);

    public bool IsLocked(string path) => inner.IsLocked(path);

    private sealed class CountingFile(CountingDisk owner, IStoreFile inner) : IStoreFile
    {
        public long LengthBytes => inner.LengthBytes;

        public int ReadAt(Span<byte> buffer, long offsetBytes)
        {
            int read = inner.ReadAt(buffer, offsetBytes);
            Interlocked.Increment(ref owner._reads);
            Interlocked.Add(ref owner._bytes, read);
            return read;
        }

        public void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes) => inner.WriteAt(buffer, offsetBytes);

        public void SetLength(long lengthBytes) => inner.SetLength(lengthBytes);

        public void Sync() => inner.Sync();

        public void StartWriteback(long offsetBytes, long lengthBytes) => inner.StartWriteback(offsetBytes, lengthBytes);

        public void Dispose() => inner.Dispose();
    }
}
