using GatewayOS.Store.Sessions;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Packs;

/// <summary>
/// Takes over the unfinished packs of dead sessions: every whole record in them is kept, so an interrupted backup's work is not done twice.
/// A salvaged pack is sealed where its last whole record ends; nothing is ever encrypted into it again.
/// </summary>
internal static class PackSalvage
{
    private const string SalvageLock = StoreLayout.Locks + "/salvage.lock";

    /// <summary>Salvages what there is.</summary>
    /// <returns>Packs gained.</returns>
    public static int Run(BackupStore store)
    {
        List<string> orphans = Orphans(store.Disk);
        if (orphans.Count == 0)
        {
            return 0;
        }

        using IStoreLock? gate = store.Disk.TryLock(SalvageLock);
        if (gate is null)
        {
            return 0;
        }

        int gained = 0;
        foreach (string name in Orphans(store.Disk))
        {
            if (name.EndsWith(StoreLayout.PackSuffix, StringComparison.Ordinal))
            {
                gained += Salvage(store, $"{StoreLayout.Temporary}/{name}") ? 1 : 0;
            }
            else
            {
                DurableFile.DeleteIfPresent(store.Disk, $"{StoreLayout.Temporary}/{name}");
            }
        }

        return gained;
    }

    // Names begin with the session that made them; whoever lives finishes or deletes its own.
    private static List<string> Orphans(IStoreDisk disk)
    {
        var orphans = new List<string>();
        var living = new Dictionary<string, bool>();
        foreach (StoreEntry entry in disk.List(StoreLayout.Temporary))
        {
            string session = entry.Name.Split('-')[0];
            if (!living.TryGetValue(session, out bool lives))
            {
                lives = SessionLock.IsLiving(disk, session);
                living.Add(session, lives);
            }

            if (!lives && !entry.IsDirectory)
            {
                orphans.Add(entry.Name);
            }
        }

        return orphans;
    }

    // Copied, never finished in place. After a sync that failed, the cache may show records that are on no disk, and no later sync of the
    // same file brings them there; after a power cut, the name in tmp may be a second name of a pack that stands in its place already.
    private static bool Salvage(BackupStore store, string path)
    {
        string copyPath = $"{StoreLayout.Temporary}/{store.NextTemporaryName()}{StoreLayout.PackSuffix}";
        ChunkId? id;
        try
        {
            id = Copy(store, path, copyPath);
            if (id is { } gained)
            {
                store.Disk.Rename(copyPath, StoreLayout.PackPath(gained));
                store.Disk.SyncDirectory(StoreLayout.PackShard(gained));
            }
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.DiskFull)
        {
            // No snapshot needs it, and gc must be able to work on a full disk: what cannot be kept makes room.
            id = null;
            DurableFile.DeleteIfPresent(store.Disk, copyPath);
        }

        DurableFile.DeleteIfPresent(store.Disk, path);
        return id is not null;
    }

    private static ChunkId? Copy(BackupStore store, string path, string copyPath)
    {
        using IStoreFile source = store.Disk.OpenRead(path);
        byte[] head = new byte[PackFormat.HeadBytes];
        int read = source.ReadAt(head, 0);
        if (PackFormat.CheckHead(head.AsSpan(0, read), store.Guid) is not null)
        {
            return null;
        }

        IStoreFile? copy = null;
        try
        {
            OpenPack? pack = null;
            long end = PackScan.Run(source, (in RecordHead record, ReadOnlySpan<byte> bytes) =>
            {
                // Records keep their offsets, which are their nonces; what was torn between them stays a hole.
                copy ??= store.Disk.Create(copyPath);
                pack ??= new OpenPack(copy, copyPath, head, new PackKey([]), number: -1);
                copy.WriteAt(bytes, record.Offset);
                pack.AddToDirectory(bytes);
            });
            if (pack is null)
            {
                return null;
            }

            pack.NextOffset = end;
            copy!.WriteAt(head, 0);
            (ChunkId id, _) = pack.WriteDirectory();
            copy.Sync();
            return id;
        }
        finally
        {
            copy?.Dispose();
        }
    }
}
