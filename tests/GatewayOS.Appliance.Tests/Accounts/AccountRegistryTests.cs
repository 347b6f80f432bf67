using GatewayOS.Appliance.Accounts;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Accounts;

public sealed class AccountRegistryTests : IDisposable
{
    private const string Right = "correct horse battery";
    private const string Wrong = "incorrect horse battery";

    // As cheap as Argon2 allows: what is tested here is not its cost.
    private static readonly KdfCost s_cheap = new(8, 1, 1);

    private readonly ScratchDirectory _scratch = new("accounts");
    private readonly ManualClock _clock = new();
    private readonly AccountRegistry _registry;

    public AccountRegistryTests() => _registry = Open();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_password_is_kept_stretched_and_known_again_after_a_restart()
    {
        Assert.NotNull(_registry.Add("alice", Role.Operator, Right).Value);
        Assert.NotNull(Open().CheckLogin("ALICE", Right, code: null).Value);
        Assert.Equal(AccountRefusal.Denied, Open().CheckLogin("alice", Wrong, code: null).Refusal);
        string file = File.ReadAllText(_scratch["accounts.json"]);
        Assert.DoesNotContain(Right, file, StringComparison.Ordinal);
        Assert.Equal(KdfCost.Default, new AccountRegistry(new StateDirectory(_scratch["other"]), _clock).Add("bob", Role.Viewer, Right).Value!.Password.Cost);
    }

    [Fact]
    public void Wrong_passwords_lock_an_account_for_longer_and_longer_and_a_restart_does_not_help()
    {
        _registry.Add("alice", Role.Operator, Right);
        for (int i = 0; i < AccountRegistry.FailuresMax; i++)
        {
            Assert.NotNull(_registry.CheckLogin("alice", Wrong, code: null).Refusal);
        }

        Assert.Equal(_clock.Now + AccountRegistry.LockMin, _registry.Find("alice")!.LockedUntil);
        Assert.Equal(AccountRefusal.Denied, Open().CheckLogin("alice", Right, code: null).Refusal);
        _clock.Now += AccountRegistry.LockMin;
        Assert.NotNull(_registry.CheckLogin("alice", Wrong, code: null).Refusal);
        Assert.Equal(_clock.Now + (2 * AccountRegistry.LockMin), _registry.Find("alice")!.LockedUntil);
        _clock.Now += TimeSpan.FromDays(1);
        Assert.NotNull(_registry.CheckLogin("alice", Right, code: null).Value);
        Assert.Equal(0, _registry.Find("alice")!.Failures);
    }

    [Fact]
    public void An_administrator_ends_a_lock()
    {
        _registry.Add("alice", Role.Operator, Right);
        for (int i = 0; i < AccountRegistry.FailuresMax; i++)
        {
            _registry.CheckLogin("alice", Wrong, code: null);
        }

        _registry.Unlock("alice");
        Assert.NotNull(_registry.CheckLogin("alice", Right, code: null).Value);
    }

    [Fact]
    public void Unknown_names_wrong_passwords_and_locks_answer_alike()
    {
        _registry.Add("alice", Role.Operator, Right);
        string unknown = _registry.CheckLogin("nobody", Right, code: null).Message;
        Assert.Equal(unknown, _registry.CheckLogin("alice", Wrong, code: null).Message);
        Enumerable.Range(0, AccountRegistry.FailuresMax).ToList().ForEach(_ => _registry.CheckLogin("alice", Wrong, code: null));
        Assert.Equal(unknown, _registry.CheckLogin("alice", Right, code: null).Message);
    }

    [Theory]
    [InlineData("", Right)]
    [InlineData("with space", Right)]
    [InlineData("line\nbreak", Right)]
    [InlineData("alice", "short")]
    public void Bad_names_and_passwords_make_no_account(string name, string password)
    {
        Assert.Equal(AccountRefusal.Invalid, _registry.Add(name, Role.Viewer, password).Refusal);
        Assert.Empty(_registry.Accounts);
    }

    [Fact]
    public void A_name_is_taken_whatever_its_case()
    {
        _registry.Add("alice", Role.Viewer, Right);
        Assert.Equal(AccountRefusal.Taken, _registry.Add("Alice", Role.Administrator, Right).Refusal);
    }

    [Fact]
    public void An_api_token_serves_until_it_expires_or_is_revoked()
    {
        byte[] secret = [1, 2, 3];
        ApiTokenRecord token = _registry.AddToken("id1", secret, Role.Viewer, TimeSpan.FromHours(1), "alice", "").Value!;
        Assert.Equal(Role.Viewer, Open().CheckToken("id1", secret)!.Role);
        Assert.Null(_registry.CheckToken("id1", [1, 2, 4]));
        Assert.Null(_registry.CheckToken("id2", secret));
        Assert.DoesNotContain(Convert.ToHexStringLower(secret), File.ReadAllText(_scratch["accounts.json"]), StringComparison.Ordinal);
        _clock.Now += TimeSpan.FromHours(1);
        Assert.Null(_registry.CheckToken("id1", secret));
        _clock.Now -= TimeSpan.FromMinutes(1);
        Assert.NotNull(_registry.RevokeToken(token.Id).Value);
        Assert.Null(_registry.CheckToken("id1", secret));
        Assert.Equal(AccountRefusal.Invalid, _registry.AddToken("id3", secret, Role.Viewer, TimeSpan.FromDays(4000), "alice", "").Refusal);
    }

    [Fact]
    public void A_damaged_file_is_named()
    {
        File.WriteAllText(_scratch["accounts.json"], "{");
        Assert.Contains("accounts.json", Assert.Throws<InvalidDataException>(Open).Message, StringComparison.Ordinal);
    }

    private AccountRegistry Open() => new(new StateDirectory(_scratch.Path), _clock, s_cheap);
}
