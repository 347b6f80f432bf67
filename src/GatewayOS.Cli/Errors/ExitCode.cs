using GatewayOS.Backup.Files;
using GatewayOS.Cli.Connection;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cli.Errors;

/// <summary>Exit codes of every verb: a contract that scripts rely on.</summary>
internal static class ExitCode
{
    /// <summary>Everything was done.</summary>
    public const int Good = 0;

    /// <summary>It failed; nothing was changed, or what was done is safe to repeat.</summary>
    public const int Failed = 1;

    /// <summary>The command line makes no sense.</summary>
    public const int Usage = 2;

    /// <summary>Done, but some files could not be read or restored as they should.</summary>
    public const int Incomplete = 3;

    /// <summary>Stored data is damaged.</summary>
    public const int Damage = 4;
}

/// <summary>The command line makes no sense, as far as the parser cannot see it.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>Turns failures into an exit code and one message with its remedy.</summary>
internal static class Failures
{
    /// <summary>Environment variable that adds stack traces, for bug reports.</summary>
    public const string DebugVariable = "GATEWAY_DEBUG";

    public static (int Code, string Kind, string Message) Describe(Exception error) => error switch
    {
        UsageException => (ExitCode.Usage, "usage", error.Message),
        ApplianceException => (ExitCode.Failed, "appliance", error.Message),
        InvalidJobException => (ExitCode.Failed, "invalid", error.Message),
        StoreUnusableException => (ExitCode.Failed, "unusable", error.Message),
        StoreDamagedException => (ExitCode.Damage, "damaged", error.Message),
        VaultException vault => (ExitCode.Failed, Kind(vault.Failure), vault.Message),
        StoreIoException { InnerException: VaultException vault } => (ExitCode.Failed, Kind(vault.Failure), vault.Message),
        StoreIoException io => (ExitCode.Failed, Kind(io.Failure), error.Message),
        OperationCanceledException => (ExitCode.Failed, "interrupted", "Interrupted. Run the same command again: what was done is kept and reused."),
        DllNotFoundException => (ExitCode.Failed, "missing-library", error.Message),
        UnauthorizedAccessException or IOException => (ExitCode.Failed, "io", error.Message),
        OutOfMemoryException => (ExitCode.Failed, "memory", "There is not enough memory. Close other programs or use fewer threads."),
        _ => (ExitCode.Failed, "bug", $"This is a bug in gatewayctl: {error.GetType().Name}: {error.Message} Nothing committed is affected. Please report it with the output under {DebugVariable}=1."),
    };

    private static string Kind(VaultFailure failure) => failure switch
    {
        VaultFailure.Unreachable => "unreachable",
        VaultFailure.Refused => "permission",
        VaultFailure.Missing => "missing",
        VaultFailure.Full => "disk-full",
        VaultFailure.Corrupted => "io",
        _ => "invalid",
    };

    private static string Kind(StoreIoFailure failure) => failure switch
    {
        StoreIoFailure.DiskFull => "disk-full",
        StoreIoFailure.Permission => "permission",
        StoreIoFailure.Missing => "missing",
        StoreIoFailure.Exists => "exists",
        _ => "device",
    };
}
