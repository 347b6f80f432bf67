using System.Security.Cryptography;
using GatewayOS.Store.Keys;

namespace GatewayOS.Appliance.Keys;

/// <summary>Where the store's key is.</summary>
public enum KeyPlace
{
    /// <summary>Readable, in a file of the state directory: who has that disk has the key.</summary>
    File,

    /// <summary>Sealed: the file is of no use without this machine's chip.</summary>
    Sealed,
}

/// <summary>The store's key, as it was found or made.</summary>
/// <param name="content">The key file's bytes; taken over.</param>
/// <param name="place">Where it is.</param>
/// <param name="how">The same in words, to follow "The store's key is".</param>
/// <param name="note">What people should know of it beside that; empty for nothing.</param>
public sealed class StoreKey(byte[] content, KeyPlace place, string how, string note = "")
{
    /// <summary>Where it is.</summary>
    public KeyPlace Place => place;

    /// <summary>The same in words, to follow "The store's key is".</summary>
    public string How => how;

    /// <summary>What people should know of it beside that; empty for nothing.</summary>
    public string Note => note;

    /// <summary>The key itself; not to be changed.</summary>
    public StoreSecret.KeyFile Secret => new(content);

    /// <summary>Forgets it: the bytes are zeros from now on.</summary>
    public void Forget() => CryptographicOperations.ZeroMemory(content);
}
