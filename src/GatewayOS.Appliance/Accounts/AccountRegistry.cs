using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Accounts;

/// <summary>
/// Local accounts and API tokens. One small file, replaced whole with every change. Answers from memory; only what takes a password is slow, on
/// purpose, and must not run on a thread that others wait for. Thread-safe.
/// </summary>
public sealed partial class AccountRegistry
{
    /// <summary>Wrong passwords after which an account is locked.</summary>
    public const int FailuresMax = 5;

    /// <summary>Most accounts.</summary>
    public const int AccountsMax = 500;

    /// <summary>Most API tokens that have not expired.</summary>
    public const int TokensMax = 500;

    /// <summary>How long the first lock lasts; each further wrong password doubles it.</summary>
    public static readonly TimeSpan LockMin = TimeSpan.FromMinutes(1);

    /// <summary>How long a lock lasts at most.</summary>
    public static readonly TimeSpan LockMax = TimeSpan.FromHours(1);

    /// <summary>How long an API token is valid at most.</summary>
    public static readonly TimeSpan TokenLifetimeMax = TimeSpan.FromDays(366);

    private const string FileName = "accounts.json";

    // One answer for unknown names, wrong passwords and locked accounts, so that none tells which names exist.
    private const string Denied = "The name, the password or the code is wrong. After five wrong ones an account is locked for a while; an administrator unlocks it with 'gatewayctl user unlock'.";

    private readonly StateDirectory _state;
    private readonly TimeProvider _time;
    private readonly KdfCost _cost;
    private readonly Lock _gate = new();
    private readonly Lock _stretching = new();
    private readonly Lazy<PasswordHash> _nobody;
    private AccountsDocument _document;

    /// <summary>Opens the registry.</summary>
    /// <param name="state">Where it is kept.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cost">What guessing a password costs; null for the default.</param>
    /// <exception cref="InvalidDataException">Its file is damaged.</exception>
    public AccountRegistry(StateDirectory state, TimeProvider time, KdfCost? cost = null)
    {
        (_state, _time, _cost) = (state, time, cost ?? KdfCost.Default);
        _nobody = new Lazy<PasswordHash>(() => PasswordHash.Of(Convert.ToHexString(RandomNumberGenerator.GetBytes(16)), _cost));
        _document = Load(state);
    }

    /// <summary>All accounts, by name.</summary>
    public IReadOnlyList<AccountRecord> Accounts => [.. Current.Accounts.OrderBy(account => account.Name, StringComparer.Ordinal)];

    /// <summary>All API tokens, newest first.</summary>
    public IReadOnlyList<ApiTokenRecord> Tokens => [.. Current.Tokens.OrderByDescending(token => token.Created)];

    private AccountsDocument Current
    {
        get
        {
            lock (_gate)
            {
                return _document;
            }
        }
    }

    /// <summary>Finds an account.</summary>
    public AccountRecord? Find(string name) => Current.Accounts.FirstOrDefault(account => IsNamed(account, name));

    /// <summary>Says what keeps a text from being an account's name.</summary>
    /// <returns>Null when it may be one.</returns>
    public static string? NameProblem(string name) => NamePattern().IsMatch(name) ? null : "That is no name for an account: 1 to 63 letters, digits, '.', '_' and '-' make one.";

    /// <summary>Makes an account.</summary>
    public AccountResult<AccountRecord> Add(string name, Role role, string password)
    {
        if (NameProblem(name) is { } wrong)
        {
            return Refuse<AccountRecord>(AccountRefusal.Invalid, wrong);
        }

        return Stretch(password, out PasswordHash hash) is { } problem ? Refuse<AccountRecord>(AccountRefusal.Invalid, problem) : Add(name, role, hash);
    }

