using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Audit;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Checks who logs in with a password, and puts it on record: for programs that want a certificate, and for browsers.</summary>
internal sealed class PasswordLogin(ApplianceHost appliance, PasswordQueue passwords, ILogger<PasswordLogin> logger)
{
    /// <summary>Checks a login.</summary>
    /// <param name="user">The account.</param>
    /// <param name="password">Its password.</param>
    /// <param name="code">Its second factor's code; null or empty for none.</param>
    /// <param name="method">How it comes in, for the record.</param>
    /// <param name="peer">Where from.</param>
    /// <exception cref="Grpc.Core.RpcException">Too many wait.</exception>
    public async Task<AccountResult<AccountRecord>> CheckAsync(string user, string password, string? code, string method, string peer)
    {
        AccountResult<AccountRecord> result = await passwords.RunAsync(() => appliance.Accounts.CheckLogin(user, password, code)).ConfigureAwait(false);
        if (result.Refusal is null or AccountRefusal.SecondFactorRequired)
        {
            return result;
        }

        // Names that nobody has are not put on record: anybody could fill the log with them.
        if (appliance.Accounts.Find(user) is { } known)
        {
            appliance.Audit.Note($"user:{known.Name}", method, peer, AuditOutcome.Failed, known.LockedUntil is null ? "wrong password or code" : "wrong password or code, or locked");
        }

        DaemonLog.PeerRefused(logger, peer, "password login", method, "wrong name, password or code, or locked");
        return result;
    }

    /// <summary>Puts on record that an account has come in.</summary>
    public void Note(AccountRecord account, string method, string peer)
    {
        appliance.Audit.Note($"user:{account.Name}", method, peer, AuditOutcome.Done, "");
        DaemonLog.OperatorActed(logger, account.Name, "has logged in");
    }
}
