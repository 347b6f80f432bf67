using GatewayOS.Store.Storage;

namespace GatewayOS.TestKit.Disks;

/// <summary>A disk around another one that does everything as asked; what counts calls, or gets some wrong on purpose, overrides those.</summary>
/// <param name="inner">The disk underneath.</param>
public abstract class DiskDouble(IStoreDisk inner) : IStoreDisk
{
    public string Location => Inner.Location;

    public bool IsReadOnly => Inner.IsReadOnly;

    protected IStoreDisk Inner { get; } = inner;

    public virtual IStoreFile Create(string path) => Wrap(path, Inner.Create(path));

    public virtual IStoreFile OpenRead(string path) => Wrap(path, Inner.OpenRead(path));

    public virtual IStoreFile OpenWrite(string path) => Wrap(path, Inner.OpenWrite(path));

    public virtual void Rename(string from, string to) => Inner.Rename(from, to);

    public virtual void Delete(string path) => Inner.Delete(path);

    public virtual void CreateDirectory(string path) => Inner.CreateDirectory(path);

    public virtual void SyncDirectory(string path) => Inner.SyncDirectory(path);

    public virtual IReadOnlyList<StoreEntry> List(string directory) => Inner.List(directory);

    public virtual IReadOnlyList<string> ListNames(string directory) => Inner.ListNames(directory);

    public virtual IStoreLock? TryLock(string path) => Inner.TryLock(path);

    public virtual bool IsLocked(string path) => Inner.IsLocked(path);

    protected virtual IStoreFile Wrap(string path, IStoreFile file) => file;
}

/// <summary>An open file around another one.</summary>
public class FileDouble(IStoreFile inner) : IStoreFile
{
    public long LengthBytes => Inner.LengthBytes;

    protected IStoreFile Inner { get; } = inner;

    public virtual int ReadAt(Span<byte> buffer, long offsetBytes) => Inner.ReadAt(buffer, offsetBytes);

    public virtual void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes) => Inner.WriteAt(buffer, offsetBytes);

    public void Reserve(long lengthBytes) => Inner.Reserve(lengthBytes);

    public virtual void SetLength(long lengthBytes) => Inner.SetLength(lengthBytes);

    public virtual void Sync() => Inner.Sync();

    public void StartWriteback(long offsetBytes, long lengthBytes) => Inner.StartWriteback(offsetBytes, lengthBytes);

    public virtual void Dispose()
    {
        Inner.Dispose();
        GC.SuppressFinalize(this);
    }
}
