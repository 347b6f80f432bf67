using System.Collections.Concurrent;

namespace GatewayOS.Cloud.Vault;

/// <summary>What is in a vault, by name. Thread-safe.</summary>
public sealed class VaultListing
{
    // Packs are listed by the first digit of their ID, so that a vault of a million packs is listed in seconds: a service shows a thousand at a time.
    private const int PackListings = 16;

    private readonly ConcurrentDictionary<string, VaultObject> _objects = new(StringComparer.Ordinal);

    /// <summary>All objects, in no order.</summary>
    public IEnumerable<VaultObject> Objects => _objects.Values;

    /// <summary>How many there are.</summary>
    public int Count => _objects.Count;

    /// <summary>Lists a vault.</summary>
    /// <param name="medium">Where it is.</param>
    /// <param name="cancellation">Stops the listing.</param>
    /// <exception cref="VaultException">It cannot be listed.</exception>
    public static async Task<VaultListing> ReadAsync(IVaultMedium medium, CancellationToken cancellation)
    {
        var listing = new VaultListing();
        string[] prefixes = ["config.json", "keys/", "index/", "snapshots/", "recovery/", .. Enumerable.Range(0, PackListings).Select(digit => $"packs/{digit:x}")];
        await Task.WhenAll(prefixes.Select(ListAsync)).ConfigureAwait(false);
        return listing;

        async Task ListAsync(string prefix)
        {
            await foreach (VaultObject found in medium.ListAsync(prefix, cancellation).ConfigureAwait(false))
            {
                listing.Set(found);
            }
        }
    }

    /// <summary>Finds an object.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The object, or null when it is not there.</returns>
    public VaultObject? Find(string name) => _objects.GetValueOrDefault(name);

    /// <summary>Notes an object that is there now.</summary>
    public void Set(VaultObject there) => _objects[there.Name] = there;

    /// <summary>Notes one that is not there any more.</summary>
    public void Remove(string name) => _objects.TryRemove(name, out _);
}
