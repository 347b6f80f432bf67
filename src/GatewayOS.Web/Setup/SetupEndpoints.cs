using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Settings;
using GatewayOS.Web.Endpoints;
using GatewayOS.Web.Sessions;
using GatewayOS.Web.Transcoding;
using Microsoft.AspNetCore.Http.Features;

namespace GatewayOS.Web.Setup;

/// <summary>The first start.</summary>
internal sealed class SetupEndpoints(WebAppliance appliance, FirstStart first, SessionEndpoints sessions) : IDisposable
{
    /// <summary>Wrong claim codes within <see cref="FailureWindow"/>, wherever they come from: there are 2^50 codes.</summary>
    public const int FailuresMax = 10;

    /// <summary>For so long they count.</summary>
    public static readonly TimeSpan FailureWindow = TimeSpan.FromMinutes(5);

    private const string Everywhere = "";
    private const string Method = "web/Setup";
    private const string Who = "setup";

    private readonly AttemptLimit _limit = new(FailuresMax, FailureWindow, appliance.Time);
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Tells whether setup is needed.</summary>
    public Task ShowAsync(HttpContext http, CallerSession caller) => Answers.WriteAsync(
        http, new SetupStateDocument(first.IsNeeded, appliance.Settings.Name, appliance.Model, http.Features.GetRequiredFeature<WebListener>().Certificate.Fingerprint, appliance.Settings.Zone.Id), WebJson.Default.SetupStateDocument);

    /// <summary>Takes a claim code.</summary>
    public async Task ClaimAsync(HttpContext http, CallerSession caller)
    {
        ClaimDocument claim = await RequestBody.ReadAsync(http, WebJson.Default.ClaimDocument, appliance.Time).ConfigureAwait(false);
        RefuseIfDone();
        SessionEndpoints.RefuseIfTooMany(_limit.WaitOf(Everywhere));
        if (first.Claim(claim.ClaimCode) is not { } token)
        {
            _limit.Failed(Everywhere);
            throw Refuse("That is not the claim code. It is on the front panel's display and in gatewayd's log.");
        }

        _limit.Succeeded(Everywhere);
        await Answers.WriteAsync(http, new ClaimedDocument(token), WebJson.Default.ClaimedDocument).ConfigureAwait(false);
    }

    /// <summary>Makes the administrator and a recovery key, and logs the administrator in.</summary>
    public async Task FinishAsync(HttpContext http, CallerSession caller)
    {
        SetupDocument setup = await RequestBody.ReadAsync(http, WebJson.Default.SetupDocument, appliance.Time).ConfigureAwait(false);
        await _one.WaitAsync(http.RequestAborted).ConfigureAwait(false);
        try
        {
            RefuseIfDone();
            if (!first.IsClaimedBy(setup.SetupToken))
            {
                throw Refuse("The claim has run out, or another came after it. Give the claim code again.");
            }

            string[] problems = [.. ((string?[])[AccountRegistry.NameProblem(setup.Account), PasswordHash.Problem(setup.Password), .. ApplianceSettings.Problems(setup.ApplianceName, setup.Zone)]).OfType<string>()];
            if (problems.Length > 0)
            {
                throw WebErrorException.BadForm(StatusCodes.Status400BadRequest, string.Join(' ', problems));
            }

            string target = $"user:{setup.Account} role:{Role.Administrator.ToText()}";
            long begun = appliance.Audit.Begin(Who, Method, target);

            // The key first: if what follows fails, a key that nobody knows opens nothing, while an appliance that has an owner gives out no second key.
            string recovery = await appliance.Workers.RunAsync(() => appliance.Store.AddRecoveryKey("first start").Secret.Text).ConfigureAwait(false);
            AccountResult<AccountRecord> made = await appliance.AddAccount(setup.Account, Role.Administrator, setup.Password).ConfigureAwait(false);
            if (made.Value is not null)
            {
                await appliance.Workers.RunAsync(() => appliance.Settings.Set(setup.ApplianceName, setup.Zone)).ConfigureAwait(false);
            }

            appliance.Audit.End(begun, Who, Method, target, made.Value is null ? made.Message : null);
            AccountRecord account = made.Value ?? throw WebErrorException.BadForm(StatusCodes.Status400BadRequest, made.Message);
            first.Finish();
            appliance.NoteLogin(account, WebCallContext.PeerOf(http));
            await sessions.BeginAsync(http, caller, account, recovery).ConfigureAwait(false);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    private static WebErrorException Refuse(string why) => new(StatusCodes.Status403Forbidden, new ErrorDocument("PERMISSION_DENIED", why));

    private void RefuseIfDone()
    {
        if (!first.IsNeeded)
        {
            throw new WebErrorException(StatusCodes.Status409Conflict, new ErrorDocument("FAILED_PRECONDITION", "This appliance has an owner. Log in; whoever has no login left resets access at the front panel."));
        }
    }
}
