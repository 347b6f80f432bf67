using GatewayOS.Appliance.Keys;

namespace GatewayOS.Hardware.Tpm;

/// <summary>A TPM did not do what was asked.</summary>
/// <param name="failure">What it means for who asked.</param>
/// <param name="message">What was tried, and the answer.</param>
internal sealed class TpmException(SealFailure failure, string message) : Exception(message)
{
    /// <summary>What it means for who asked.</summary>
    public SealFailure Failure => failure;
}
