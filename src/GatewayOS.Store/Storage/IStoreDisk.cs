namespace GatewayOS.Store.Storage;

/// <summary>
/// The block I/O below a store: one directory tree with positional reads and writes and explicit durability. Production uses
/// <see cref="PosixDisk"/>; the simulation puts a disk with seeded faults here. Paths are relative, '/'-separated ASCII.
/// Every failure is a <see cref="StoreIoException"/>.
/// </summary>
public interface IStoreDisk
{
    /// <summary>What to call this place in messages, for instance its directory.</summary>
    string Location { get; }

    /// <summary>Creates a file that must not exist, open for reading and writing. Its name is durable only after <see cref="SyncDirectory"/>.</summary>
    IStoreFile Create(string path);

    /// <summary>
    /// The same for a file that is written from beginning to end, in large pieces: where the file system can, they pass by the system's cache
    /// (<see cref="IStoreFile.AlignBytes"/>), which then keeps what is used more than once.
    /// </summary>
    IStoreFile CreateStreamed(string path) => Create(path);

    /// <summary>Opens an existing file for reading.</summary>
    IStoreFile OpenRead(string path);

    /// <summary>The same for a file that is read in large pieces, each once.</summary>
    IStoreFile OpenReadStreamed(string path) => OpenRead(path);

    /// <summary>Opens an existing file for reading and writing.</summary>
    IStoreFile OpenWrite(string path);

    /// <summary>Renames atomically, replacing the target. Durable only after the target's directory was synced.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file. Durable only after its directory was synced.</summary>
    void Delete(string path);

    /// <summary>Creates a directory; an existing one is fine.</summary>
    void CreateDirectory(string path);

    /// <summary>Makes every create, rename and delete in the directory that came before durable.</summary>
    void SyncDirectory(string path);

    /// <summary>Lists a directory's entries, files and directories, in no order. A missing directory is empty.</summary>
    IReadOnlyList<StoreEntry> List(string directory);

    /// <summary>
    /// Names of a directory's files, in no order. A missing directory is empty. Asks nothing of the files themselves, so a disk that can list without
    /// looking at each of them, a read of its inode, does: a store of 50 TB has some 800 000 packs.
    /// </summary>
    IReadOnlyList<string> ListNames(string directory) => [.. List(directory).Where(entry => !entry.IsDirectory).Select(entry => entry.Name)];

    /// <summary>
    /// Takes an exclusive advisory lock on a file, created when missing; the lock ends with the handle or the process, however that dies.
    /// </summary>
    /// <returns>The lock, or null when a living process holds it.</returns>
    IStoreLock? TryLock(string path);

    /// <summary>True when a living process holds the lock on the file. Never creates the file; false when it is missing.</summary>
    bool IsLocked(string path);

    /// <summary>True when the store may not be written at all (read-only mount, no permission).</summary>
    bool IsReadOnly { get; }
}

/// <summary>An open file of a store. Reads and writes are positional, so several threads may use one file at once.</summary>
public interface IStoreFile : IDisposable
{
    /// <summary>Length now, in bytes.</summary>
    long LengthBytes { get; }

    /// <summary>
    /// A power of two. Reads and writes whose offset, length and memory address are multiples of it pass by the system's cache, when the file was
    /// opened as streamed; all others are as right, and go through it. 1 when there is no such difference.
    /// </summary>
    int AlignBytes => 1;

    /// <summary>Reads up to the span's length; fewer bytes only at the end of the file.</summary>
    /// <returns>Bytes read.</returns>
    int ReadAt(Span<byte> buffer, long offsetBytes);

    /// <summary>A range that is in this process's memory anyway, to be read where it is.</summary>
    /// <returns>The range, valid while the file's content stays; empty when it has to be read.</returns>
    ReadOnlySpan<byte> InMemory(long offsetBytes, int lengthBytes) => default;

    /// <summary>Writes the whole span.</summary>
    void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes);

    /// <summary>
    /// Gives the file room on the disk and this length at once, zeros behind what is written: threads that write into room that is there need not
    /// wait for each other, as those do that extend a file. A hint: where it cannot be had, nothing changes. The owner sets the length in the end.
    /// </summary>
    void Reserve(long lengthBytes)
    {
    }

    /// <summary>Cuts or extends the file.</summary>
    void SetLength(long lengthBytes);

    /// <summary>Makes content and length durable (fdatasync(2)).</summary>
    void Sync();

    /// <summary>Gives a range back to the disk as unused, so that flash may forget it (fallocate(2), FALLOC_FL_PUNCH_HOLE): it reads as zeros then. A hint without any promise.</summary>
    void Discard(long offsetBytes, long lengthBytes)
    {
    }

    /// <summary>Tells the disk that writing the range back early is welcome; a hint without any promise.</summary>
    void StartWriteback(long offsetBytes, long lengthBytes);
}

/// <summary>A held advisory lock; dispose to release it. The lock's file can carry a description of its holder.</summary>
public interface IStoreLock : IDisposable
{
    /// <summary>Replaces the file's content with the holder's description, for people.</summary>
    void Describe(ReadOnlySpan<byte> content);

    /// <summary>False when somebody deleted the lock's file before the lock was taken: the lock then protects nothing.</summary>
    bool IsStillNamed { get; }
}

/// <summary>An entry of a store directory.</summary>
/// <param name="Name">Name without directory.</param>
/// <param name="LengthBytes">Length of a file; 0 for a directory.</param>
/// <param name="IsDirectory">True for a directory.</param>
public readonly record struct StoreEntry(string Name, long LengthBytes, bool IsDirectory);
