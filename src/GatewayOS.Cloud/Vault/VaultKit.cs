using System.Reflection;
using GatewayOS.Store.Sealed;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// What lies in every vault so that a stranger with the recovery key can restore from it: instructions, the description of the formats, and, when it is given, the program
/// itself, which runs on any Linux machine without anything to install.
/// </summary>
public static class VaultKit
{
    /// <summary>Names of the kit's objects begin so.</summary>
    public const string Prefix = "recovery/";

    private static readonly string[] s_documents = ["recovery/README.md", "recovery/VAULT.md", "recovery/FORMAT.md"];

    /// <summary>Puts the documents, when they are missing or of another version.</summary>
    /// <param name="medium">The vault.</param>
    /// <param name="vault">What is in it.</param>
    /// <param name="ledger">What was put there.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="VaultException">The vault cannot be reached.</exception>
    public static void Put(IVaultMedium medium, VaultListing vault, VaultLedger ledger, CancellationToken cancellation)
    {
        foreach (string name in s_documents)
        {
            Put(medium, vault, ledger, name, Document(name), cancellation);
        }
    }

    /// <summary>Puts the program that restores.</summary>
    /// <param name="medium">The vault.</param>
    /// <param name="vault">What is in it.</param>
    /// <param name="ledger">What was put there.</param>
    /// <param name="program">The program's file.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The object's name.</returns>
    /// <exception cref="VaultException">The vault cannot be reached.</exception>
    public static string PutProgram(IVaultMedium medium, VaultListing vault, VaultLedger ledger, string program, CancellationToken cancellation)
    {
        string name = $"{Prefix}{Path.GetFileName(program)}-{System.Runtime.InteropServices.RuntimeInformation.RuntimeIdentifier}";
        Put(medium, vault, ledger, name, File.ReadAllBytes(program), cancellation);
        return name;
    }

    private static void Put(IVaultMedium medium, VaultListing vault, VaultLedger ledger, string name, byte[] bytes, CancellationToken cancellation)
    {
        if (vault.Find(name) is { } there && there.LengthBytes == bytes.Length && ledger.Find(name) is { } known && known.Tag == there.Tag)
        {
            return;
        }

        using var content = new SealedContent();
        content.Load(bytes);
        VaultObject put = medium.PutAsync(name, content, cancellation).GetAwaiter().GetResult();
        vault.Set(put);
        ledger.Set(put);
    }

    private static byte[] Document(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name) ?? throw new InvalidOperationException($"{name} is not in the program.");
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
