using System.Text.Json.Serialization;

namespace GatewayOS.Appliance.Nodes;

/// <summary>Where a node's enrolment stands.</summary>
public enum NodeState
{
    /// <summary>Waits for an operator's approval.</summary>
    Pending,

    /// <summary>Enrolled.</summary>
    Active,

    /// <summary>May do nothing any more; its snapshots stay.</summary>
    Revoked,
}

/// <summary>A node, as the appliance knows it.</summary>
public sealed record NodeRecord
{
    /// <summary>16 hexadecimal digits, given by the appliance; never used again.</summary>
    public required string Id { get; init; }

    /// <summary>The name it asked for; unique among nodes that are not removed.</summary>
    public required string Name { get; init; }

    /// <summary>Where its enrolment stands.</summary>
    public required NodeState State { get; init; }

    /// <summary>SHA-256 of its key's SubjectPublicKeyInfo, hexadecimal.</summary>
    public required string KeyHash { get; init; }

    /// <summary>When it asked.</summary>
    public required DateTimeOffset Asked { get; init; }

    /// <summary>Its certificate request, while it is pending.</summary>
    public byte[]? Request { get; init; }

    /// <summary>The certificate issued last (DER).</summary>
    public byte[]? Certificate { get; init; }

    /// <summary>When that expires.</summary>
    public DateTimeOffset? CertificateExpires { get; init; }

    /// <summary>When it was last there; written with a delay.</summary>
    public DateTimeOffset? LastSeen { get; init; }

    /// <summary>What it runs on.</summary>
    public string Platform { get; init; } = "";

    /// <summary>Version of its agent.</summary>
    public string AgentVersion { get; init; } = "";

    /// <summary>ID of the token it enrolled with; empty when it was approved.</summary>
    public string TokenId { get; init; } = "";

    /// <summary>Eight digits of the key's hash, for comparing by eye.</summary>
    [JsonIgnore]
    public string Code => $"{KeyHash[..4]}-{KeyHash[4..8]}";
}

/// <summary>A one-time token. Its secret is not kept, only that's hash.</summary>
public sealed record TokenRecord
{
    /// <summary>Its ID; not secret.</summary>
    public required string Id { get; init; }

    /// <summary>SHA-256 of the secret, hexadecimal.</summary>
    public required string SecretHash { get; init; }

    /// <summary>When it ceases to be valid.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>True when it makes an operator, not a node.</summary>
    public bool ForOperator { get; init; }

    /// <summary>The maker's remark.</summary>
    public string Note { get; init; } = "";

    /// <summary>Hash of the key that used it; empty when nobody has.</summary>
    public string UsedBy { get; init; } = "";
}

/// <summary>An operator's certificate.</summary>
/// <param name="Name">Whose.</param>
/// <param name="KeyHash">SHA-256 of its key.</param>
/// <param name="Serial">Its serial number.</param>
/// <param name="Expires">When it expires.</param>
/// <param name="Revoked">True when it serves no more.</param>
/// <param name="IsAccount">True when it was given for an account's password, whose role counts; false for a login token, whose holder is an administrator.</param>
public sealed record OperatorRecord(string Name, string KeyHash, string Serial, DateTimeOffset Expires, bool Revoked, bool IsAccount = false);

/// <summary>The registry's file.</summary>
internal sealed record RegistryDocument
{
    public int Version { get; init; } = 1;

    public IReadOnlyList<NodeRecord> Nodes { get; init; } = [];

    public IReadOnlyList<TokenRecord> Tokens { get; init; } = [];

    public IReadOnlyList<OperatorRecord> Operators { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RegistryDocument))]
internal sealed partial class RegistryJson : JsonSerializerContext;
