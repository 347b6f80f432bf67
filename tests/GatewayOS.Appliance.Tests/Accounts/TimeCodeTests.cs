using System.Text;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Accounts;

public sealed class TimeCodeTests : IDisposable
{
    private const string Password = "correct horse battery";

    private readonly ScratchDirectory _scratch = new("codes");
    private readonly ManualClock _clock = new();
    private readonly AccountRegistry _registry;
    private readonly byte[] _secret = TimeCode.NewSecret();

    public TimeCodeTests()
    {
        _registry = new AccountRegistry(new StateDirectory(_scratch.Path), _clock, new KdfCost(8, 1, 1));
        _registry.Add("alice", Role.Operator, Password);
    }

    public void Dispose() => _scratch.Dispose();

    // RFC 6238, appendix B, SHA-1.
    [Theory]
    [InlineData(59, "94287082")]
    [InlineData(1111111109, "07081804")]
    [InlineData(1111111111, "14050471")]
    [InlineData(1234567890, "89005924")]
    [InlineData(2000000000, "69279037")]
    [InlineData(20000000000, "65353130")]
    public void Codes_are_those_of_the_standard(long seconds, string code)
    {
        byte[] secret = Encoding.ASCII.GetBytes("12345678901234567890");
        long step = TimeCode.StepOf(DateTimeOffset.FromUnixTimeSeconds(seconds));
        Assert.Equal(code, TimeCode.Of(secret, step, digits: 8));
        Assert.Equal(code[2..], TimeCode.Of(secret, step));
    }

    // RFC 4648, section 10, without padding.
    [Theory]
    [InlineData("f", "MY")]
    [InlineData("fo", "MZXQ")]
    [InlineData("foo", "MZXW6")]
    [InlineData("foob", "MZXW6YQ")]
    [InlineData("fooba", "MZXW6YTB")]
    [InlineData("foobar", "MZXW6YTBOI")]
    public void Secrets_are_written_as_the_standard_says(string secret, string text) => Assert.Equal(text, TimeCode.ToText(Encoding.ASCII.GetBytes(secret)));

    [Fact]
    public void A_code_fits_its_step_and_the_ones_beside_it_and_is_taken_once()
    {
        long now = TimeCode.StepOf(_clock.Now);
        Assert.Equal([null, now - 1, now, now + 1, null], Enumerable.Range(-2, 5).Select(off => TimeCode.Match(_secret, TimeCode.Of(_secret, now + off), _clock.Now, lastStep: 0)));
        Assert.Null(TimeCode.Match(_secret, TimeCode.Of(_secret, now), _clock.Now, lastStep: now));
        Assert.Null(TimeCode.Match(_secret, "", _clock.Now, lastStep: 0));
        Assert.Equal(now, TimeCode.Match(_secret, TimeCode.Of(_secret, now).Insert(3, " "), _clock.Now, lastStep: 0));
    }

    [Fact]
    public void With_a_second_factor_neither_password_nor_code_alone_is_enough()
    {
        Assert.Equal(AccountRefusal.Invalid, _registry.SetSecondFactor("alice", _secret, "000000x").Refusal);
        Assert.NotNull(_registry.CheckLogin("alice", Password, code: null).Value);
        Confirm();
        Assert.Equal(AccountRefusal.SecondFactorRequired, _registry.CheckLogin("alice", Password, code: null).Refusal);
        Assert.Equal(AccountRefusal.Denied, _registry.CheckLogin("alice", "incorrect horse battery", Next()).Refusal);
        Assert.NotNull(_registry.CheckLogin("alice", Password, Next()).Value);
        Assert.NotNull(_registry.RemoveSecondFactor("alice").Value);
        Assert.NotNull(_registry.CheckLogin("alice", Password, code: null).Value);
    }

    [Fact]
    public void Guessing_codes_locks_the_account_though_the_password_is_right()
    {
        Confirm();
        for (int i = 0; i < AccountRegistry.FailuresMax; i++)
        {
            Assert.Equal(AccountRefusal.SecondFactorRequired, _registry.CheckLogin("alice", Password, code: null).Refusal);
            Assert.Equal(AccountRefusal.Denied, _registry.CheckLogin("alice", Password, "12345").Refusal);
        }

        Assert.NotNull(_registry.Find("alice")!.LockedUntil);
        Assert.Equal(AccountRefusal.Denied, _registry.CheckLogin("alice", Password, Next()).Refusal);
    }

    private void Confirm() => Assert.NotNull(_registry.SetSecondFactor("alice", _secret, TimeCode.Of(_secret, TimeCode.StepOf(_clock.Now))).Value);

    private string Next()
    {
        _clock.Now += TimeSpan.FromSeconds(30);
        return TimeCode.Of(_secret, TimeCode.StepOf(_clock.Now));
    }
}
