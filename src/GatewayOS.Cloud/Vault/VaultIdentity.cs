using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>Sees to it that two stores never get into one vault, and that a disk that is not mounted is not taken for an empty vault.</summary>
internal static class VaultIdentity
{
    private const string ConfigName = "config.json";

    /// <summary>The config file of the store in a vault; null when there is none.</summary>
    /// <exception cref="StoreIoException">It cannot be read.</exception>
    public static byte[]? ConfigOf(VaultDisk vault)
    {
        if (vault.Listing.Find(ConfigName) is not { } found)
        {
            return null;
        }

        byte[] config = new byte[found.LengthBytes];
        using IStoreFile file = vault.OpenRead(ConfigName);
        file.ReadAt(config, 0);
        return config;
    }

    /// <summary>Refuses a vault into which a machine backs up straight: what it has not told to anybody would be taken for garbage.</summary>
    /// <param name="medium">The vault.</param>
    /// <param name="isDirect">True for that machine.</param>
    /// <param name="cancellation">Stops the look.</param>
    /// <exception cref="StoreUnusableException">It is such a vault.</exception>
    public static void RequireNoOther(IVaultMedium medium, bool isDirect, CancellationToken cancellation)
    {
        if (!isDirect && DirectWriter.Read(medium, cancellation) is { } writer)
        {
            throw new StoreUnusableException($"{writer.Host} backs up straight into {medium.Location}: it is that machine's vault and store in one. Choose another place for the copy of this store.");
        }
    }

    /// <summary>Refuses a vault that is not this store's.</summary>
    /// <exception cref="StoreUnusableException">It is another store's, or something is missing that must not be.</exception>
    public static void Check(SealedStore store, VaultDisk vault, VaultLedger ledger, bool refill)
    {
        if (ConfigOf(vault) is not { } there)
        {
            // Key slots come before the config file: a first sync that was cut off leaves them alone.
            bool expected = ledger.Find(ConfigName) is null && vault.Listing.Objects.All(there => SealedFile.TryParse(there.Name, out SealedFile file) && file.Kind == SealedKind.KeySlot);
            if (!expected && !refill)
            {
                throw new StoreUnusableException(vault.Listing.Count == 0
                    ? $"{vault.Location} is empty, although {ledger.Count} objects were put there. Is the disk mounted, the bucket the right one? To fill it anew use --refill."
                    : $"{vault.Location} has objects and no {ConfigName}, so it does not say whose vault it is. If it is this store's, use --refill.");
            }

            return;
        }

        if (!store.Config.Span.SequenceEqual(there) && ledger.Find(ConfigName) is null && !refill)
        {
            throw new StoreUnusableException($"{vault.Location} is the vault of another store than {store.Location}. Choose another place for this one.");
        }
    }
}
