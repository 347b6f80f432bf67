namespace GatewayOS.Appliance.Keys;

/// <summary>Why something was not sealed or unsealed, as far as the remedy differs.</summary>
public enum SealFailure
{
    /// <summary>It was.</summary>
    None,

    /// <summary>The chip cannot be reached now; a retry may help.</summary>
    Unreachable,

    /// <summary>Another chip sealed it, or this one before it was cleared. No retry helps.</summary>
    OtherChip,

    /// <summary>What is to be unsealed is not as it was made.</summary>
    Damaged,

    /// <summary>The chip answers, and refuses.</summary>
    Refused,
}

/// <summary>What came of sealing or unsealing.</summary>
/// <param name="Content">What was made of it, the caller's; null when nothing.</param>
/// <param name="Failure">Why not.</param>
/// <param name="Reason">The same in a sentence; empty when it was done.</param>
public readonly record struct SealResult(byte[]? Content, SealFailure Failure, string Reason)
{
    /// <summary>Done.</summary>
    public static SealResult Of(byte[] content) => new(content, SealFailure.None, "");

    /// <summary>Not done.</summary>
    public static SealResult Fail(SealFailure failure, string reason) => new(null, failure, reason);
}

/// <summary>Seals small secrets so that they can be read on this machine alone. Stateless: all that is needed beside the machine is in what is sealed.</summary>
public interface IKeySealer
{
    /// <summary>What seals, for people.</summary>
    string Name { get; }

    /// <summary>Seals.</summary>
    /// <param name="secret">Up to 1 MiB; borrowed.</param>
    SealResult Seal(ReadOnlySpan<byte> secret);

    /// <summary>Gives back what was sealed.</summary>
    /// <param name="sealedSecret">What <see cref="Seal"/> made.</param>
    SealResult Unseal(ReadOnlySpan<byte> sealedSecret);
}