    /// <summary>Makes an account whose password was stretched elsewhere.</summary>
    public AccountResult<AccountRecord> Add(string name, Role role, PasswordHash hash)
    {
        if (NameProblem(name) is { } wrong)
        {
            return Refuse<AccountRecord>(AccountRefusal.Invalid, wrong);
        }

        lock (_gate)
        {
            if (Find(name) is not null)
            {
                return Refuse<AccountRecord>(AccountRefusal.Taken, $"There is an account '{name}' already. Choose another name.");
            }

            if (_document.Accounts.Count >= AccountsMax)
            {
                return Refuse<AccountRecord>(AccountRefusal.TooMany, $"There are {AccountsMax} accounts, which is the most. Remove one that is not needed any more.");
            }

            DateTimeOffset now = _time.GetUtcNow();
            return Put(new AccountRecord { Name = name, Role = role, Password = hash, Created = now, PasswordSet = now });
        }
    }

    /// <summary>Gives an account another role; it holds from the next call on.</summary>
    public AccountResult<AccountRecord> SetRole(string name, Role role) => Change(name, account => account with { Role = role });

    /// <summary>Ends a lock.</summary>
    public AccountResult<AccountRecord> Unlock(string name) => Change(name, account => account with { Failures = 0, LockedUntil = null });

    /// <summary>Gives an account another password, and ends a lock.</summary>
    public AccountResult<AccountRecord> SetPassword(string name, string password) =>
        Stretch(password, out PasswordHash hash) is { } problem
            ? Refuse<AccountRecord>(AccountRefusal.Invalid, problem)
            : Change(name, account => account with { Password = hash, PasswordSet = _time.GetUtcNow(), Failures = 0, LockedUntil = null });

    /// <summary>Removes an account, and with it all its rights.</summary>
    public AccountResult<AccountRecord> Remove(string name)
    {
        lock (_gate)
        {
            if (Find(name) is not { } account)
            {
                return Unknown(name);
            }

            Save(_document with { Accounts = [.. _document.Accounts.Where(other => other.Name != account.Name)] });
            return new AccountResult<AccountRecord>(account, null, "");
        }
    }

    /// <summary>Removes all accounts and API tokens.</summary>
    public void RemoveAll()
    {
        lock (_gate)
        {
            Save(_document with { Accounts = [], Tokens = [] });
        }
    }

    /// <summary>Checks the password of somebody who is logged in already, and counts wrong ones towards the account's lock.</summary>
    /// <remarks>One check at a time: each takes the cost's memory.</remarks>
    public AccountResult<AccountRecord> CheckPassword(string name, string password)
    {
        lock (_stretching)
        {
            if (Find(name) is not { } account || account.LockedUntil > _time.GetUtcNow())
            {
                return Refuse<AccountRecord>(AccountRefusal.Denied, Denied);
            }

            bool isRight = Encoding.UTF8.GetByteCount(password) <= PasswordHash.BytesMax && account.Password.Matches(password);
            return isRight ? new AccountResult<AccountRecord>(account, null, "") : CountDenied(name);
        }
    }

    /// <summary>Keeps a new API token.</summary>
    /// <param name="id">Its ID.</param>
    /// <param name="secret">Its secret.</param>
    /// <param name="role">What it may do.</param>
    /// <param name="lifetime">How long it is valid, up to <see cref="TokenLifetimeMax"/>.</param>
    /// <param name="maker">Who makes it.</param>
    /// <param name="note">What for.</param>
    public AccountResult<ApiTokenRecord> AddToken(string id, ReadOnlySpan<byte> secret, Role role, TimeSpan lifetime, string maker, string note)
    {
        if (lifetime <= TimeSpan.Zero || lifetime > TokenLifetimeMax)
        {
            return Refuse<ApiTokenRecord>(AccountRefusal.Invalid, $"An API token lives from one second to {TokenLifetimeMax.TotalDays:0} days.");
        }

        DateTimeOffset now = _time.GetUtcNow();
        var token = new ApiTokenRecord { Id = id, SecretHash = Hash(secret), Role = role, Created = now, Expires = now + lifetime, Maker = maker, Note = note.Length > 200 ? note[..200] : note };
        lock (_gate)
        {
            ApiTokenRecord[] valid = [.. _document.Tokens.Where(other => other.Expires > now)];
            if (valid.Length >= TokensMax)
            {
                return Refuse<ApiTokenRecord>(AccountRefusal.TooMany, $"There are {TokensMax} API tokens, which is the most. Revoke one that is not needed any more.");
            }

            Save(_document with { Tokens = [.. valid, token] });
            return new AccountResult<ApiTokenRecord>(token, null, "");
        }
    }

