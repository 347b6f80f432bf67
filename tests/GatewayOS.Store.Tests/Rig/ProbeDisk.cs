using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Tests.Rig;

/// <summary>What a <see cref="ProbeDisk"/> tells its hooks about.</summary>
internal enum DiskCall
{
    Create,
    Write,
    SetLength,
    Sync,
    Rename,
    Delete,
    SyncDirectory,
    List,
    TryLock,
    IsLocked,
}

/// <summary>A disk around another one that tells a hook before and after each call; the hook may do anything, a throw included.</summary>
internal sealed class ProbeDisk(IStoreDisk inner) : IStoreDisk
{
    public Action<DiskCall, string>? Before { get; set; }

    public Action<DiskCall, string>? After { get; set; }

    /// <summary>Told about each read of a file that was opened for reading alone.</summary>
    public Action<string>? Reading { get; set; }

    public string Location => inner.Location;

    public bool IsReadOnly => inner.IsReadOnly;

    /// <summary>The error of a full disk.</summary>
    public static StoreIoException Full(string path) => new(StoreIoFailure.DiskFull, path, $"Cannot write {path}: no space left.");

    public IStoreFile Create(string path) => Around(DiskCall.Create, path, () => new ProbeFile(this, path, inner.Create(path)));

    public IStoreFile OpenRead(string path) => Reading is null ? inner.OpenRead(path) : new ProbeFile(this, path, inner.OpenRead(path));

    public IStoreFile OpenWrite(string path) => new ProbeFile(this, path, inner.OpenWrite(path));

    public void Rename(string from, string to) => Around(DiskCall.Rename, to, () => inner.Rename(from, to));

    public void Delete(string path) => Around(DiskCall.Delete, path, () => inner.Delete(path));

    public void CreateDirectory(string path) => inner.CreateDirectory(path);

    public void SyncDirectory(string path) => Around(DiskCall.SyncDirectory, path, () => inner.SyncDirectory(path));

    public IReadOnlyList<StoreEntry> List(string directory) => Around(DiskCall.List, directory, () => inner.List(directory));

    public IStoreLock? TryLock(string path) => Around(DiskCall.TryLock, path, () => inner.TryLock(path));

    public bool IsLocked(string path) => Around(DiskCall.IsLocked, path, () => inner.IsLocked(path));

    private void Around(DiskCall call, string path, Action action)
    {
        Before?.Invoke(call, path);
        action();
        After?.Invoke(call, path);
    }

    private T Around<T>(DiskCall call, string path, Func<T> action)
    {
        Before?.Invoke(call, path);
        T result = action();
        After?.Invoke(call, path);
        return result;
    }

    private sealed class ProbeFile(ProbeDisk disk, string path, IStoreFile inner) : IStoreFile
    {
        public long LengthBytes => inner.LengthBytes;

        public int ReadAt(Span<byte> buffer, long offsetBytes)
        {
            disk.Reading?.Invoke(path);
            return inner.ReadAt(buffer, offsetBytes);
        }

        public void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes)
        {
            disk.Before?.Invoke(DiskCall.Write, path);
            inner.WriteAt(buffer, offsetBytes);
            disk.After?.Invoke(DiskCall.Write, path);
        }

        public void Reserve(long lengthBytes) => inner.Reserve(lengthBytes);

        public void SetLength(long lengthBytes) => disk.Around(DiskCall.SetLength, path, () => inner.SetLength(lengthBytes));

        public void Sync() => disk.Around(DiskCall.Sync, path, inner.Sync);

        public void StartWriteback(long offsetBytes, long lengthBytes) => inner.StartWriteback(offsetBytes, lengthBytes);

        public void Dispose() => inner.Dispose();
    }
}
