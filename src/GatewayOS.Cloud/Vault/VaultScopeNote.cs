using System.Security.Cryptography;
using System.Text;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// Which snapshots were walked for a vault, and the packs that they need, so that a sync walks only what is new. A cache beside the ledger, under a hash: one that is missing or damaged
/// means that all are walked again.
/// </summary>
/// <param name="directory">Where it lies.</param>
/// <param name="name">Its file.</param>
public sealed class VaultScopeNote(StateDirectory directory, string name)
{
    private const string Head = "gateway-vault-scope 1";

    internal (HashSet<string> Snapshots, HashSet<string> Packs)? Read()
    {
        if (directory.Read(name) is not { Length: > SHA256.HashSizeInBytes } file || !SHA256.HashData(file.AsSpan(SHA256.HashSizeInBytes)).AsSpan().SequenceEqual(file.AsSpan(0, SHA256.HashSizeInBytes)))
        {
            return null;
        }

        string[] lines = Encoding.UTF8.GetString(file.AsSpan(SHA256.HashSizeInBytes)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines[0] != Head)
        {
            return null;
        }

        ILookup<SealedKind, string> files = lines.Skip(1).ToLookup(line => SealedFile.TryParse(line, out SealedFile named) ? named.Kind : SealedKind.Config);
        return ([.. files[SealedKind.Snapshot]], [.. files[SealedKind.Pack]]);
    }

    /// <exception cref="StoreIoException">It cannot be written; the old one stands.</exception>
    internal void Write(IEnumerable<string> snapshots, IEnumerable<string> packs)
    {
        byte[] text = Encoding.UTF8.GetBytes(string.Join('\n', (string[])[Head, .. snapshots, .. packs]) + "\n");
        directory.Replace(name, [.. SHA256.HashData(text), .. text]);
    }
}
