using GatewayOS.Store;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>How to collect.</summary>
public sealed record VaultGcOptions
{
    /// <summary>
    /// Days for which a snapshot stays in the vault after it was seen that the store has forgotten it. Whoever gets hold of the appliance can forget everything there: this is the time in which
    /// somebody can notice.
    /// </summary>
    public int KeepDays { get; init; } = 30;

    /// <summary>True only tells what would go.</summary>
    public bool DryRun { get; init; }

    /// <summary>What the vault is to have: all else of the store counts as forgotten.</summary>
    public VaultScope Scope { get; init; } = VaultScope.Everything;

    /// <summary>True for the machine that backs up straight into this vault; all others are refused there.</summary>
    internal bool IsDirect { get; init; }

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>What a collection did.</summary>
/// <param name="Snapshots">Snapshots deleted.</param>
/// <param name="Packs">Packs deleted.</param>
/// <param name="Bytes">Bytes of both.</param>
/// <param name="SnapshotsWaiting">Snapshots that the store has forgotten and the vault still has: kept for their days, or locked.</param>
/// <param name="PacksWaiting">Packs that the store has not and the vault still has.</param>
public sealed record VaultGcReport(int Snapshots, int Packs, long Bytes, int SnapshotsWaiting, int PacksWaiting);

/// <summary>
/// Deletes from a vault what has not been meant for it for a while, because the store has forgotten it or no task takes it any more: first snapshot records, then packs that no record in the vault can need. Breaks no lock. Why nothing needed goes
/// stands in VAULT.md, "Collecting".
/// </summary>
public static class VaultGc
{
    /// <summary>Collects.</summary>
    /// <param name="store">The store; borrowed. The vault must have all of it: sync first.</param>
    /// <param name="medium">Where the vault is; borrowed.</param>
    /// <param name="ledger">What was put there, and since when things are gone; borrowed.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops it; what is left is whole.</param>
    /// <exception cref="StoreUnusableException">The vault lacks something of the store, or is another's.</exception>
    /// <exception cref="VaultException">The vault cannot be reached.</exception>
    public static VaultGcReport Run(SealedStore store, IVaultMedium medium, VaultLedger ledger, VaultGcOptions options, CancellationToken cancellation)
    {
        VaultListing vault = VaultListing.ReadAsync(medium, cancellation).GetAwaiter().GetResult();
        VaultIdentity.RequireNoOther(medium, options.IsDirect, cancellation);
        VaultIdentity.Check(store, new VaultDisk(medium, vault, cancellation), ledger, refill: false);
        VaultContent content = options.Scope.Read(store, vault, cancellation);
        if (content.Damage is { } damage)
        {
            throw new StoreUnusableException($"Nothing can be called garbage while {damage.Object} of the store is damaged: {damage.Detail}. {damage.Remedy}");
        }

        IReadOnlyList<SealedFile> files = content.Files;
        if (files.Where(file => file.Kind is SealedKind.Snapshot or SealedKind.Pack).FirstOrDefault(file => vault.Find(file.Name) is null) is { Name: not null } lacking)
        {
            throw new StoreUnusableException($"{medium.Location} lacks {lacking.Name} of the store. Sync first: what gc has moved into new packs must be there before old ones go.");
        }

        DateTimeOffset now = options.Time.GetUtcNow();
        List<Gone> gone = NoteGone(files, vault, ledger, now);
        Gone[] snapshots = [.. gone.Where(entry => entry.File.Kind == SealedKind.Snapshot)];
        Gone[] forgotten = [.. snapshots.Where(entry => entry.Since.AddDays(options.KeepDays) <= now && !IsLocked(entry.There, ledger, medium, now))];
        Gone[] kept = [.. snapshots.Except(forgotten)];

        // A pack that a kept snapshot may need went from the store after that snapshot did.
        DateTimeOffset oldestKept = kept.Length > 0 ? kept.Min(entry => entry.Since) : DateTimeOffset.MaxValue;
        Gone[] packs = [.. gone.Where(entry => entry.File.Kind == SealedKind.Pack)];
        Gone[] garbage = [.. packs.Where(entry => entry.Since < oldestKept && !IsLocked(entry.There, ledger, medium, now))];
        if (!options.DryRun)
        {
            Purge(forgotten, medium, vault, ledger, cancellation);

            // Before the packs: nobody may look for a chunk, or miss a pack, where it is no more.
            if (garbage.Length > 0)
            {
                HashSet<ChunkId> stay = [.. VaultSegments.PacksIn(vault)];
                stay.ExceptWith(garbage.Select(entry => entry.File.Id));
                HashSet<string> index = [.. files.Where(file => file.Kind is SealedKind.Index or SealedKind.Gone).Select(file => file.Name)];
                new VaultSegments(store, medium, vault, ledger, cancellation).Cover(stay, index);
            }

            Purge(garbage, medium, vault, ledger, cancellation);
        }

        ledger.Save();
        long bytes = forgotten.Concat(garbage).Sum(entry => entry.There.LengthBytes);
        return new VaultGcReport(forgotten.Length, garbage.Length, bytes, kept.Length, packs.Length - garbage.Length);
    }

    private static List<Gone> NoteGone(IReadOnlyList<SealedFile> files, VaultListing vault, VaultLedger ledger, DateTimeOffset now)
    {
        var there = files.Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
        var gone = new List<Gone>();
        foreach (VaultObject found in vault.Objects)
        {
            if (!SealedFile.TryParse(found.Name, out SealedFile file) || !file.IsNamedByContent)
            {
                continue;
            }

            if (there.Contains(found.Name))
            {
                ledger.NoteThere(found.Name);
                continue;
            }

            if (ledger.Find(found.Name) is null)
            {
                ledger.Set(found);
            }

            gone.Add(new Gone(file, found, ledger.NoteGone(found.Name, now)));
        }

        return gone;
    }

    // The service has the last word; this only spares the vault from hiding what cannot go. Where the end is not known a whole lock's length has to pass.
    private static bool IsLocked(VaultObject there, VaultLedger ledger, IVaultMedium medium, DateTimeOffset now)
    {
        if (medium.LockDays == 0)
        {
            return false;
        }

        VaultObject known = ledger.Find(there.Name) ?? there;
        if (known.LockedUntil is null)
        {
            ledger.Set(known with { LockedUntil = now.AddDays(medium.LockDays) });
            return true;
        }

        return known.LockedUntil > now;
    }

    private static void Purge(Gone[] objects, IVaultMedium medium, VaultListing vault, VaultLedger ledger, CancellationToken cancellation)
    {
        foreach (Gone entry in objects)
        {
            medium.PurgeAsync(entry.There.Name, cancellation).GetAwaiter().GetResult();
            vault.Remove(entry.There.Name);
            ledger.Remove(entry.There.Name);
        }
    }

    private readonly record struct Gone(SealedFile File, VaultObject There, DateTimeOffset Since);
}
