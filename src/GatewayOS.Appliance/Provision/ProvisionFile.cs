using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Settings;
using GatewayOS.Store.Keys;

namespace GatewayOS.Appliance.Provision;

/// <summary>The first administrator.</summary>
/// <param name="Name">The account's name.</param>
/// <param name="PasswordHash">Its password, stretched: <c>$argon2id$v=19$m=…,t=…,p=…$salt$hash</c>, as Debian's <c>argon2</c> writes it with <c>-id -e</c>.</param>
public sealed record ProvisionedAdministrator(string Name, string PasswordHash);

/// <summary>A fleet to join.</summary>
/// <param name="Address">The control plane, <c>host</c> or <c>host:port</c>.</param>
/// <param name="Claim">The claim code that it gave.</param>
public sealed record ProvisionedFleet(string Address, string Claim);

/// <summary>What an appliance that is nobody's yet is told by a file on a USB stick or in its state directory. All of it may be left out.</summary>
/// <param name="Name">The appliance's name.</param>
/// <param name="Zone">Its time zone, an IANA name.</param>
/// <param name="Administrator">The first administrator.</param>
/// <param name="ControlPlane">The fleet it joins.</param>
public sealed record ProvisionFile(string? Name = null, string? Zone = null, ProvisionedAdministrator? Administrator = null, ProvisionedFleet? ControlPlane = null)
{
    /// <summary>The file's name.</summary>
    public const string FileName = "gateway-provision.json";

    /// <summary>Longest file, in bytes.</summary>
    public const int BytesMax = 64 * 1024;

    private const string Form = "$argon2id$v=19$m=65536,t=3,p=4$salt$hash";
    private const int HashBytes = 32;
    private const int SaltBytesMin = 8;

    /// <summary>Reads a file.</summary>
    /// <param name="content">Its bytes.</param>
    /// <returns>What it says; and everything that is wrong with it, when it is not to be followed.</returns>
    public static (ProvisionFile? File, IReadOnlyList<string> Problems) Parse(ReadOnlySpan<byte> content)
    {
        try
        {
            ProvisionFile file = JsonSerializer.Deserialize(content, ProvisionJson.Default.ProvisionFile) ?? new ProvisionFile();
            List<string> problems = [.. ApplianceSettings.Problems(file.Name, file.Zone)];
            if (file.Administrator is { } administrator)
            {
                problems.AddRange(((string?[])[AccountRegistry.NameProblem(administrator.Name), ReadHash(administrator.PasswordHash) is null ? $"The administrator's passwordHash is none: it has the form {Form} ('argon2 SALT -id -e -m 16 -t 3 -p 4' of Debian's package argon2)." : null]).OfType<string>());
            }

            if (file.ControlPlane is { } fleet && (fleet.Address.Length == 0 || fleet.Claim.Length == 0))
            {
                problems.Add("controlPlane needs an address and a claim code ('gatewayctl fleet claim create').");
            }

            return problems.Count == 0 ? (file, []) : (null, problems);
        }
        catch (JsonException error)
        {
            return (null, [$"It is no JSON as it has to be: {error.Message}"]);
        }
    }

    /// <summary>Reads a stretched password (PHC string format).</summary>
    /// <returns>Null when it is none, or costs more than may be asked for.</returns>
    public static PasswordHash? ReadHash(string text)
    {
        if (text.Split('$') is not ["", "argon2id", "v=19", var costs, var salt, var hash] || costs.Split(',') is not [['m', '=', .. var memory], ['t', '=', .. var passes], ['p', '=', .. var lanes]]
            || !TryNumber(memory, out int memoryKiB) || !TryNumber(passes, out int iterations) || !TryNumber(lanes, out int threads))
        {
            return null;
        }

        var cost = new KdfCost(memoryKiB, iterations, threads);
        return cost.Errors().Length == 0 && Bytes(salt) is { Length: >= SaltBytesMin } saltBytes && Bytes(hash) is { Length: HashBytes } hashBytes ? new PasswordHash(saltBytes, hashBytes, cost) : null;
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    // Base64 without padding.
    private static byte[]? Bytes(string text)
    {
        byte[] bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '='), bytes, out int count) ? bytes[..count] : null;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true)]
[JsonSerializable(typeof(ProvisionFile))]
internal sealed partial class ProvisionJson : JsonSerializerContext;
