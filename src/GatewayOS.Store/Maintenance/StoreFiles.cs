using GatewayOS.Store.Index;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>Checks of a store's files that need no key, and the listing of its packs.</summary>
internal static class StoreFiles
{
    private const string ForeignRemedy = "Move it elsewhere; the store neither reads nor deletes it.";

    /// <summary>All packs by name and length, in order of their IDs; anything else in their place is reported as foreign.</summary>
    public static List<(ChunkId Id, long Bytes)> ListPacks(IStoreDisk disk, FindingList findings)
    {
        var packs = new List<(ChunkId Id, long Bytes)>();
        foreach (StoreEntry shard in disk.List(StoreLayout.Packs))
        {
            string directory = $"{StoreLayout.Packs}/{shard.Name}";
            if (!shard.IsDirectory || shard.Name.Length != 2)
            {
                findings.Add(FindingKind.Foreign, directory, "it is no pack directory", ForeignRemedy);
                continue;
            }

            foreach (StoreEntry entry in disk.List(directory))
            {
                if (!entry.IsDirectory && StoreLayout.TryParseId(entry.Name, StoreLayout.PackSuffix, out ChunkId id) && StoreLayout.PackShard(id) == directory)
                {
                    packs.Add((id, entry.LengthBytes));
                }
                else
                {
                    findings.Add(FindingKind.Foreign, $"{directory}/{entry.Name}", "it is no pack of this directory", ForeignRemedy);
                }
            }
        }

        packs.Sort((left, right) => left.Id.CompareTo(right.Id));
        return packs;
    }

    public static void CheckKeySlots(IStoreDisk disk, ReadOnlySpan<byte> binding, FindingList findings)
    {
        int usable = 0;
        foreach (StoreEntry entry in disk.List(StoreLayout.Keys))
        {
            string path = $"{StoreLayout.Keys}/{entry.Name}";
            string? reason = KeySlotFiles.Check(disk, path, binding);
            usable += reason is null ? 1 : 0;
            if (reason is not null)
            {
                findings.Add(FindingKind.KeySlot, path, reason, "Remove the slot and add it again with another key that still works.");
            }
        }

        if (usable == 0)
        {
            findings.Add(FindingKind.KeySlot, StoreLayout.Keys, "no usable key slot is left", "Restore the key directory from a copy of the store: without a slot nobody can unlock it.");
        }
    }

    /// <summary>Checks the hash of every snapshot record.</summary>
    /// <returns>How many are good.</returns>
    public static long CheckSnapshotsKeyless(IStoreDisk disk, Guid storeId, FindingList findings)
    {
        long good = 0;
        foreach (StoreEntry entry in disk.List(StoreLayout.Snapshots))
        {
            string? reason;
            try
            {
                reason = SnapshotFile.Check(entry.Name, DurableFile.Read(disk, $"{StoreLayout.Snapshots}/{entry.Name}"), storeId);
            }
            catch (Exception error) when (error is StoreIoException or StoreDamagedException)
            {
                reason = error.Message;
            }

            good += reason is null ? 1 : 0;
            if (reason is not null)
            {
                findings.Add(FindingKind.Snapshot, entry.Name, reason, "The restore point is lost. Run repair with the key to move the file away, or restore it from a copy of the store.");
            }
        }

        return good;
    }

    /// <summary>Checks every page of every index segment, and gathers the packs they name.</summary>
    public static void CheckIndexKeyless(IStoreDisk disk, Guid storeId, PackTable packs, FindingList findings)
    {
        const string remedy = "Run rebuild-index with the key: the index is made anew from the packs, nothing is lost.";
        var cache = new IndexPageCache();
        foreach (string name in disk.ListNames(StoreLayout.Index).Where(name => !name.EndsWith(StoreLayout.GoneSuffix, StringComparison.Ordinal)))
        {
            try
            {
                using IndexSegment segment = IndexSegment.Open(disk, $"{StoreLayout.Index}/{name}", storeId, packs, cache);
                if (segment.Check() is { } reason)
                {
                    findings.Add(FindingKind.Index, name, reason, remedy);
                }
            }
            catch (OutdatedSegmentException)
            {
                // The next backup replaces it.
            }
            catch (Exception error) when (error is StoreDamagedException or StoreIoException)
            {
                findings.Add(FindingKind.Index, name, error.Message, remedy);
            }
        }
    }

    /// <summary>Reports packs that the index names and that are not there, nor deleted by gc.</summary>
    public static void CheckPacksNamed(PackTable named, PackSurvey survey, HashSet<ChunkId> gone, FindingList findings)
    {
        var there = new HashSet<ChunkId>(survey.Whole);
        there.UnionWith(gone);
        there.UnionWith(survey.Torn.Keys);
        for (int number = 0; number < named.Count; number++)
        {
            if (!there.Contains(named.Id(number)))
            {
                findings.Add(
                    FindingKind.PackMissing,
                    named.Id(number) + StoreLayout.PackSuffix,
                    $"the index names this pack of {named.LengthBytes(number)} bytes, and it is not there",
                    "Run verify with the key: it tells what needs the pack. If nothing does, rebuild-index brings the index up to date.");
            }
        }
    }
}
