using GatewayOS.Appliance.Accounts;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;
using GatewayOS.Web.Sessions;

namespace GatewayOS.Web.Tests;

/// <summary>When sessions hold, and when they end.</summary>
public sealed class SessionBookTests : IDisposable
{
    private const string Password = "correct horse battery";

    private readonly ScratchDirectory _scratch = new("sessions");
    private readonly HandClock _clock = new();
    private readonly AccountRegistry _accounts;
    private readonly SessionBook _book;

    public SessionBookTests()
    {
        _accounts = new AccountRegistry(new StateDirectory(_scratch.Path), _clock, new KdfCost(8, 1, 1));
        _accounts.Add("vera", Role.Viewer, Password);
        _book = new SessionBook(_accounts, _clock);
    }

    public void Dispose()
    {
        _book.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void Each_session_is_known_by_a_secret_of_its_own()
    {
        (WebSession first, string secret) = Begin();
        (WebSession second, string other) = Begin();
        Assert.NotEqual(secret, other);
        Assert.NotEqual(first.Csrf, second.Csrf);
        Assert.Same(first, _book.Find(secret, isUse: true));
        Assert.Null(_book.Find("", isUse: true));
        Assert.Null(_book.Find(secret[..^1], isUse: true));
    }

    [Fact]
    public void A_session_in_which_nobody_does_anything_ends_and_what_the_page_asks_by_itself_does_not_count()
    {
        (WebSession session, string secret) = Begin();
        _clock.Pass(SessionBook.IdleMax - TimeSpan.FromSeconds(1));
        Assert.NotNull(_book.Find(secret, isUse: true));
        _clock.Pass(SessionBook.IdleMax - TimeSpan.FromSeconds(1));
        Assert.NotNull(_book.Find(secret, isUse: false));
        _clock.Pass(TimeSpan.FromSeconds(1));
        Assert.Null(_book.Find(secret, isUse: true));
        Assert.True(session.Ended.IsCancellationRequested);
    }

    [Fact]
    public void A_session_ends_after_its_time_however_busy_it_is()
    {
        (_, string secret) = Begin();
        for (TimeSpan passed = TimeSpan.Zero; passed < SessionBook.AgeMax; passed += TimeSpan.FromMinutes(10))
        {
            Assert.NotNull(_book.Find(secret, isUse: true));
            _clock.Pass(TimeSpan.FromMinutes(10));
        }

        Assert.Null(_book.Find(secret, isUse: true));
    }

    [Fact]
    public void A_new_password_ends_an_accounts_sessions()
    {
        (_, string secret) = Begin();
        _clock.Pass(TimeSpan.FromSeconds(1));
        _accounts.SetPassword("vera", "another horse battery");
        Assert.Null(_book.Find(secret, isUse: true));
    }

    [Fact]
    public void An_account_of_the_same_name_is_another()
    {
        (_, string secret) = Begin();
        _accounts.Remove("vera");
        _clock.Pass(TimeSpan.FromSeconds(1));
        _accounts.Add("vera", Role.Administrator, Password);
        Assert.Null(_book.Find(secret, isUse: true));
    }

    [Fact]
    public void Streams_hear_of_a_removal_without_a_request()
    {
        (WebSession session, _) = Begin();
        _accounts.Remove("vera");
        _book.Sweep();
        Assert.True(session.Ended.IsCancellationRequested);
    }

    [Fact]
    public void An_account_cannot_fill_the_book()
    {
        (_, string first) = Begin();
        _clock.Pass(TimeSpan.FromSeconds(1));
        (_, string second) = Begin();
        for (int i = 0; i < SessionBook.SessionsPerAccountMax - 1; i++)
        {
            Begin();
        }

        Assert.Null(_book.Find(first, isUse: false));
        Assert.NotNull(_book.Find(second, isUse: false));
    }

    [Fact]
    public void Who_fails_too_often_waits_and_others_do_not()
    {
        var limit = new AttemptLimit(3, TimeSpan.FromMinutes(5), _clock);
        for (int i = 0; i < 3; i++)
        {
            Assert.Null(limit.WaitOf("192.0.2.1"));
            limit.Failed("192.0.2.1");
            _clock.Pass(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(TimeSpan.FromMinutes(2), limit.WaitOf("192.0.2.1"));
        Assert.Null(limit.WaitOf("192.0.2.2"));
        _clock.Pass(TimeSpan.FromMinutes(2));
        Assert.Null(limit.WaitOf("192.0.2.1"));
        limit.Failed("192.0.2.1");
        Assert.NotNull(limit.WaitOf("192.0.2.1"));
        limit.Succeeded("192.0.2.1");
        Assert.Null(limit.WaitOf("192.0.2.1"));
    }

    [Fact]
    public void Origins_that_fail_do_not_fill_memory()
    {
        var limit = new AttemptLimit(1, TimeSpan.FromMinutes(5), _clock);
        for (int i = 0; i <= AttemptLimit.OriginsMax; i++)
        {
            limit.Failed($"origin {i}");
            _clock.Pass(TimeSpan.FromTicks(1));
        }

        Assert.Null(limit.WaitOf("origin 0"));
        Assert.NotNull(limit.WaitOf($"origin {AttemptLimit.OriginsMax}"));
    }

    private (WebSession Session, string Secret) Begin() => _book.Begin(_accounts.Find("vera")!);
}
