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

    private static bool Salvage(BackupStore store, string path)
    {
        ChunkId id;
        using (IStoreFile file = store.Disk.OpenWrite(path))
        {
            byte[] head = new byte[PackFormat.HeadBytes];
            int read = file.ReadAt(head, 0);
            using var pack = new OpenPack(file, path, head, new PackKey([]), number: -1);
            bool whole = PackFormat.CheckHead(head.AsSpan(0, read), store.Guid) is null;
            if (whole)
            {
                pack.NextOffset = PackScan.Run(file, (in RecordHead record, ReadOnlySpan<byte> bytes) => pack.AddToDirectory(bytes));
            }

            if (!whole || pack.Records == 0)
            {
                store.Disk.Delete(path);
                return false;
            }

            file.SetLength(pack.NextOffset);
            (id, _) = pack.WriteDirectory();
            file.Sync();
        }

        store.Disk.Rename(path, StoreLayout.PackPath(id));
        store.Disk.SyncDirectory(StoreLayout.PackShard(id));
        return true;
    }
}
