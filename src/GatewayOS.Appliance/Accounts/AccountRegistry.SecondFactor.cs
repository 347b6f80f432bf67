using System.Text;

namespace GatewayOS.Appliance.Accounts;

/// <content>Logging in, with a second factor where an account has one.</content>
public sealed partial class AccountRegistry
{
    private const string CodeWrong = "The code is wrong, or was used already. Wait for the authenticator's next one, and see that its clock is right.";

    /// <summary>Checks a login. A wrong password and a wrong code count towards the account's lock alike.</summary>
    /// <param name="name">The account.</param>
    /// <param name="password">Its password.</param>
    /// <param name="code">The second factor's code; null or empty when none was given.</param>
    /// <returns>The account; or refused, with <see cref="AccountRefusal.SecondFactorRequired"/> when only the code is missing.</returns>
    /// <remarks>One check at a time: each takes the cost's memory.</remarks>
    public AccountResult<AccountRecord> CheckLogin(string name, string password, string? code)
    {
        lock (_stretching)
        {
            AccountRecord? account = Find(name);
            bool isLocked = account?.LockedUntil > _time.GetUtcNow();

            // An unknown name takes as long as a known one.
            bool isRight = Encoding.UTF8.GetByteCount(password) <= PasswordHash.BytesMax && (account?.Password ?? _nobody.Value).Matches(password);
            if (account is null || isLocked)
            {
                return Refuse<AccountRecord>(AccountRefusal.Denied, Denied);
            }

            if (!isRight)
            {
                return CountDenied(name);
            }

            if (account.SecondFactor is not { } factor)
            {
                return Change(name, Admitted);
            }

            if (string.IsNullOrEmpty(code))
            {
                // The password alone takes no failures back: else who knows it could guess codes for ever.
                return Refuse<AccountRecord>(AccountRefusal.SecondFactorRequired, "The account has a second factor: give its code too.");
            }

            return TimeCode.Match(factor.Secret, code, _time.GetUtcNow(), factor.LastStep) is { } step
                ? Change(name, current => Admitted(current) with { SecondFactor = factor with { LastStep = step } })
                : CountDenied(name);
        }
    }

    /// <summary>Gives an account a second factor, once a code shows that its holder has the secret.</summary>
    public AccountResult<AccountRecord> SetSecondFactor(string name, byte[] secret, string code)
    {
        DateTimeOffset now = _time.GetUtcNow();
        return TimeCode.Match(secret, code, now, lastStep: 0) is { } step
            ? Change(name, account => account with { SecondFactor = new SecondFactor(secret, now, step) })
            : Refuse<AccountRecord>(AccountRefusal.Invalid, CodeWrong);
    }

    /// <summary>Takes an account's second factor off, for its holder, who gives a code. Wrong codes count towards the account's lock.</summary>
    public AccountResult<AccountRecord> RemoveSecondFactor(string name, string code)
    {
        if (Find(name) is not { SecondFactor: { } factor } account)
        {
            return Refuse<AccountRecord>(AccountRefusal.Unknown, "The account has no second factor.");
        }

        DateTimeOffset now = _time.GetUtcNow();
        if (account.LockedUntil > now)
        {
            return Refuse<AccountRecord>(AccountRefusal.Denied, Denied);
        }

        return TimeCode.Match(factor.Secret, code, now, factor.LastStep) is null
            ? Change(name, CountFailure) with { Value = null, Refusal = AccountRefusal.Invalid, Message = CodeWrong }
            : Change(name, current => current with { SecondFactor = null });
    }

    /// <summary>Takes an account's second factor off, for an administrator: its holder has lost it.</summary>
    public AccountResult<AccountRecord> RemoveSecondFactor(string name) => Change(name, account => account with { SecondFactor = null });

    private AccountRecord Admitted(AccountRecord account) => account with { Failures = 0, LockedUntil = null, LastLogin = _time.GetUtcNow() };

    private AccountResult<AccountRecord> CountDenied(string name) => Change(name, CountFailure) with { Value = null, Refusal = AccountRefusal.Denied, Message = Denied };
}
