namespace GatewayOS.Cloud.Vault;

/// <summary>Why a vault could not do something, as far as the remedy differs.</summary>
public enum VaultFailure
{
    /// <summary>It cannot be reached, or says that it is busy. A retry helps once that has passed.</summary>
    Unreachable,

    /// <summary>It does not accept the credentials, or they may not do this.</summary>
    Refused,

    /// <summary>The object, bucket or directory is not there.</summary>
    Missing,

    /// <summary>No space or quota left.</summary>
    Full,

    /// <summary>What arrived is not what was sent. A retry may help.</summary>
    Corrupted,

    /// <summary>The request makes no sense there: a wrong setting, or something the server does not know.</summary>
    Invalid,
}

/// <summary>A vault could not do something. What was in it before is as it was.</summary>
public sealed class VaultException : IOException
{
    /// <summary>Makes the exception.</summary>
    /// <param name="failure">The class of the failure.</param>
    /// <param name="message">What was tried, what the other side said, and the remedy.</param>
    /// <param name="inner">The cause, if any.</param>
    public VaultException(VaultFailure failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    /// <summary>The class of the failure.</summary>
    public VaultFailure Failure { get; }

    /// <summary>True when the same may succeed a while later, without anybody doing anything.</summary>
    public bool IsPassing => Failure is VaultFailure.Unreachable or VaultFailure.Corrupted;
}
