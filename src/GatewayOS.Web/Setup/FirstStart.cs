using System.Security.Cryptography;
using System.Text;
using GatewayOS.Api.Tokens;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Web.Sessions;

namespace GatewayOS.Web.Setup;

/// <summary>
/// How an appliance gets its first administrator with a browser: whoever can read the claim code, on the display or the console, stands before it. It is
/// needed while there is neither an account nor an operator's login, and so again after access was reset at the panel. Thread-safe.
/// </summary>
public sealed class FirstStart
{
    /// <summary>How long somebody who has shown the claim code has to finish.</summary>
    public static readonly TimeSpan SetupMax = TimeSpan.FromMinutes(30);

    private const int CodeDigits = 10;

    private readonly AccountRegistry _accounts;
    private readonly NodeRegistry _registry;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private string _code = Base32.NewCode(CodeDigits);
    private (string Token, long At)? _claim;

    /// <summary>Makes one, with a code that nobody has seen.</summary>
    public FirstStart(AccountRegistry accounts, NodeRegistry registry, TimeProvider time)
    {
        (_accounts, _registry, _time) = (accounts, registry, time);
    }

    /// <summary>True while the appliance is nobody's.</summary>
    public bool IsNeeded => _accounts.Accounts.Count == 0 && !_registry.HasOperators;

    /// <summary>The code to show: two groups of five letters and digits; null when the appliance is somebody's.</summary>
    public string? ClaimCode
    {
        get
        {
            lock (_gate)
            {
                return IsNeeded ? Base32.Grouped(_code) : null;
            }
        }
    }

    /// <summary>Claims the appliance.</summary>
    /// <param name="typed">The code as it was typed.</param>
    /// <returns>What the setup is then done with; null when the code is wrong. An earlier claim serves no more.</returns>
    public string? Claim(string typed)
    {
        byte[] code = Encoding.UTF8.GetBytes(Base32.Normalise(typed));
        lock (_gate)
        {
            if (!IsNeeded || !CryptographicOperations.FixedTimeEquals(code, Encoding.ASCII.GetBytes(_code)))
            {
                return null;
            }

            _claim = (SessionBook.NewSecret(), _time.GetTimestamp());
            return _claim.Value.Token;
        }
    }

    /// <summary>True when a setup may be done with this token.</summary>
    public bool IsClaimedBy(string token)
    {
        lock (_gate)
        {
            return IsNeeded && _claim is { } claim && _time.GetElapsedTime(claim.At) < SetupMax
                && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.UTF8.GetBytes(claim.Token));
        }
    }

    /// <summary>The setup is done: the code and the claim are used up.</summary>
    public void Finish()
    {
        lock (_gate)
        {
            (_code, _claim) = (Base32.NewCode(CodeDigits), null);
        }
    }
}
