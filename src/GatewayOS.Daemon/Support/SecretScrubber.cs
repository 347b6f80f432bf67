using System.Text;
using System.Text.RegularExpressions;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Appliance.Keys;
using GatewayOS.Cloud.Tunnel;
using GatewayOS.Cloud.Vault;
using GatewayOS.Hardware.Power;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Support;

/// <summary>
/// Takes the appliance's secrets out of texts that leave it. None is put into them; but a line of the log or a message may quote one. Knows the secrets by reading them where they are kept, at the
/// time they are looked for.
/// </summary>
internal sealed partial class SecretScrubber
{
    /// <summary>What stands where a secret was.</summary>
    public const string Instead = "(secret left out)";

    // Shorter ones are words.
    private const int SecretLengthMin = 8;
    private const int FileBytesMax = 16 * 1024 * 1024;

    // Whole files of keys and tokens, and documents of which some members are secret.
    private static readonly string[] s_keyFiles = ["*.key", "*.pem", "*.credentials", "*-token"];
    private static readonly string[] s_documents = ["accounts.json", "nodes.json", DeliverySettings.FileName, UpsSettings.FileName, TunnelFile.FileName, FleetMembershipFile.FileName];
    private static readonly string[] s_variables = ["AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "GATEWAY_PASSPHRASE", "GATEWAY_PASSWORD", "GATEWAY_RECOVERY_KEY", "GATEWAY_API_TOKEN"];

    private readonly string[] _secrets;

    private SecretScrubber(IEnumerable<string> secrets) => _secrets = [.. secrets.Where(secret => secret.Length >= SecretLengthMin).Distinct(StringComparer.Ordinal).OrderByDescending(secret => secret.Length)];

    /// <summary>Learns the secrets of an appliance.</summary>
    /// <param name="state">Its state directory.</param>
    /// <param name="vaults">The list of vaults, which names files with access keys.</param>
    /// <param name="storeKey">The store's key, which may stand in no file.</param>
    public static SecretScrubber Of(StateDirectory state, VaultFile vaults, StoreKey storeKey)
    {
        IEnumerable<string> keyFiles = s_keyFiles.SelectMany(pattern => Directory.EnumerateFiles(state.Location, pattern)).Concat(CredentialFiles(vaults));
        IEnumerable<string> documents = s_documents.Select(state.PathOf).Where(File.Exists);
        return new SecretScrubber(
        [
            .. keyFiles.SelectMany(file => LongWord().Matches(Read(file)).Select(match => match.Value)),
            .. documents.SelectMany(file => SecretMember().Matches(Read(file)).SelectMany(match => Regex.Unescape(match.Groups["secret"].Value).Split('\n'))),
            .. LongWord().Matches(Encoding.Latin1.GetString(storeKey.Secret.Content)).Select(match => match.Value),
            .. s_variables.Select(Environment.GetEnvironmentVariable).OfType<string>(),
        ]);
    }

    /// <summary>Takes them out.</summary>
    public string Scrub(string text) => _secrets.Aggregate(text, (scrubbed, secret) => scrubbed.Replace(secret, Instead, StringComparison.Ordinal));

    private static IEnumerable<string> CredentialFiles(VaultFile vaults)
    {
        try
        {
            return [.. vaults.Read().Values.Select(place => place.Bucket?.CredentialsFile).OfType<string>().Where(File.Exists)];
        }
        catch (VaultException)
        {
            // What cannot be read is not quoted either.
            return [];
        }
    }

    private static string Read(string file)
    {
        var info = new FileInfo(file);
        return info.Length <= FileBytesMax ? File.ReadAllText(file, Encoding.UTF8) : throw new IOException($"{file} has {info.Length} bytes: what is secret in it cannot be known. Make no bundle before that is looked into.");
    }

    [GeneratedRegex("[A-Za-z0-9+/=_.-]{16,}")]
    private static partial Regex LongWord();

    [GeneratedRegex("""
        "[A-Za-z]*(?:secret|password|hash|salt|keyPem|resumeToken)[A-Za-z]*"\s*:\s*"(?<secret>[^"]+)" | ^\s*(?:PrivateKey|PresharedKey)\s*=\s*(?<secret>\S+)
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace | RegexOptions.Multiline)]
    private static partial Regex SecretMember();
}
