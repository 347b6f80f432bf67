using GatewayOS.Api;
using GatewayOS.Cloud.Tunnel;
using GatewayOS.Daemon.Services;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Web;
using GatewayOS.Web.Overview;
using GatewayOS.Web.Panel;
using GatewayOS.Web.Setup;
using GatewayOS.Web.Transcoding;
using Microsoft.AspNetCore.Builder;

namespace GatewayOS.Daemon.Hosting;

/// <summary>The web page, put together with the appliance: browsers reach the same services through the same gates as programs do.</summary>
internal sealed class WebPage : IDisposable
{
    private const string LogInMethod = "web/LogIn";

    private readonly WebServer _server;

    public WebPage(
        ApplianceHost appliance, IServiceProvider services, ApplianceBody body, ApplianceArrays arrays, ApplianceTunnel tunnel, PeerGate who, AuditGate record, PasswordLogin logins, PasswordQueue passwords, FirstStart first, LogTail log,
        [FromKeyedServices(DataWorkers.Pages)] DataWorkers workers, ILogger<WebPage> logger)
    {
        var parts = new WebAppliance
        {
            Settings = appliance.Settings,
            Model = appliance.Profile.Title,
            StoreDirectory = appliance.Options.StoreDirectory,
            Time = appliance.Time,
            Accounts = appliance.Accounts,
            Registry = appliance.Registry,
            Audit = appliance.Audit,
            Policies = appliance.Policies,
            Jobs = appliance.Jobs,
            Alerts = appliance.Alerts,
            Store = appliance.Store,
            Sessions = appliance.Sessions,
            Panel = body.Panel,
            Drawing = Draw(appliance.Profile),
            Raid = () => arrays.Watch.Status,
            Copies = () => appliance.Rehearsals.Copies(appliance.Jobs.Jobs),
            Tunnel = () => Glance(tunnel.Tunnel.Status),
            IsConnected = node => appliance.Connections.Find(node) is not null,
            JobMessage = job => JobMessages.Of(job, appliance),
            CheckLogin = (account, password, code, peer) => logins.CheckAsync(account, password, code, LogInMethod, peer),
            NoteLogin = (account, peer) => logins.Note(account, LogInMethod, peer),
            AddAccount = (name, role, password) => passwords.RunAsync(() => appliance.Accounts.Add(name, role, password)),
            Gates = [who, record],
            Services = Services(services),
            Workers = workers,
            Log = () => log.Lines,
            LogLinesKept = LogTail.LinesMax,
            Warn = what => DaemonLog.Background(logger, what),
        };
        _server = new WebServer(parts, first);
    }

    /// <summary>Answers what comes in by its listener, and all of that.</summary>
    public void Map(WebApplication app)
    {
        app.Use(async (context, next) =>
        {
            if (!await _server.TryAnswerAsync(context).ConfigureAwait(false))
            {
                await next(context).ConfigureAwait(false);
            }
        });
        _ = _server.WarmAsync();
    }

    public void Dispose() => _server.Dispose();

    // What people do. What gives certificates out, what nodes call and what tells about the server is for programs.
    private static TranscodedService[] Services(IServiceProvider services) =>
    [
        new(Management.Descriptor, binder => Management.BindService(binder, ActivatorUtilities.CreateInstance<ManagementService>(services))),
        new(Policies.Descriptor, binder => Policies.BindService(binder, ActivatorUtilities.CreateInstance<PolicyService>(services))),
        new(Jobs.Descriptor, binder => Jobs.BindService(binder, ActivatorUtilities.CreateInstance<JobService>(services))),
        new(Snapshots.Descriptor, binder => Snapshots.BindService(binder, ActivatorUtilities.CreateInstance<SnapshotService>(services))),
        new(Catalogue.Descriptor, binder => Catalogue.BindService(binder, ActivatorUtilities.CreateInstance<CatalogueService>(services))),
        new(Alerts.Descriptor, binder => Alerts.BindService(binder, ActivatorUtilities.CreateInstance<AlertsService>(services))),
        new(Accounts.Descriptor, binder => Accounts.BindService(binder, ActivatorUtilities.CreateInstance<AccountsService>(services))),
        new(AuditLog.Descriptor, binder => AuditLog.BindService(binder, ActivatorUtilities.CreateInstance<AuditService>(services))),
        new(Api.Hardware.Descriptor, binder => Api.Hardware.BindService(binder, ActivatorUtilities.CreateInstance<HardwareService>(services))),
        new(Api.Panel.Descriptor, binder => Api.Panel.BindService(binder, ActivatorUtilities.CreateInstance<PanelService>(services))),
        new(Api.Power.Descriptor, binder => Api.Power.BindService(binder, ActivatorUtilities.CreateInstance<PowerService>(services))),
        new(Raid.Descriptor, binder => Raid.BindService(binder, ActivatorUtilities.CreateInstance<RaidService>(services))),
        new(Api.Tunnel.Descriptor, binder => Api.Tunnel.BindService(binder, ActivatorUtilities.CreateInstance<TunnelService>(services))),
        new(Vaults.Descriptor, binder => Vaults.BindService(binder, ActivatorUtilities.CreateInstance<VaultsService>(services))),
        new(Api.Support.Descriptor, binder => Api.Support.BindService(binder, ActivatorUtilities.CreateInstance<SupportService>(services))),
        new(Updates.Descriptor, binder => Updates.BindService(binder, ActivatorUtilities.CreateInstance<UpdatesService>(services))),
        new(Reset.Descriptor, binder => Reset.BindService(binder, ActivatorUtilities.CreateInstance<ResetService>(services))),
    ];

    // Without a configuration there is no key, and nothing to show.
    private static OverviewTunnel? Glance(TunnelStatus status) => status is { State: TunnelState.Off, PublicKey: null }
        ? null
        : new OverviewTunnel(status.State.ToString().ToLowerInvariant(), status.Reason, status.Ways.FirstOrDefault(way => way.IsInUse)?.Endpoint, status.Handshake?.ToUnixTimeMilliseconds());

    private static PanelDrawing Draw(HardwareProfile profile) => new(
        profile.Model,
        profile.Title,
        [.. (profile.Storage?.Bays ?? []).Select(bay => new PanelBay(bay.No, bay.Label, bay.Identify))],
        profile.Panel.Lcd?.Columns ?? 0,
        profile.Panel.Lcd?.Rows ?? 0,
        [.. profile.Panel.Buttons.Select(button => new PanelButton(button.Name, HoldsOf(button.Name, profile.Panel.HoldMs)))]);

    private static int[] HoldsOf(string button, HoldProfile hold) => button switch
    {
        "enter" => [.. ((int[])[hold.Confirm, hold.Presence]).Distinct()],
        "power" => [hold.Power],
        _ => [],
    };
}
