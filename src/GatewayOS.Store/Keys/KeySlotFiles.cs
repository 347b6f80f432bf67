using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Keys;

/// <summary>The key slots of a store, one file each in <c>keys/</c>.</summary>
internal static class KeySlotFiles
{
    /// <summary>Adds a slot.</summary>
    /// <exception cref="StoreUnusableException">The secret cannot serve as one.</exception>
    public static KeySlotInfo Add(IStoreDisk disk, string owner, MasterKey master, StoreSecret secret, string label, ReadOnlySpan<byte> binding, KdfCost? cost, TimeProvider time)
    {
        byte[] document;
        try
        {
            document = KeySlot.Create(master, secret, label, binding, cost ?? KdfCost.Default, time);
        }
        catch (ArgumentException error)
        {
            throw new StoreUnusableException(error.Message, error);
        }

        if (!KeySlot.TryReadInfo(document, out KeySlotInfo? info, out UnlockOutcome outcome))
        {
            throw new InvalidOperationException($"A new key slot cannot be read: {outcome.Reason}");
        }

        DurableFile.Replace(disk, owner, PathOf(info.Id), document);
        return info;
    }

    /// <summary>Opens the store with a secret: tries every slot of its kind.</summary>
    /// <exception cref="StoreUnusableException">No slot opens; nothing was changed.</exception>
    public static MasterKey Unlock(IStoreDisk disk, StoreSecret secret, ReadOnlySpan<byte> binding)
    {
        var reasons = new List<string>();
        bool anyDamaged = false;
        foreach (StoreEntry entry in SlotFiles(disk))
        {
            UnlockOutcome outcome = KeySlot.TryUnlock(DurableFile.Read(disk, $"{StoreLayout.Keys}/{entry.Name}"), secret, binding, out MasterKey? master);
            if (master is not null)
            {
                return master;
            }

            anyDamaged |= outcome.Status is UnlockStatus.Damaged or UnlockStatus.Unsupported;
            reasons.Add($"{entry.Name}: {outcome.Reason}");
        }

        if (reasons.Count == 0)
        {
            throw new StoreUnusableException($"{disk.Location}/{StoreLayout.Keys} holds no key slot: nobody can unlock this store. Restore the directory from a copy of the store.");
        }

        string what = secret.Kind switch
        {
            KeySlotKinds.Passphrase => "The passphrase is wrong",
            KeySlotKinds.KeyFile => "The key file is not one of this store",
            _ => "The recovery key is not one of this store",
        };
        string remedy = anyDamaged ? "Some slots are damaged; use another key that still works, or restore the slot files from a copy." : "Check it, or unlock with another key.";
        throw new StoreUnusableException($"{what}: none of the {reasons.Count} key slots of {disk.Location} opens ({string.Join("; ", reasons)}). {remedy}");
    }

    /// <summary>The readable slots, oldest first.</summary>
    public static IReadOnlyList<KeySlotInfo> List(IStoreDisk disk)
    {
        var slots = new List<KeySlotInfo>();
        foreach (StoreEntry entry in SlotFiles(disk))
        {
            if (KeySlot.TryReadInfo(DurableFile.Read(disk, $"{StoreLayout.Keys}/{entry.Name}"), out KeySlotInfo? info, out _))
            {
                slots.Add(info);
            }
        }

        return [.. slots.OrderBy(slot => slot.Created).ThenBy(slot => slot.Id, StringComparer.Ordinal)];
    }

    /// <summary>Removes a slot; refuses the last one that is whole. One removal at a time, or two could take the last two.</summary>
    /// <exception cref="StoreUnusableException">No or several slots match, it is the last, or another removal runs.</exception>
    public static KeySlotInfo Remove(IStoreDisk disk, string idOrPrefix, ReadOnlySpan<byte> binding)
    {
        using IStoreLock? held = disk.TryLock(StoreLayout.KeysLock);
        if (held is null)
        {
            throw new StoreUnusableException($"Another key slot of {disk.Location} is being removed now. Try again when that has ended.");
        }

        IReadOnlyList<KeySlotInfo> slots = List(disk);
        KeySlotInfo[] matches = [.. slots.Where(slot => idOrPrefix.Length > 0 && slot.Id.StartsWith(idOrPrefix, StringComparison.OrdinalIgnoreCase))];
        if (matches.Length != 1)
        {
            throw new StoreUnusableException($"'{idOrPrefix}' is the beginning of {matches.Length} key slots' IDs. 'gatewayctl store key list' shows them.");
        }

        // A slot that is rotten opens nothing, however well it reads.
        bool otherIsWhole = false;
        foreach (KeySlotInfo other in slots.Where(slot => slot.Id != matches[0].Id))
        {
            otherIsWhole |= Check(disk, PathOf(other.Id), binding) is null;
        }

        if (!otherIsWhole)
        {
            throw new StoreUnusableException("No other key slot is whole: without this one nobody could unlock the store. Add another one first.");
        }

        disk.Delete(PathOf(matches[0].Id));
        disk.SyncDirectory(StoreLayout.Keys);
        return matches[0];
    }

    /// <summary>Checks a slot file without its secret.</summary>
    /// <returns>Null when it is a slot, else what is wrong.</returns>
    public static string? Check(IStoreDisk disk, string path, ReadOnlySpan<byte> binding)
    {
        try
        {
            UnlockOutcome outcome = KeySlot.Check(DurableFile.Read(disk, path), binding);
            return outcome.Status == UnlockStatus.Unlocked ? null : outcome.Reason;
        }
        catch (Exception error) when (error is StoreIoException or StoreDamagedException)
        {
            return error.Message;
        }
    }

    private static string PathOf(string id) => $"{StoreLayout.Keys}/{id}{StoreLayout.KeySuffix}";

    private static IEnumerable<StoreEntry> SlotFiles(IStoreDisk disk) =>
        disk.List(StoreLayout.Keys).Where(entry => entry.Name.EndsWith(StoreLayout.KeySuffix, StringComparison.Ordinal)).OrderBy(entry => entry.Name, StringComparer.Ordinal);
}
