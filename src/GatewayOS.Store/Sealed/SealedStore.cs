using System.Security.Cryptography;
using GatewayOS.Store.Sessions;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Sealed;

/// <summary>
/// A store as whoever has no key sees it: files to copy elsewhere, and files to put back in their place. Holds a session, so that gc deletes nothing
/// that a listed snapshot needs while they are copied (LOCKING.md). Thread-safe. Dispose ends the session.
/// </summary>
public sealed partial class SealedStore : IDisposable
{
    private const int CopyBytes = 1024 * 1024;

    private readonly IStoreDisk _disk;
    private readonly SessionLock? _session;
    private long _temporaryNames;

    private SealedStore(IStoreDisk disk, byte[] config, SessionLock? session)
    {
        (_disk, _session, Config) = (disk, session, config);
        StoreId = IdIn(config, disk.Location);
    }

    /// <summary>The store's identity.</summary>
    public Guid StoreId { get; }

    /// <summary>The bytes of its config file: key slots are bound to them.</summary>
    public ReadOnlyMemory<byte> Config { get; }

    /// <summary>Where it is.</summary>
    public string Location => _disk.Location;

    /// <summary>The identity of the store that a config file is of.</summary>
    /// <param name="config">The file's bytes.</param>
    /// <param name="location">Where it is, for messages.</param>
    /// <exception cref="StoreUnusableException">It is none, or damaged.</exception>
    public static Guid IdIn(ReadOnlySpan<byte> config, string location) => StoreConfig.Decode(config, location).StoreId;

    /// <summary>How long a pack of the store gets, in bytes, but for its directory.</summary>
    /// <inheritdoc cref="IdIn"/>
    public static int PackBytesIn(ReadOnlySpan<byte> config, string location) => StoreConfig.Decode(config, location).PackBytes;

    /// <summary>True for the path of a pack that is being written: it gets its name when it is sealed.</summary>
    /// <param name="path">A path in a store.</param>
    public static bool IsOpenPack(string path) => path.StartsWith(StoreLayout.Temporary + "/", StringComparison.Ordinal) && path.EndsWith(StoreLayout.PackSuffix, StringComparison.Ordinal);

    /// <summary>
    /// Lays a damaged pack where unfinished ones of dead sessions lie: the next writer takes every whole record out of it, into a pack of another name.
    /// </summary>
    /// <param name="disk">The store's disk.</param>
    /// <param name="pack">Which it was.</param>
    /// <param name="content">Its content.</param>
    /// <exception cref="StoreIoException">It cannot be written.</exception>
    public static void LeaveForSalvage(IStoreDisk disk, SealedFile pack, IStoreFile content)
    {
        Place(disk, $"damaged-{pack.Id}.new", new SealedFile(SealedKind.Pack, SalvagePath(pack)), content);
    }

    /// <summary>True while no writer has taken what is whole out of such a pack.</summary>
    /// <inheritdoc cref="LeaveForSalvage"/>
    public static bool IsLeftForSalvage(IStoreDisk disk, SealedFile pack) => disk.ListNames(StoreLayout.Temporary).Contains(SalvagePath(pack)[(StoreLayout.Temporary.Length + 1)..]);

    // The name begins with a session that there never is.
    private static string SalvagePath(SealedFile pack) => $"{StoreLayout.Temporary}/damaged-{pack.Id}{StoreLayout.PackSuffix}";

    /// <summary>Begins a session. On a disk that cannot be written there is none, and no gc may run from elsewhere meanwhile.</summary>
    /// <param name="disk">The store's disk.</param>
    /// <param name="purpose">What for, in a word; shown to whoever waits for the session.</param>
    /// <param name="time">Clock for that note.</param>
    /// <exception cref="StoreUnusableException">There is no store, or its config is damaged.</exception>
    public static SealedStore Open(IStoreDisk disk, string purpose, TimeProvider time)
    {
        byte[] config = BackupStore.ReadConfig(disk);
        _ = IdIn(config, disk.Location);
        var info = new SessionInfo(purpose, Environment.ProcessId, Environment.MachineName, time.GetUtcNow());
        return new SealedStore(disk, config, disk.IsReadOnly ? null : SessionLock.Begin(disk, info, RandomNumberGenerator.Fill));
    }

