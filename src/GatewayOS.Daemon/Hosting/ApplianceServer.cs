using System.Net.Security;
using System.Security.Authentication;
using GatewayOS.Api;
using GatewayOS.Api.Chunks;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Catalogue;
using GatewayOS.Appliance.Keys;
using GatewayOS.Appliance.Power;
using GatewayOS.Appliance.Reset;
using GatewayOS.Daemon.Fleet;
using GatewayOS.Daemon.Services;
using GatewayOS.Daemon.Support;
using GatewayOS.Hardware.Power;
using GatewayOS.Store.Chained;
using GatewayOS.Web;
using GatewayOS.Web.Certificates;
using GatewayOS.Web.Setup;
using Grpc.AspNetCore.Server;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Serves an appliance: the composition root.</summary>
internal static class ApplianceServer
{
    private const int ConnectionsMax = 1000;
    private const int StreamWindowBytes = 2 * 1024 * 1024;
    private const int ConnectionWindowBytes = 4 * 1024 * 1024;
    private const int ReadWorkers = 8;
    private const int LookupWorkers = 2;
    private const int PageWorkers = 4;

    // What the health service tells of; the empty name is the appliance as a whole.
    private static readonly string[] s_services =
    [
        "",
        .. new[]
        {
            Enrolment.Descriptor, SignIn.Descriptor, BackupRuns.Descriptor, DataPath.Descriptor, Agents.Descriptor, Management.Descriptor, Accounts.Descriptor, AuditLog.Descriptor, Catalogue.Descriptor, Alerts.Descriptor, Policies.Descriptor, Jobs.Descriptor, Snapshots.Descriptor, Api.Hardware.Descriptor, Api.Panel.Descriptor, Api.Power.Descriptor, Raid.Descriptor, Api.Tunnel.Descriptor, Vaults.Descriptor, Api.Support.Descriptor, Membership.Descriptor, Updates.Descriptor, Reset.Descriptor,
        }.Select(static service => service.FullName),
    ];

    private static readonly TimeSpan s_pingAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pingTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_handshakeTimeout = TimeSpan.FromSeconds(10);

