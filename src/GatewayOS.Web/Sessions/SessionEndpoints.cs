using GatewayOS.Appliance.Accounts;
using GatewayOS.Web.Endpoints;
using GatewayOS.Web.Transcoding;

namespace GatewayOS.Web.Sessions;

/// <summary>Comes in, goes out, and keeps a second factor.</summary>
internal sealed class SessionEndpoints(WebAppliance appliance, SessionBook sessions)
{
    /// <summary>Wrong logins from one origin within <see cref="FailureWindow"/>; an account locks sooner.</summary>
    public const int FailuresMax = 20;

    /// <summary>The name of the cookie; its beginning has browsers insist on Secure, on the path and on no domain.</summary>
    public const string Cookie = "__Host-gateway";

    /// <summary>For so long wrong logins count.</summary>
    public static readonly TimeSpan FailureWindow = TimeSpan.FromMinutes(5);

    private readonly AttemptLimit _limit = new(FailuresMax, FailureWindow, appliance.Time);

    /// <summary>Tells who is logged in.</summary>
    public Task ShowAsync(HttpContext http, CallerSession caller) => caller.Session is { } session
        ? WriteAsync(http, session, recoveryKey: null)
        : throw new WebErrorException(StatusCodes.Status401Unauthorized, new ErrorDocument("UNAUTHENTICATED", "You are not logged in, or not any more. Log in."));

    /// <summary>Logs in.</summary>
    public async Task LogInAsync(HttpContext http, CallerSession caller)
    {
        LoginDocument login = await RequestBody.ReadAsync(http, WebJson.Default.LoginDocument, appliance.Time).ConfigureAwait(false);
        string origin = AttemptLimit.OriginOf(http);
        RefuseIfTooMany(_limit.WaitOf(origin));
        AccountResult<AccountRecord> result = await appliance.CheckLogin(login.Account, login.Password, login.Code ?? "", WebCallContext.PeerOf(http)).ConfigureAwait(false);
        if (result.Value is not { } account)
        {
            if (result.Refusal == AccountRefusal.SecondFactorRequired)
            {
                throw new WebErrorException(StatusCodes.Status401Unauthorized, new ErrorDocument("SECOND_FACTOR_REQUIRED", result.Message));
            }

            _limit.Failed(origin);
            throw new WebErrorException(StatusCodes.Status401Unauthorized, new ErrorDocument("UNAUTHENTICATED", result.Message));
        }

        _limit.Succeeded(origin);
        appliance.NoteLogin(account, WebCallContext.PeerOf(http));
        await BeginAsync(http, caller, account, recoveryKey: null).ConfigureAwait(false);
    }

    /// <summary>Begins a session of its own for whoever has come in: whatever session the browser had before serves no more.</summary>
    public Task BeginAsync(HttpContext http, CallerSession caller, AccountRecord account, string? recoveryKey)
    {
        if (caller.Session is { } before)
        {
            sessions.End(before);
        }

        (WebSession session, string secret) = sessions.Begin(account);
        http.Response.Cookies.Append(Cookie, secret, Options());
        return WriteAsync(http, session, recoveryKey);
    }

    /// <summary>Logs out.</summary>
    public Task LogOutAsync(HttpContext http, CallerSession caller)
    {
        sessions.End(caller.Required);
        http.Response.Cookies.Delete(Cookie, Options());
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    /// <summary>Begins to set a second factor up, or confirms it.</summary>
    public async Task OfferSecondFactorAsync(HttpContext http, CallerSession caller)
    {
        SecondFactorDocument document = await RequestBody.ReadAsync(http, WebJson.Default.SecondFactorDocument, appliance.Time).ConfigureAwait(false);
        WebSession session = caller.Required;
        if (appliance.Accounts.Find(session.Account)?.SecondFactor is not null)
        {
            throw Refuse("The account has a second factor. Remove it first, with one of its codes.");
        }

        if (string.IsNullOrEmpty(document.Code))
        {
            session.OfferedSecret = TimeCode.NewSecret();
            var offer = new SecondFactorOffer(TimeCode.ToText(session.OfferedSecret), TimeCode.ToUri(session.OfferedSecret, appliance.Settings.Name, session.Account));
            await Answers.WriteAsync(http, offer, WebJson.Default.SecondFactorOffer).ConfigureAwait(false);
            return;
        }

        byte[] secret = session.OfferedSecret ?? throw Refuse("No second factor is being set up. Begin without a code.");
        Require(appliance.Accounts.SetSecondFactor(session.Account, secret, document.Code));
        session.OfferedSecret = null;
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>Takes the second factor off.</summary>
    public async Task RemoveSecondFactorAsync(HttpContext http, CallerSession caller)
    {
        SecondFactorDocument document = await RequestBody.ReadAsync(http, WebJson.Default.SecondFactorDocument, appliance.Time).ConfigureAwait(false);
        Require(appliance.Accounts.RemoveSecondFactor(caller.Required.Account, document.Code ?? ""));
        http.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>Turns away who failed too often.</summary>
    public static void RefuseIfTooMany(TimeSpan? wait)
    {
        if (wait is { } rest)
        {
            double seconds = Math.Ceiling(Math.Max(rest.TotalSeconds, 1));
            throw new WebErrorException(StatusCodes.Status429TooManyRequests, new ErrorDocument("RESOURCE_EXHAUSTED", $"That was wrong too often from here. Try again in {seconds:0} seconds.", seconds));
        }
    }

    private static CookieOptions Options() => new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true };

    private static WebErrorException Refuse(string why) => new(StatusCodes.Status409Conflict, new ErrorDocument("FAILED_PRECONDITION", why));

    private static void Require(AccountResult<AccountRecord> result)
    {
        if (result.Value is null)
        {
            (int status, string code) = result.Refusal switch
            {
                AccountRefusal.Unknown => (StatusCodes.Status409Conflict, "FAILED_PRECONDITION"),
                AccountRefusal.Denied => (StatusCodes.Status403Forbidden, "PERMISSION_DENIED"),
                _ => (StatusCodes.Status400BadRequest, "INVALID_ARGUMENT"),
            };
            throw new WebErrorException(status, new ErrorDocument(code, result.Message));
        }
    }

    private Task WriteAsync(HttpContext http, WebSession session, string? recoveryKey)
    {
        AccountRecord account = appliance.Accounts.Find(session.Account) ?? throw Refuse("The account was removed.");
        var document = new SessionDocument(account.Name, account.Role.ToText(), session.Csrf, (int)SessionBook.IdleMax.TotalSeconds, account.SecondFactor is not null, recoveryKey);
        return Answers.WriteAsync(http, document, WebJson.Default.SessionDocument);
    }
}
