using System.Text;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Access keys and certificates of vaults that were added over the network: files in the state directory that only its owner reads, named by the list of vaults.</summary>
/// <param name="state">The state directory.</param>
internal sealed class VaultSecrets(StateDirectory state)
{
    /// <summary>Longest access key or secret, in characters.</summary>
    public const int KeyLengthMax = 512;

    /// <summary>Most certificates of a service, in characters of PEM.</summary>
    public const int CertificatesLengthMax = 64 * 1024;

    /// <summary>Keeps an access key. Durable when it returns.</summary>
    /// <returns>The file.</returns>
    public string KeepKey(string vault, string accessKey, string secretKey) => Keep(KeyFile(vault), $"aws_access_key_id = {accessKey}\naws_secret_access_key = {secretKey}\n");

    /// <summary>Keeps the certificates to trust. Durable when it returns.</summary>
    /// <returns>The file.</returns>
    public string KeepCertificates(string vault, string pem) => Keep(CertificateFile(vault), pem);

    /// <summary>Deletes what was kept for a vault.</summary>
    public void Forget(string vault)
    {
        File.Delete(state.PathOf(KeyFile(vault)));
        File.Delete(state.PathOf(CertificateFile(vault)));
    }

    private static string KeyFile(string vault) => $"vault-{vault}.credentials";

    private static string CertificateFile(string vault) => $"vault-{vault}.pem";

    private string Keep(string name, string content)
    {
        state.Replace(name, Encoding.UTF8.GetBytes(content));
        return state.PathOf(name);
    }
}
