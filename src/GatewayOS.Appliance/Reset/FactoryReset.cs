using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Appliance.Keys;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Reset;

/// <summary>That an appliance is to be as delivered.</summary>
/// <param name="By">Who ordered it.</param>
/// <param name="Time">When.</param>
public sealed record ResetOrder(string By, DateTimeOffset Time);

/// <summary>
/// Makes an appliance as delivered: keys, then the store, then everything that it knows. Copies of the store in vaults are not touched; they open with a recovery key.
/// </summary>
/// <remarks>
/// A marker is durable first, and removed last: after a power cut the next start goes on, and until all is gone nothing is opened. Keys come next, so what is stored cannot be
/// read any more within moments of the order, however long the rest takes.
/// </remarks>
public static class FactoryReset
{
    /// <summary>The marker, in the state directory.</summary>
    public const string MarkerFile = "factory-reset.json";

    private const string KeySlots = "keys";

    /// <summary>Orders it, and wipes the keys. What remains is done at the next start, by <see cref="Resume"/>.</summary>
    /// <param name="state">The appliance's state.</param>
    /// <param name="storeDirectory">The store.</param>
    /// <param name="order">Who wants it.</param>
    /// <exception cref="StoreIoException">The marker cannot be written: nothing was done.</exception>
    /// <exception cref="IOException">A key cannot be wiped; the next start tries again.</exception>
    public static void Begin(StateDirectory state, string storeDirectory, ResetOrder order)
    {
        state.Replace(MarkerFile, JsonSerializer.SerializeToUtf8Bytes(order, ResetJson.Default.ResetOrder));
        WipeKeys(state.Location, storeDirectory);
    }

    /// <summary>True when one was ordered and has not ended.</summary>
    public static bool IsOrdered(string stateDirectory) => File.Exists(Path.Join(stateDirectory, MarkerFile));

    /// <summary>Does what is still to be done, if one was ordered. Before anything else of the appliance is opened.</summary>
    /// <param name="stateDirectory">The appliance's state.</param>
    /// <param name="storeDirectory">The store.</param>
    /// <returns>True when there was something to do: the appliance is as delivered now.</returns>
    /// <exception cref="IOException">Something cannot be removed; the marker stands.</exception>
    public static bool Resume(string stateDirectory, string storeDirectory)
    {
        if (!IsOrdered(stateDirectory))
        {
            return false;
        }

        WipeKeys(stateDirectory, storeDirectory);
        RemoveStore(storeDirectory);
        FileWipe.RemoveTree(stateDirectory, except: MarkerFile);

        // The marker goes when nothing else is left, on the disk too.
        var disk = new PosixDisk(stateDirectory);
        disk.SyncDirectory("");
        disk.Delete(MarkerFile);
        disk.SyncDirectory("");
        return true;
    }

    private static void WipeKeys(string stateDirectory, string storeDirectory)
    {
        StoreKeyKeeper.Wipe(stateDirectory);
        FileWipe.RemoveTree(Path.Join(storeDirectory, KeySlots));
    }

    // The directory itself may be where a disk is mounted.
    private static void RemoveStore(string storeDirectory)
    {
        if (!Directory.Exists(storeDirectory))
        {
            return;
        }

        foreach (string entry in Directory.EnumerateFileSystemEntries(storeDirectory))
        {
            if (Directory.Exists(entry) && new DirectoryInfo(entry).LinkTarget is null)
            {
                // Packs are ciphertext without a key: overwriting terabytes would add nothing.
                Directory.Delete(entry, recursive: true);
            }
            else
            {
                File.Delete(entry);
            }
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ResetOrder))]
internal sealed partial class ResetJson : JsonSerializerContext;
