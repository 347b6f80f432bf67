using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store;

/// <content>Snapshots.</content>
public sealed partial class BackupStore
{
    /// <summary>All snapshots, oldest first, and the files that are none.</summary>
    public SnapshotList Snapshots()
    {
        var records = new List<SnapshotRecord>();
        var damaged = new List<DamagedSnapshot>();
        foreach (StoreEntry entry in Disk.List(StoreLayout.Snapshots))
        {
            try
            {
                records.Add(SnapshotFile.Decode(entry.Name, DurableFile.Read(Disk, $"{StoreLayout.Snapshots}/{entry.Name}"), Guid, Keys));
            }
            catch (StoreDamagedException error)
            {
                damaged.Add(new DamagedSnapshot(entry.Name, error.Message));
            }
            catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
            {
                // Forgotten by another process just now.
            }
            catch (StoreIoException error)
            {
                damaged.Add(new DamagedSnapshot(entry.Name, error.Message, error));
            }
        }

        return new SnapshotList(
            OldestFirst(records),
            [.. damaged.OrderBy(file => file.FileName, StringComparer.Ordinal)]);
    }

    /// <summary>
    /// The snapshots that can be read, oldest first, without reading records anew that were read before: a file never changes under its
    /// name. For looking, not for deciding what may go: damage that came since is not noticed. Their lists of problems are left out.
    /// </summary>
    public IReadOnlyList<SnapshotRecord> KnownSnapshots()
    {
        var known = new Dictionary<string, SnapshotRecord>(StringComparer.Ordinal);
        Dictionary<string, SnapshotRecord> before = Options.KnownSnapshots.ByFile;
        foreach (StoreEntry entry in Disk.List(StoreLayout.Snapshots))
        {
            if (before.TryGetValue(entry.Name, out SnapshotRecord? record))
            {
                known.Add(entry.Name, record);
                continue;
            }

            try
            {
                SnapshotRecord read = SnapshotFile.Decode(entry.Name, DurableFile.Read(Disk, $"{StoreLayout.Snapshots}/{entry.Name}"), Guid, Keys);
                known.Add(entry.Name, read with { Draft = read.Draft with { Problems = [] } });
            }
            catch (Exception error) when (error is StoreDamagedException or StoreIoException)
            {
                // Asked for again the next time; Snapshots() says what is wrong with it.
            }
        }

        Options.KnownSnapshots.ByFile = known;
        return OldestFirst(known.Values);
    }

    /// <summary>Finds a snapshot.</summary>
    /// <param name="idOrLatest">An ID, a unique beginning of one, or <c>latest</c>.</param>
    /// <exception cref="StoreUnusableException">None or several match.</exception>
    public SnapshotRecord FindSnapshot(string idOrLatest) =>
        Snapshots().Find(idOrLatest, $"{Location} holds no snapshot yet. Make one with 'gatewayctl store backup'.");

    /// <summary>Deletes a snapshot's record. Its chunks go with the next gc, as far as nothing else names them.</summary>
    /// <exception cref="StoreUnusableException">The snapshot is locked.</exception>
    public void DeleteSnapshot(SnapshotRecord snapshot)
    {
        Locks.RefuseIfLocked(snapshot.Id);
        DurableFile.DeleteIfPresent(Disk, StoreLayout.SnapshotPath(snapshot.Id));
        Disk.SyncDirectory(StoreLayout.Snapshots);
        Locks.Forget(snapshot.Id);
    }

    /// <summary>Writes a snapshot record: the commit point.</summary>
    internal SnapshotRecord WriteSnapshot(SnapshotDraft draft, DateTimeOffset finishedUtc)
    {
        (byte[] file, string id) = SnapshotFile.Encode(draft, finishedUtc, ProgramVersion, Guid, Keys, Entropy);
        DurableFile.Replace(Disk, NextTemporaryName(), StoreLayout.SnapshotPath(id), file);
        return SnapshotFile.Decode(id + StoreLayout.SnapshotSuffix, file, Guid, Keys);
    }

    private static SnapshotRecord[] OldestFirst(IEnumerable<SnapshotRecord> records) =>
        [.. records.OrderBy(record => record.Draft.StartedUtc).ThenBy(record => record.FinishedUtc).ThenBy(record => record.Id, StringComparer.Ordinal)];
}
