using GatewayOS.Store;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// What of a store a vault is to have: everything, or what the snapshots of its tasks need. Snapshot records are sealed, so only who has a key can tell whose they are; everything needs none.
/// </summary>
public sealed class VaultScope
{
    private readonly IReadOnlyList<VaultTask>? _tasks;
    private readonly Func<BackupStore>? _open;
    private readonly VaultScopeNote? _note;

    private VaultScope(IReadOnlyList<VaultTask>? tasks, Func<BackupStore>? open, VaultScopeNote? note) => (_tasks, _open, _note) = (tasks, open, note);

    /// <summary>Everything.</summary>
    public static VaultScope Everything { get; } = new(null, null, null);

    /// <summary>What tasks take.</summary>
    /// <param name="tasks">The tasks; none for nothing.</param>
    /// <param name="open">Opens the store with a key.</param>
    /// <param name="note">What was walked before; null to walk every time.</param>
    public static VaultScope Of(IReadOnlyList<VaultTask> tasks, Func<BackupStore> open, VaultScopeNote? note) => new(tasks, open, note);

    /// <summary>Lists what the vault is to have of a store.</summary>
    /// <param name="store">The store, in the session in which it is copied; borrowed.</param>
    /// <param name="vault">What is in the vault: what a paused task has put there stays meant.</param>
    /// <param name="cancellation">Stops the walk of trees.</param>
    /// <exception cref="StoreUnusableException">The store cannot be opened with the key.</exception>
    /// <exception cref="StoreIoException">It cannot be read.</exception>
    public VaultContent Read(SealedStore store, VaultListing vault, CancellationToken cancellation)
    {
        IReadOnlyList<SealedFile> all = store.List();
        if (_tasks is null)
        {
            return new VaultContent(all, IsWhole: true, [], [], null);
        }

        // Opened within the session, so that gc takes nothing from under it (LOCKING.md, "Copies without a key"). A pack that has gone all the same is listed: who cannot
        // read it commits nothing and lists anew.
        using BackupStore opened = _open!();
        SnapshotList snapshots = opened.Snapshots();
        var listed = all.Where(file => file.IsNamedByContent).Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
        SnapshotRecord[] records = [.. snapshots.Records.Where(record => listed.Contains(NameOf(record)))];
        if (_tasks.Any(task => task.SendsAll))
        {
            return new VaultContent(all, IsWhole: true, _tasks, records, null);
        }

        // Whose a damaged record is cannot be told: as long as there is one, nothing may count as not meant.
        VaultFinding? damage = snapshots.Damaged.Select(damaged => new VaultFinding($"snapshots/{damaged.FileName}", $"it is damaged in the store: {damaged.Reason}", "Whose it is cannot be told. 'gatewayctl vault heal' takes a good copy back from a vault that has one; else run 'gatewayctl store repair'.")).FirstOrDefault();
        SnapshotRecord[] meant = [.. records.Where(record => _tasks.Any(task => task.Takes(record.Draft) && (!task.Paused || vault.Find(NameOf(record)) is not null)))];
        (IReadOnlyCollection<string> packs, VaultFinding? loss) = PacksOf(opened, meant, listed, cancellation);
        SealedFile[] files =
        [
            .. all.Where(file => file.Kind is SealedKind.KeySlot or SealedKind.Config),
            .. packs.Order(StringComparer.Ordinal).Select(name => new SealedFile(SealedKind.Pack, name)),
            .. meant.Select(NameOf).Order(StringComparer.Ordinal).Select(name => new SealedFile(SealedKind.Snapshot, name)),
        ];
        return new VaultContent(files, IsWhole: false, _tasks, records, damage ?? loss);
    }

    internal static string NameOf(SnapshotRecord record) => $"snapshots/{record.Id}.snap";

    // Packs never change, so what was found in them stays there while they do. Only what is new is walked, unless a pack has gone, or a snapshot that some of them were for.
    private (IReadOnlyCollection<string> Packs, VaultFinding? Loss) PacksOf(BackupStore opened, SnapshotRecord[] meant, HashSet<string> listed, CancellationToken cancellation)
    {
        string[] names = [.. meant.Select(NameOf)];
        var packs = new HashSet<string>(StringComparer.Ordinal);
        var walked = new HashSet<string>(StringComparer.Ordinal);
        if (_note?.Read() is { } known && known.Snapshots.IsSubsetOf(names) && known.Packs.IsSubsetOf(listed))
        {
            (packs, walked) = (known.Packs, known.Snapshots);
        }

        VaultFinding? loss = null;
        SnapshotChunks.Walk(
            opened,
            [.. meant.Where(record => !walked.Contains(NameOf(record)))],
            id =>
            {
                if (opened.PackOf(id) is { } pack)
                {
                    packs.Add(SealedFile.Pack(pack).Name);
                }
                else
                {
                    Lose(id, "no pack has it");
                }
            },
            cancellation,
            Lose);
        if (loss is null)
        {
            _note?.Write(names, packs);
        }

        return (packs, loss);

        void Lose(ChunkId id, string reason) =>
            loss ??= new VaultFinding($"chunk {id}", $"a snapshot needs it, and it cannot be read from the store: {reason}", "'gatewayctl store verify' tells which snapshots it touches; 'gatewayctl vault heal' takes a good copy back from a vault that has one.");
    }
}

/// <summary>What a vault is to have.</summary>
/// <param name="Files">Its files, in the order in which they are put.</param>
/// <param name="IsWhole">True when they are the whole store, the index with it; else the vault gets an index of its own.</param>
/// <param name="Tasks">What the vault is filled by; none when that is everything.</param>
/// <param name="Records">The store's snapshots; none when there are no tasks, for then nobody has looked.</param>
/// <param name="Damage">What in the store is so damaged that the files may be too few; null for nothing.</param>
public sealed record VaultContent(IReadOnlyList<SealedFile> Files, bool IsWhole, IReadOnlyList<VaultTask> Tasks, IReadOnlyList<SnapshotRecord> Records, VaultFinding? Damage)
{
    /// <summary>How far each task has come.</summary>
    /// <param name="vault">What is in the vault.</param>
    public IReadOnlyList<VaultTaskProgress> Progress(VaultListing vault) => [.. Tasks.Select(task => VaultTaskProgress.Measure(task, Records, vault))];
}
