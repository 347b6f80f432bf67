using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>What a vault lacks of a store.</summary>
public sealed record VaultBacklog
{
    /// <summary>Snapshots that the vault has.</summary>
    public int SnapshotsThere { get; init; }

    /// <summary>Snapshots of the store that it is to have and has not.</summary>
    public int Snapshots { get; init; }

    /// <summary>Packs that it has not.</summary>
    public int Packs { get; init; }

    /// <summary>All files that it has not.</summary>
    public int Objects { get; init; }

    /// <summary>Bytes of them.</summary>
    public long Bytes { get; init; }

    /// <summary>Objects that were put and are missing or altered; also among those above when they are missing.</summary>
    public int Altered { get; init; }

    /// <summary>Until when it had everything; null before the first sync has ended.</summary>
    public DateTimeOffset? CompleteUntil { get; init; }

    /// <summary>The vault's RPO: how far it is behind. Zero when it lacks nothing, null before the first sync has ended.</summary>
    public TimeSpan? Behind { get; init; }

    /// <summary>How far the vault's tasks have come; none when it gets everything without any.</summary>
    public IReadOnlyList<VaultTaskProgress> Tasks { get; init; } = [];

    /// <summary>Compares.</summary>
    /// <param name="store">The store.</param>
    /// <param name="vault">What is in the vault.</param>
    /// <param name="ledger">What was put there.</param>
    /// <param name="scope">What the vault is to have.</param>
    /// <param name="time">Clock.</param>
    /// <param name="cancellation">Stops it.</param>
    public static VaultBacklog Measure(SealedStore store, VaultListing vault, VaultLedger ledger, VaultScope scope, TimeProvider time, CancellationToken cancellation)
    {
        VaultContent content = scope.Read(store, vault, cancellation);
        IReadOnlyList<SealedFile> files = content.Files;
        SealedFile[] lacking = [.. files.Where(file => vault.Find(file.Name) is null)];
        TimeSpan? behind = ledger.CompleteUntil is { } complete ? time.GetUtcNow() - complete : null;
        return new VaultBacklog
        {
            SnapshotsThere = vault.Objects.Count(there => SealedFile.TryParse(there.Name, out SealedFile file) && file.Kind == SealedKind.Snapshot),
            Snapshots = lacking.Count(file => file.Kind == SealedKind.Snapshot),
            Packs = lacking.Count(file => file.Kind == SealedKind.Pack),
            Objects = lacking.Length,
            Bytes = lacking.Sum(file => LengthOf(store, file)),
            Altered = files.Count(file => ledger.Find(file.Name) is { } known && (vault.Find(file.Name) is not { } there || there.Tag != known.Tag || there.LengthBytes != known.LengthBytes)),
            Tasks = content.Progress(vault),
            CompleteUntil = ledger.CompleteUntil,
            Behind = lacking.Length == 0 && behind is not null ? TimeSpan.Zero : behind,
        };
    }

    private static long LengthOf(SealedStore store, SealedFile file)
    {
        try
        {
            using IStoreFile opened = store.Open(file);
            return opened.LengthBytes;
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            // gc or a merge took it since it was listed.
            return 0;
        }
    }
}
