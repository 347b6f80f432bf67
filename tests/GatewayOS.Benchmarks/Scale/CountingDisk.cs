using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Disks;

namespace GatewayOS.Benchmarks.Scale;

/// <summary>A disk around another one that counts what is read: each read is a seek on a spinning disk, whatever the page cache makes of it here.</summary>
internal sealed class CountingDisk(IStoreDisk inner) : DiskDouble(inner)
{
    private long _reads;
    private long _bytes;
    private long _opens;

    public long Reads => Volatile.Read(ref _reads);

    public long BytesRead => Volatile.Read(ref _bytes);

    public long Opens => Volatile.Read(ref _opens);

    public override IStoreFile OpenRead(string path)
    {
        Interlocked.Increment(ref _opens);
        return new CountingFile(this, Inner.OpenRead(path));
    }

    private sealed class CountingFile(CountingDisk owner, IStoreFile inner) : FileDouble(inner)
    {
        public override int ReadAt(Span<byte> buffer, long offsetBytes)
        {
            int read = Inner.ReadAt(buffer, offsetBytes);
            Interlocked.Increment(ref owner._reads);
            Interlocked.Add(ref owner._bytes, read);
            return read;
        }
    }
}
