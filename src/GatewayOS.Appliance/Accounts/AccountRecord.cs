using System.Text.Json.Serialization;

namespace GatewayOS.Appliance.Accounts;

/// <summary>A local account.</summary>
public sealed record AccountRecord
{
    /// <summary>Its name: 1 to 63 of <c>a-z A-Z 0-9 . _ -</c>; unique whatever the case.</summary>
    public required string Name { get; init; }

    /// <summary>What it may do.</summary>
    public required Role Role { get; init; }

    /// <summary>The password, stretched.</summary>
    public required PasswordHash Password { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When the password was last set.</summary>
    public required DateTimeOffset PasswordSet { get; init; }

    /// <summary>Wrong passwords since the last right one.</summary>
    public int Failures { get; init; }

    /// <summary>Until when no password is accepted; null when it is not locked.</summary>
    public DateTimeOffset? LockedUntil { get; init; }

    /// <summary>The last login with the password.</summary>
    public DateTimeOffset? LastLogin { get; init; }

    /// <summary>The second factor; null without one.</summary>
    public SecondFactor? SecondFactor { get; init; }
}

/// <summary>An account's second factor (<see cref="TimeCode"/>).</summary>
/// <param name="Secret">What it shares with its holder's authenticator.</param>
/// <param name="Since">When it was confirmed.</param>
/// <param name="LastStep">The step of the last code that was taken: none is taken twice.</param>
public sealed record SecondFactor(byte[] Secret, DateTimeOffset Since, long LastStep);

/// <summary>An API token. Its secret is not kept, only that's hash: 160 random bits need no stretching.</summary>
public sealed record ApiTokenRecord
{
    /// <summary>Its ID; not secret.</summary>
    public required string Id { get; init; }

    /// <summary>SHA-256 of the secret, hexadecimal.</summary>
    public required string SecretHash { get; init; }

    /// <summary>What it may do: its scope.</summary>
    public required Role Role { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Created { get; init; }

    /// <summary>When it ceases to be valid.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>Who made it.</summary>
    public required string Maker { get; init; }

    /// <summary>What it is for.</summary>
    public string Note { get; init; } = "";
}

/// <summary>Why a change of accounts is refused.</summary>
public enum AccountRefusal
{
    /// <summary>There is no such account or token.</summary>
    Unknown,

    /// <summary>The name is taken.</summary>
    Taken,

    /// <summary>A value is not accepted.</summary>
    Invalid,

    /// <summary>There are as many as there may be.</summary>
    TooMany,

    /// <summary>The password or the code is wrong, or the account is locked.</summary>
    Denied,

    /// <summary>The password is right, and the second factor's code is missing.</summary>
    SecondFactorRequired,
}

/// <summary>What became of a request about accounts.</summary>
/// <typeparam name="T">What it gives.</typeparam>
/// <param name="Value">The result; null when refused.</param>
/// <param name="Refusal">Why not, else.</param>
/// <param name="Message">The refusal in words, with the remedy.</param>
public sealed record AccountResult<T>(T? Value, AccountRefusal? Refusal, string Message)
    where T : class;

/// <summary>The file of accounts.</summary>
internal sealed record AccountsDocument
{
    public int Version { get; init; } = 1;

    public IReadOnlyList<AccountRecord> Accounts { get; init; } = [];

    public IReadOnlyList<ApiTokenRecord> Tokens { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AccountsDocument))]
internal sealed partial class AccountsJson : JsonSerializerContext;