    /// <summary>
    /// Lists the files of a whole store: when all of them are copied, each snapshot among them can be restored from the copy. The order of looking is
    /// what makes it so: snapshots first, for what they need was durable before them; then segments, for so were the packs they name.
    /// </summary>
    /// <returns>The files, by <see cref="SealedKind"/>, which is the order to copy them in.</returns>
    public IReadOnlyList<SealedFile> List()
    {
        var files = new List<SealedFile>();
        Add(StoreLayout.Snapshots);
        Add(StoreLayout.Index);
        for (int shard = 0; shard < StoreLayout.PackShards; shard++)
        {
            Add(StoreLayout.PackShard(shard));
        }

        files.RemoveAll(file => file.Kind == SealedKind.Gone);

        // gc notes packs as gone before it deletes them: one that the listing above has missed is on a list that is read now.
        Add(StoreLayout.Index, SealedKind.Gone);
        Add(StoreLayout.Keys);
        files.Add(new SealedFile(SealedKind.Config, StoreLayout.Config));
        return [.. files.OrderBy(file => file.Kind).ThenBy(file => file.Name, StringComparer.Ordinal)];

        void Add(string directory, SealedKind? only = null)
        {
            foreach (string name in _disk.ListNames(directory))
            {
                if (SealedFile.TryParse($"{directory}/{name}", out SealedFile file) && (only is null || file.Kind == only))
                {
                    files.Add(file);
                }
            }
        }
    }

    /// <summary>Opens a file for reading in large pieces.</summary>
    /// <exception cref="StoreIoException">It is not there (any more), or cannot be read.</exception>
    public IStoreFile Open(SealedFile file) => _disk.OpenReadStreamed(file.Name);

    /// <summary>
    /// Puts a file in its place, over what stands there: written beside, synced, renamed, directory synced. A damaged file so gets its content back
    /// under everybody's hands; who has the old one open goes on with that.
    /// </summary>
    /// <param name="file">Which.</param>
    /// <param name="content">Its content, checked by the caller.</param>
    /// <exception cref="StoreIoException">It cannot be written; what was there stands.</exception>
    public void Place(SealedFile file, IStoreFile content) => Place(_disk, NextTemporaryName(), file, content);

    /// <summary>The same for a directory that is no store yet. Makes the directories.</summary>
    /// <param name="disk">The directory.</param>
    /// <param name="owner">Name of the temporary file, unique among those who write now.</param>
    /// <param name="file">Which.</param>
    /// <param name="content">Its content, checked by the caller.</param>
    public static void Place(IStoreDisk disk, string owner, SealedFile file, IStoreFile content)
    {
        string temporary = $"{StoreLayout.Temporary}/{owner}";
        DurableFile.DeleteIfPresent(disk, temporary);
        using (IStoreFile written = disk.CreateStreamed(temporary))
        {
            var buffer = new AlignedBuffer(CopyBytes);
            long offset = 0;
            while (content.ReadAt(buffer.Span, offset) is int read and > 0)
            {
                written.WriteAt(buffer.Span[..read], offset);
                offset += read;
            }

            if (offset != content.LengthBytes)
            {
                throw new StoreIoException(StoreIoFailure.Device, file.Name, $"{file.Name} ended after {offset} of {content.LengthBytes} bytes while it was copied. Try again.");
            }

            written.Sync();
        }

        int slash = file.Name.LastIndexOf('/');
        disk.Rename(temporary, file.Name);
        disk.SyncDirectory(slash < 0 ? "" : file.Name[..slash]);
    }

    /// <summary>Makes the directories of a store, durable. Existing ones are fine; without a config file it is no store.</summary>
    /// <param name="disk">Where.</param>
    public static void MakeDirectories(IStoreDisk disk)
    {
        disk.CreateDirectory("");
        foreach (string directory in StoreLayout.Directories)
        {
            disk.CreateDirectory(directory);
        }

        for (int shard = 0; shard < StoreLayout.PackShards; shard++)
        {
            disk.CreateDirectory(StoreLayout.PackShard(shard));
        }

        disk.SyncDirectory(StoreLayout.Packs);
        disk.SyncDirectory("");
    }

    /// <inheritdoc/>
    public void Dispose() => _session?.Dispose();

    private string NextTemporaryName() => $"{_session?.Name ?? "none"}-{Interlocked.Increment(ref _temporaryNames)}.sealed";
}