    /// <summary>Finds the valid API token with a secret.</summary>
    /// <returns>Null when there is none, or it has expired.</returns>
    public ApiTokenRecord? CheckToken(string id, ReadOnlySpan<byte> secret)
    {
        ApiTokenRecord? token = Current.Tokens.FirstOrDefault(known => known.Id == id);
        bool isRight = CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash(secret)), Encoding.ASCII.GetBytes(token?.SecretHash ?? Hash([])));
        return token is not null && isRight && token.Expires > _time.GetUtcNow() ? token : null;
    }

    /// <summary>Ends an API token at once.</summary>
    /// <returns>What it was.</returns>
    public AccountResult<ApiTokenRecord> RevokeToken(string id)
    {
        lock (_gate)
        {
            if (_document.Tokens.FirstOrDefault(known => known.Id == id) is not { } token)
            {
                return Refuse<ApiTokenRecord>(AccountRefusal.Unknown, "There is no API token with that ID. 'gatewayctl token list' shows all.");
            }

            Save(_document with { Tokens = [.. _document.Tokens.Where(other => other.Id != id)] });
            return new AccountResult<ApiTokenRecord>(token, null, "");
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    private static bool IsNamed(AccountRecord account, string name) => string.Equals(account.Name, name, StringComparison.OrdinalIgnoreCase);

    private static string Hash(ReadOnlySpan<byte> secret) => Convert.ToHexStringLower(SHA256.HashData(secret));

    private static AccountResult<T> Refuse<T>(AccountRefusal refusal, string message)
        where T : class => new(null, refusal, message);

    private static AccountResult<AccountRecord> Unknown(string name) =>
        Refuse<AccountRecord>(AccountRefusal.Unknown, $"There is no account {(NamePattern().IsMatch(name) ? $"'{name}'" : "of that name")}. 'gatewayctl user list' shows all.");

    private static AccountsDocument Load(StateDirectory state)
    {
        if (state.Read(FileName) is not { } bytes)
        {
            return new AccountsDocument();
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, AccountsJson.Default.AccountsDocument) is { Version: 1 } document
                ? document
                : throw new InvalidDataException($"{state.PathOf(FileName)} is of another version. Use the program that wrote it, or a newer one.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} is damaged: {error.Message} Restore it from a backup of the state; or delete it, log in with a login token and make the accounts anew.", error);
        }
    }

    private AccountRecord CountFailure(AccountRecord account)
    {
        int failures = account.Failures + 1;
        if (failures < FailuresMax)
        {
            return account with { Failures = failures };
        }

        double minutes = LockMin.TotalMinutes * Math.Pow(2, Math.Min(failures - FailuresMax, 16));
        return account with { Failures = failures, LockedUntil = _time.GetUtcNow() + TimeSpan.FromMinutes(Math.Min(minutes, LockMax.TotalMinutes)) };
    }

    private string? Stretch(string password, out PasswordHash hash)
    {
        hash = null!;
        if (PasswordHash.Problem(password) is { } problem)
        {
            return problem;
        }

        lock (_stretching)
        {
            hash = PasswordHash.Of(password, _cost);
            return null;
        }
    }

    private AccountResult<AccountRecord> Change(string name, Func<AccountRecord, AccountRecord> change)
    {
        lock (_gate)
        {
            return Find(name) is { } account ? Put(change(account)) : Unknown(name);
        }
    }

    // Under the gate.
    private AccountResult<AccountRecord> Put(AccountRecord account)
    {
        Save(_document with { Accounts = [.. _document.Accounts.Where(other => other.Name != account.Name), account] });
        return new AccountResult<AccountRecord>(account, null, "");
    }

    private void Save(AccountsDocument document)
    {
        _state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(document, AccountsJson.Default.AccountsDocument));
        _document = document;
    }
}