    public static async Task RunAsync(DaemonOptions options, TimeProvider time, CancellationToken cancellation)
    {
        // Whatever works in the background warns through the log, which is there before the first of them.
        ILogger? background = null;
        bool isErased = FactoryReset.Resume(options.StateDirectory, options.StoreDirectory);
        using var appliance = new ApplianceHost(options, time, what => DaemonLog.Background(background!, what));
        using WebCertificate? certificate = options.Web is null ? null : new WebCertificate(appliance.State, () => appliance.Name, what => DaemonLog.Background(background!, what), time);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "gatewayd" });
        builder.Logging.ClearProviders();
        AddConsole(builder.Logging);
        using var log = new LogTail(time);
        builder.Logging.AddProvider(log);
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Configure(kestrel, appliance);
            if (certificate is not null)
            {
                WebListener.Listen(kestrel, options.Web!, certificate);
            }

            Telemetry.Listen(kestrel, options);
        });
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, ReceiveBlocks>();
        builder.Services.AddSingleton(appliance);
        builder.Services.AddSingleton(appliance.Time);
        builder.Services.AddSingleton(log);
        builder.Services.AddSingleton(_ => new DataWorkers("data", ReadWorkers));
        builder.Services.AddKeyedSingleton(DataWorkers.Lookups, (_, _) => new DataWorkers(DataWorkers.Lookups, LookupWorkers));
        builder.Services.AddSingleton<SystemdNotifier>();
        builder.Services.AddHostedService(services => services.GetRequiredService<SystemdNotifier>());
        builder.Services.AddSingleton(appliance.Jobs);
        builder.Services.AddHostedService<JobLoop>();
        AddOperations(builder.Services, appliance, time, what => DaemonLog.Background(background!, what));
        AddPage(builder.Services, appliance, certificate);
        builder.Services.AddGrpc(grpc =>
        {
            grpc.Interceptors.Add<PeerGate>();
            grpc.Interceptors.Add<AuditGate>();
        });
        builder.Services.Configure<GrpcServiceOptions<DataPathServer>>(data => data.MaxReceiveMessageSize = DataFrame.BytesMax);
        builder.Services.AddSingleton<HealthServiceImpl>();
        builder.Services.AddGrpcReflection();
        await using WebApplication app = builder.Build();
        background = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("background");
        if (isErased)
        {
            DaemonLog.Background(background, "Everything was erased, as ordered with presence at the front panel: the appliance is as delivered.");
        }

        app.Services.GetRequiredService<Telemetry>().Map(app);
        app.Services.GetService<WebPage>()?.Map(app);
        MapServices(app);
        appliance.Sessions.Committed += _ => app.Services.GetRequiredService<CatalogueFeed>().Wake();
        appliance.Registry.Revoked += node =>
        {
            appliance.Connections.Cut(node);
            appliance.Sessions.EndAll(node);
        };
        ILogger logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("gatewayd");
        WatchAudit(appliance, logger);
        app.Services.GetRequiredService<CatalogueFeed>().Wake();
        await app.StartAsync(cancellation).ConfigureAwait(false);
        foreach (string service in s_services)
        {
            app.Services.GetRequiredService<HealthServiceImpl>().SetStatus(service, HealthCheckResponse.Types.ServingStatus.Serving);
        }

        DaemonLog.Serving(logger, appliance.Profile.Title, appliance.Name, ProgramVersion.Text, app.Urls.First(), appliance.StoreId, Path.GetFullPath(options.StoreDirectory));
        DaemonLog.Fingerprint(logger, Convert.ToHexStringLower(appliance.Authority.KeyHash));
        if (certificate is not null)
        {
            DaemonLog.PageServed(logger, app.Urls.ElementAt(1), certificate.Fingerprint);
        }

        TellKey(logger, appliance.StoreKey);
        await app.WaitForShutdownAsync(cancellation).ConfigureAwait(false);
        DaemonLog.Stopping(logger);
        app.Services.GetRequiredService<SystemdNotifier>().Notify("STOPPING=1");
    }

    private static void MapServices(WebApplication app)
    {
        app.MapGrpcService<EnrolmentService>();
        app.MapGrpcService<BackupService>();
        app.MapGrpcService<DataPathServer>();
        app.MapGrpcService<AgentsService>();
        app.MapGrpcService<ManagementService>();
        app.MapGrpcService<SignInService>();
        app.MapGrpcService<AccountsService>();
        app.MapGrpcService<AuditService>();
        app.MapGrpcService<CatalogueService>();
        app.MapGrpcService<AlertsService>();
        app.MapGrpcService<PolicyService>();
        app.MapGrpcService<JobService>();
        app.MapGrpcService<SnapshotService>();
        app.MapGrpcService<HardwareService>();
        app.MapGrpcService<PanelService>();
        app.MapGrpcService<PowerService>();
        app.MapGrpcService<RaidService>();
        app.MapGrpcService<TunnelService>();
        app.MapGrpcService<VaultsService>();
        app.MapGrpcService<MembershipService>();
        app.MapGrpcService<SupportService>();
        app.MapGrpcService<UpdatesService>();
        app.MapGrpcService<ResetService>();
        app.MapGrpcService<HealthServiceImpl>();
        app.MapGrpcReflectionService();
    }

    private static void AddOperations(IServiceCollection services, ApplianceHost appliance, TimeProvider time, Action<string> warn)
    {
        services.AddSingleton<PeerGate>();
        services.AddSingleton<AuditGate>();
        services.AddSingleton<PasswordQueue>();
        services.AddSingleton<PasswordLogin>();
        services.AddSingleton(_ => new CatalogueFeed(appliance.Catalogue, appliance.Store, warn, time));
        services.AddSingleton(_ => new AlertDelivery(appliance.Alerts, appliance.Delivery, warn, time));
        services.AddHostedService<AlertWorkers>();
        services.AddSingleton<ApplianceArrays>();
        services.AddHostedService(provider => provider.GetRequiredService<ApplianceArrays>());
        services.AddSingleton(_ => new BundleShelf(appliance.State));
        services.AddSingleton<BundleFetch>();
        services.AddSingleton<FleetUpdates>();
        services.AddSingleton<ApplianceUpdates>();
        services.AddHostedService(provider => provider.GetRequiredService<ApplianceUpdates>());
        services.AddSingleton<ApplianceTunnel>();
        services.AddHostedService(provider => provider.GetRequiredService<ApplianceTunnel>());
        services.AddSingleton<IFleetDeeds, ApplianceDeeds>();
        services.AddSingleton(appliance.Commands);
        services.AddHostedService<FleetCommands>();
        services.AddSingleton<FleetLinkWorker>();
        services.AddHostedService(provider => provider.GetRequiredService<FleetLinkWorker>());
        services.AddHostedService<FirstBoot>();
        services.AddSingleton<Telemetry>();
        services.AddSingleton<SupportParts>();
        AddBody(services, appliance);
    }

    private static void AddPage(IServiceCollection services, ApplianceHost appliance, WebCertificate? certificate)
    {
        if (certificate is not null)
        {
            services.AddSingleton(certificate);
            services.AddSingleton(new FirstStart(appliance.Accounts, appliance.Registry, appliance.Time));
            services.AddKeyedSingleton(DataWorkers.Pages, (_, _) => new DataWorkers(DataWorkers.Pages, PageWorkers));
            services.AddSingleton<WebPage>();
        }
    }

    private static void AddBody(IServiceCollection services, ApplianceHost appliance)
    {
        services.AddSingleton<IMachine>(provider => appliance.IsOwnMachine ? new SystemdMachine() : new StoppingMachine(provider.GetRequiredService<IHostApplicationLifetime>()));
        services.AddSingleton<ServiceAccess>();
        services.AddSingleton<PanelFeed>();
        services.AddSingleton<BodyEvents>();
        services.AddSingleton<ApplianceBody>();
        services.AddHostedService(provider => provider.GetRequiredService<BodyEvents>());
        services.AddHostedService(provider => provider.GetRequiredService<ApplianceBody>());
        services.AddHostedService(provider => provider.GetRequiredService<PanelFeed>());
    }

    private static void TellKey(ILogger logger, StoreKey key)
    {
        if (key.Place == KeyPlace.Sealed)
        {
            DaemonLog.KeySealed(logger, key.How);
        }
        else
        {
            DaemonLog.KeyInFile(logger, key.How);
        }

        if (key.Note.Length > 0)
        {
            DaemonLog.KeyNote(logger, key.Note);
        }
    }

    // The journal keeps the log's heads where the log's files are not: an older log put back whole does not fit the last one.
    private static void WatchAudit(ApplianceHost appliance, ILogger logger)
    {
        foreach (ChainedFinding finding in appliance.Audit.OpeningReport.Findings)
        {
            DaemonLog.AuditDamaged(logger, finding.Segment, finding.Sequence, finding.Detail);
        }

        appliance.Audit.Anchored += head => DaemonLog.AuditAnchor(logger, head.Count, head.Last);
        appliance.Audit.Anchor();
    }

    // The journal reads the severity from a prefix and has the time itself; people read both.
    private static void AddConsole(ILoggingBuilder logging)
    {
        if (Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 })
        {
            logging.AddSystemdConsole();
            return;
        }

        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss'Z' ";
            console.UseUtcTimestamp = true;
        });
    }

    private static void Configure(KestrelServerOptions kestrel, ApplianceHost appliance)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = ConnectionsMax;
        kestrel.Limits.Http2.InitialStreamWindowSize = StreamWindowBytes;
        kestrel.Limits.Http2.InitialConnectionWindowSize = ConnectionWindowBytes;
        kestrel.Limits.Http2.KeepAlivePingDelay = s_pingAfter;
        kestrel.Limits.Http2.KeepAlivePingTimeout = s_pingTimeout;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Listen(appliance.Options.Listen, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http2;
            endpoint.UseHttps(https =>
            {
                https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                https.HandshakeTimeout = s_handshakeTimeout;
                https.ServerCertificateSelector = (_, _) => appliance.ServerCertificate();

                // Any certificate is taken in here; who may do what is said with every call, in words (PeerGate).
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = static (_, _, _) => true;
            });
        });
    }
}
