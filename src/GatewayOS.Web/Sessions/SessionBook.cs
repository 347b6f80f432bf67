using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using GatewayOS.Appliance.Accounts;

namespace GatewayOS.Web.Sessions;

/// <summary>
/// Who is logged in with a browser; in memory alone. A session is known by 256 random bits of which only the hash is kept, so what leaks of this process's
/// memory opens none. Whether a session still holds is asked of the accounts with every request, and every second for the sake of streams. Thread-safe.
/// </summary>
internal sealed class SessionBook : IDisposable
{
    /// <summary>Most sessions; beyond, the one that was used longest ago ends.</summary>
    public const int SessionsMax = 500;

    /// <summary>Most sessions of one account; likewise.</summary>
    public const int SessionsPerAccountMax = 20;

    /// <summary>How long a session stays in which nobody does anything.</summary>
    public static readonly TimeSpan IdleMax = TimeSpan.FromMinutes(15);

    /// <summary>How long a session stays whatever is done.</summary>
    public static readonly TimeSpan AgeMax = TimeSpan.FromHours(12);

    /// <summary>How often sessions are looked at whose browser only listens.</summary>
    public static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private const int SecretBytes = 32;

    private readonly AccountRegistry _accounts;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, WebSession> _sessions = new(StringComparer.Ordinal);
    private readonly ITimer _timer;

    public SessionBook(AccountRegistry accounts, TimeProvider time)
    {
        (_accounts, _time) = (accounts, time);
        _timer = time.CreateTimer(_ => Sweep(), null, SweepInterval, SweepInterval);
    }

    /// <summary>Begins a session.</summary>
    /// <param name="account">Whose.</param>
    /// <returns>The session, and the secret by which its browser is known.</returns>
    public (WebSession Session, string Secret) Begin(AccountRecord account)
    {
        string secret = NewSecret();
        long now = _time.GetTimestamp();
        var session = new WebSession { Account = account.Name, AccountCreated = account.Created, PasswordSet = account.PasswordSet, Csrf = NewSecret(), BegunAt = now, UsedAt = now };
        lock (_gate)
        {
            MakeRoom(SessionsMax, _ => true);
            MakeRoom(SessionsPerAccountMax, one => one.Account == account.Name);
            _sessions.Add(KeyOf(secret), session);
        }

        return (session, secret);
    }

    /// <summary>Finds the session of a request.</summary>
    /// <param name="secret">What its browser shows.</param>
    /// <param name="isUse">True when its user does something; false for what the page asks by itself.</param>
    /// <returns>Null when there is none, or it has ended.</returns>
    public WebSession? Find(string secret, bool isUse)
    {
        lock (_gate)
        {
            string key = KeyOf(secret);
            if (!_sessions.TryGetValue(key, out WebSession? session))
            {
                return null;
            }

            if (!Holds(session))
            {
                End(key);
                return null;
            }

            if (isUse)
            {
                session.UsedAt = _time.GetTimestamp();
            }

            return session;
        }
    }

    /// <summary>Ends a session.</summary>
    public void End(WebSession session)
    {
        lock (_gate)
        {
            if (_sessions.FirstOrDefault(pair => pair.Value == session).Key is { } key)
            {
                End(key);
            }
        }
    }

    /// <summary>Ends what does not hold any more.</summary>
    public void Sweep()
    {
        lock (_gate)
        {
            foreach (string key in _sessions.Where(pair => !Holds(pair.Value)).Select(pair => pair.Key).ToArray())
            {
                End(key);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            foreach (string key in _sessions.Keys.ToArray())
            {
                End(key);
            }
        }
    }

    /// <summary>256 random bits as text.</summary>
    public static string NewSecret() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes));

    private static string KeyOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    private bool Holds(WebSession session) =>
        _time.GetElapsedTime(session.UsedAt) < IdleMax
        && _time.GetElapsedTime(session.BegunAt) < AgeMax
        && _accounts.Find(session.Account) is { } account
        && account.Created == session.AccountCreated
        && account.PasswordSet == session.PasswordSet;

    // Under the gate.
    private void MakeRoom(int most, Func<WebSession, bool> counts)
    {
        while (_sessions.Values.Count(counts) >= most)
        {
            End(_sessions.Where(pair => counts(pair.Value)).MinBy(pair => pair.Value.UsedAt).Key);
        }
    }

    // Under the gate.
    private void End(string key)
    {
        if (_sessions.Remove(key, out WebSession? session))
        {
            session.End();
        }
    }
}
