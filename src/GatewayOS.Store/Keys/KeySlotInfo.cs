namespace GatewayOS.Store.Keys;

/// <summary>What may be shown about a key slot without its secret. Not authenticated before the slot is unlocked.</summary>
/// <param name="Id">32 hex digits, random.</param>
/// <param name="Kind"><c>passphrase</c>, <c>key-file</c> or <c>recovery</c>.</param>
/// <param name="Label">The user's own name for it, up to <see cref="LabelLengthMax"/> UTF-16 units.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Kdf">How the secret becomes a key, for instance <c>argon2id 64 MiB, 3 passes, 4 lanes</c>.</param>
public sealed record KeySlotInfo(string Id, string Kind, string Label, DateTimeOffset Created, string Kdf)
{
    /// <summary>Longest label, in UTF-16 units.</summary>
    public const int LabelLengthMax = 200;
}

/// <summary>Kinds of key slots, as they stand in the slot.</summary>
internal static class KeySlotKinds
{
    public const string Passphrase = "passphrase";
    public const string KeyFile = "key-file";
    public const string Recovery = "recovery";
}

/// <summary>How an attempt to open a slot ends.</summary>
internal enum UnlockStatus
{
    /// <summary>The master key is there.</summary>
    Unlocked,

    /// <summary>The secret is not this slot's, or cannot be one at all; or someone altered the slot and its checksum on purpose.</summary>
    WrongSecret,

    /// <summary>The slot is unreadable, altered, of another store, or asks for costs beyond the limits.</summary>
    Damaged,

    /// <summary>A later version made the slot.</summary>
    Unsupported,
}

/// <summary>Outcome of an attempt to open a slot.</summary>
/// <param name="Status">The outcome.</param>
/// <param name="Reason">For people; empty when unlocked.</param>
internal readonly record struct UnlockOutcome(UnlockStatus Status, string Reason);
