using System.Security.Cryptography;
using GatewayOS.Store;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// The index of a vault that has not all packs of its store: segments made from the directories of the packs that it has, and of no others. The store's own would name packs that are elsewhere, and may know
/// a chunk in one of those alone. Why this one leads to every chunk stands in VAULT.md, "The index of a part".
/// </summary>
/// <param name="store">The store; borrowed.</param>
/// <param name="medium">Where the vault is; borrowed.</param>
/// <param name="vault">What is in it.</param>
/// <param name="ledger">What was put there.</param>
/// <param name="cancellation">Stops it.</param>
internal sealed class VaultSegments(SealedStore store, IVaultMedium medium, VaultListing vault, VaultLedger ledger, CancellationToken cancellation)
{
    private const int NameDigits = 32;
    private const string NameEnd = "-vault.idx";

    /// <summary>
    /// Sees to it that segments name every one of these packs, and no other. What is lacking is put first, then what it stands in for goes: whoever reads meanwhile finds every chunk.
    /// </summary>
    /// <param name="packs">The packs: those in the vault, without what is about to be deleted.</param>
    /// <param name="stays">Segments and lists of the store's own that stay, whatever they name; none in a part of a store.</param>
    /// <returns>How many were removed.</returns>
    public int Cover(IReadOnlySet<ChunkId> packs, IReadOnlySet<string> stays)
    {
        var disk = new VaultDisk(medium, vault, cancellation);
        Segment[] segments = Read(disk);
        ILookup<bool, Segment> own = segments.Where(segment => !stays.Contains(segment.There.Name)).ToLookup(segment => IsRight(segment, packs));
        Segment[] right = [.. own[true].OrderBy(segment => segment.Packs.Count)];
        var replaced = own[false].Select(segment => segment.There.Name).ToHashSet(StringComparer.Ordinal);
        HashSet<ChunkId> covered = [.. segments.Where(segment => stays.Contains(segment.There.Name)).Concat(right).SelectMany(segment => segment.Packs)];
        HashSet<ChunkId> lacking = [.. packs.Where(pack => !covered.Contains(pack))];
        if (lacking.Count > 0)
        {
            Segment[] merged = right[..SealedStore.SegmentsToMerge([.. right.Select(segment => (long)segment.Packs.Count)], lacking.Count)];
            lacking.UnionWith(merged.SelectMany(segment => segment.Packs));
            replaced.UnionWith(merged.Select(segment => segment.There.Name));
            store.WithSegmentOf(lacking, disk, (segment, named) => replaced.Remove(Put(segment, named)), cancellation);
        }

        foreach (string name in replaced)
        {
            medium.DeleteAsync(name, cancellation).GetAwaiter().GetResult();
            vault.Remove(name);
            ledger.Remove(name);
        }

        return replaced.Count;
    }

    /// <summary>The packs that a vault has.</summary>
    public static IEnumerable<ChunkId> PacksIn(VaultListing vault) =>
        vault.Objects.Select(found => SealedFile.TryParse(found.Name, out SealedFile file) ? file : default).Where(file => file.Kind == SealedKind.Pack).Select(file => file.Id);

    private Segment[] Read(VaultDisk disk)
    {
        using var check = new SealedCheck(store.StoreId, store.Config);
        return [.. vault.Objects.Where(found => SealedFile.TryParse(found.Name, out SealedFile file) && file.Kind is SealedKind.Index or SealedKind.Gone).Select(found =>
        {
            using IStoreFile segment = disk.OpenRead(found.Name);
            return new Segment(found, check.PacksOf(segment));
        })];
    }

    // The store's own may have no entry of a record whose chunk stands twice. One that is not as it was put, that cannot be read, or that names what is not there, is made anew.
    private bool IsRight(Segment segment, IReadOnlySet<ChunkId> packs)
    {
        if (ledger.Find(segment.There.Name) is not { } known)
        {
            ledger.Set(segment.There);
            known = segment.There;
        }

        return segment.There.Name.EndsWith(NameEnd, StringComparison.Ordinal) && segment.Packs.Count > 0 && segment.Packs.All(packs.Contains) && known.LengthBytes == segment.There.LengthBytes && known.Tag == segment.There.Tag;
    }

    // Named after the packs: the same ones twice are the same segment.
    private string Put(IStoreFile segment, IReadOnlyList<ChunkId> named)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] id = new byte[ChunkId.SizeBytes];
        foreach (ChunkId pack in named.Order())
        {
            pack.CopyTo(id);
            hash.AppendData(id);
        }

        VaultObject put = medium.PutAsync($"index/{Convert.ToHexStringLower(hash.GetHashAndReset())[..NameDigits]}{NameEnd}", segment, cancellation).GetAwaiter().GetResult();
        vault.Set(put);
        ledger.Set(put);
        return put.Name;
    }

    private sealed record Segment(VaultObject There, IReadOnlyList<ChunkId> Packs);
}
