using System.Text;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>This end's private key, in a file of the state directory that its user alone can read (0600). It is made here, and never shown.</summary>
/// <param name="state">The directory.</param>
public sealed class TunnelKey(StateDirectory state)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "tunnel.key";

    /// <summary>The private key; made when there is none.</summary>
    /// <exception cref="TunnelException">It cannot be made or is damaged.</exception>
    internal string Private()
    {
        if (state.Read(FileName) is { } kept)
        {
            string key = Encoding.ASCII.GetString(kept).Trim();
            return WgQuickText.IsKey(key) ? key : throw new TunnelException($"{state.PathOf(FileName)} holds no key: put it back from a copy, or remove it; then a new one is made, and the other end must be told the new public key.");
        }

        return Renew();
    }

    /// <summary>The public key, for the other end to know.</summary>
    /// <exception cref="TunnelException">There is none and none can be made.</exception>
    public string Public() => PublicOf(Private());

    /// <summary>Makes a new one in place of the one there is.</summary>
    /// <returns>The private key.</returns>
    internal string Renew()
    {
        string made = SystemProgram.Must("wg", ["genkey"]).Trim();
        Keep(made);
        return made;
    }

    /// <summary>Takes over a key that was made elsewhere.</summary>
    /// <exception cref="StoreIoException">It cannot be written; the old one stands.</exception>
    public void Keep(string privateKey) => state.Replace(FileName, Encoding.ASCII.GetBytes(privateKey + "\n"));

    /// <summary>The public key to a private one.</summary>
    internal static string PublicOf(string privateKey) => SystemProgram.Must("wg", ["pubkey"], privateKey + "\n").Trim();
}
