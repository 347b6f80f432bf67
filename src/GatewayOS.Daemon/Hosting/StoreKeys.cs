using GatewayOS.Appliance.Keys;
using GatewayOS.Hardware.Tpm;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Where this appliance keeps its store's key.</summary>
internal static class StoreKeys
{
    /// <summary>What opens the store is called so in its key slots.</summary>
    public const string SlotLabel = "appliance";

    /// <summary>The keeper of an appliance's key.</summary>
    /// <param name="stateDirectory">The appliance's state.</param>
    /// <param name="storeDirectory">The store, which need not be there.</param>
    /// <param name="tpm">The TPM, as <see cref="TpmSealer.Choose"/> takes it.</param>
    public static StoreKeyKeeper Keeper(string stateDirectory, string storeDirectory, string tpm)
    {
        // A link says that somebody keeps the key elsewhere, a stick perhaps: it stays there, and what it points to is never wiped.
        bool isElsewhere = new FileInfo(Path.Join(stateDirectory, StoreKeyKeeper.PlainFile)).LinkTarget is not null;
        return new StoreKeyKeeper(new PosixDisk(Path.GetFullPath(stateDirectory)), isElsewhere ? null : TpmSealer.Choose(tpm), key => !HasStore(storeDirectory) || BackupStore.CanUnlock(new PosixDisk(storeDirectory), new StoreSecret.KeyFile(key)));
    }

    /// <summary>True when there is a store.</summary>
    public static bool HasStore(string storeDirectory) => File.Exists(Path.Join(storeDirectory, "config.json"));
}
