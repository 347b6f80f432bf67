using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Disks;

namespace GatewayOS.Simulation.Plants;

/// <summary>A bug that is put around the store, to prove that the simulation would find it inside.</summary>
/// <param name="Name">For the command line.</param>
/// <param name="What">What is wrong.</param>
/// <param name="Wrap">Puts it around a process's disk.</param>
internal sealed record PlantedBug(string Name, string What, Func<IStoreDisk, IStoreDisk> Wrap)
{
    public static IReadOnlyList<PlantedBug> All { get; } =
    [
        new("unsynced-packs", "packs are renamed into place without a sync", disk => new SkippedSyncs(disk, ".pack")),
        new("unsynced-snapshots", "snapshot records are renamed into place without a sync", disk => new SkippedSyncs(disk, ".new")),
        new("unsynced-directories", "no directory is ever synced", disk => new SkippedDirectorySyncs(disk)),
        new("late-pack-sync", "packs are synced only after the snapshot that names them is in place", disk => new LateSyncs(disk)),
        new("impatient-gc", "gc believes that no session lives and deletes condemned packs at once", disk => new BlindToLocks(disk)),
        new("lost-session-locks", "sessions hold no lock", disk => new LostLocks(disk)),
        new("unwritten-chunks", "some writes to packs are acknowledged and never done", disk => new DroppedWrites(disk)),
        new("stale-reads", "a read now and then gives another block's bytes, as a cache that was not invalidated does", disk => new StaleReads(disk)),
        new("stale-listings", "listings of snapshots are one call behind", disk => new StaleListings(disk)),
        new("torn-rename", "a rename copies and deletes", disk => new CopyingRename(disk)),
        new("undeleted-snapshots", "deletions of snapshots are acknowledged and not done", disk => new IgnoredDeletes(disk)),
        new("short-packs", "packs lose their last bytes when they are sealed", disk => new ShortSeals(disk)),
    ];
}

internal sealed class SkippedSyncs(IStoreDisk inner, string suffix) : DiskDouble(inner)
{
    protected override IStoreFile Wrap(string path, IStoreFile file) => path.EndsWith(suffix, StringComparison.Ordinal) ? new Unsynced(file) : file;

    private sealed class Unsynced(IStoreFile inner) : FileDouble(inner)
    {
        public override void Sync()
        {
        }
    }
}

internal sealed class SkippedDirectorySyncs(IStoreDisk inner) : DiskDouble(inner)
{
    public override void SyncDirectory(string path)
    {
    }
}

/// <summary>Holds pack syncs back until a snapshot has been renamed into place and its directory synced.</summary>
internal sealed class LateSyncs(IStoreDisk inner) : DiskDouble(inner)
{
    private readonly List<string> _due = [];

    public override void Rename(string from, string to)
    {
        Inner.Rename(from, to);
        if (to.StartsWith("packs/", StringComparison.Ordinal))
        {
            _due.Add(to);
        }
    }

    public override void SyncDirectory(string path)
    {
        Inner.SyncDirectory(path);
        if (path == "snapshots")
        {
            foreach (string pack in _due)
            {
                using IStoreFile file = Inner.OpenWrite(pack);
                file.Sync();
            }

            _due.Clear();
        }
    }

    protected override IStoreFile Wrap(string path, IStoreFile file) => path.EndsWith(".pack", StringComparison.Ordinal) ? new Held(file) : file;

    private sealed class Held(IStoreFile inner) : FileDouble(inner)
    {
        public override void Sync()
        {
        }
    }
}

internal sealed class BlindToLocks(IStoreDisk inner) : DiskDouble(inner)
{
    public override bool IsLocked(string path) => false;
}

internal sealed class LostLocks(IStoreDisk inner) : DiskDouble(inner)
{
    public override IStoreLock? TryLock(string path)
    {
        if (path.EndsWith(".session", StringComparison.Ordinal) && Inner.TryLock(path) is { } held)
        {
            held.Dispose();
            return new NoLock();
        }

        return Inner.TryLock(path);
    }

    private sealed class NoLock : IStoreLock
    {
        public bool IsStillNamed => true;

        public void Describe(ReadOnlySpan<byte> content)
        {
        }

        public void Dispose()
        {
        }
    }
}

internal sealed class DroppedWrites(IStoreDisk inner) : DiskDouble(inner)
{
    private const int Every = 23;

    private int _writes;

    protected override IStoreFile Wrap(string path, IStoreFile file) => path.EndsWith(".pack", StringComparison.Ordinal) ? new Dropping(this, file) : file;

    private sealed class Dropping(DroppedWrites owner, IStoreFile inner) : FileDouble(inner)
    {
        public override void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes)
        {
            if (++owner._writes % Every != 0)
            {
                base.WriteAt(buffer, offsetBytes);
            }
        }
    }
}

internal sealed class StaleReads(IStoreDisk inner) : DiskDouble(inner)
{
    private const int Every = 5;

    private readonly Dictionary<string, byte[]> _first = new(StringComparer.Ordinal);
    private int _reads;

    protected override IStoreFile Wrap(string path, IStoreFile file) => new Stale(this, path, file);

    private sealed class Stale(StaleReads owner, string path, IStoreFile inner) : FileDouble(inner)
    {
        public override int ReadAt(Span<byte> buffer, long offsetBytes)
        {
            string key = $"{path}@{offsetBytes}+{buffer.Length}";
            int read = base.ReadAt(buffer, offsetBytes);
            if (!owner._first.TryGetValue(key, out byte[]? first))
            {
                owner._first.Add(key, buffer[..read].ToArray());
            }
            else if (++owner._reads % Every == 0)
            {
                // A block of another place of the cache: what a lost invalidation shows.
                byte[] other = owner._first.Values.ElementAt(owner._reads % owner._first.Count);
                other.AsSpan(0, Math.Min(other.Length, read)).CopyTo(buffer);
            }

            return read;
        }
    }
}

internal sealed class StaleListings(IStoreDisk inner) : DiskDouble(inner)
{
    private IReadOnlyList<StoreEntry> _last = [];

    public override IReadOnlyList<StoreEntry> List(string directory)
    {
        if (directory != "snapshots")
        {
            return Inner.List(directory);
        }

        IReadOnlyList<StoreEntry> stale = _last;
        _last = Inner.List(directory);
        return stale;
    }
}

internal sealed class CopyingRename(IStoreDisk inner) : DiskDouble(inner)
{
    public override void Rename(string from, string to)
    {
        byte[] content;
        using (IStoreFile source = Inner.OpenRead(from))
        {
            content = new byte[source.LengthBytes];
            source.ReadAt(content, 0);
        }

        try
        {
            Inner.Delete(to);
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            // Nothing to replace.
        }

        using (IStoreFile target = Inner.Create(to))
        {
            target.WriteAt(content, 0);
        }

        Inner.Delete(from);
    }
}

internal sealed class IgnoredDeletes(IStoreDisk inner) : DiskDouble(inner)
{
    public override void Delete(string path)
    {
        if (!path.StartsWith("snapshots/", StringComparison.Ordinal))
        {
            Inner.Delete(path);
        }
    }
}

internal sealed class ShortSeals(IStoreDisk inner) : DiskDouble(inner)
{
    public override void Rename(string from, string to)
    {
        if (to.StartsWith("packs/", StringComparison.Ordinal))
        {
            using IStoreFile pack = Inner.OpenWrite(from);
            pack.SetLength(pack.LengthBytes - 1);
            pack.Sync();
        }

        Inner.Rename(from, to);
    }
}
