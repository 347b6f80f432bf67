using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using GatewayOS.Api.Tokens;
using GatewayOS.Certificates;
using GatewayOS.ControlPlane.Console;
using GatewayOS.ControlPlane.Link;
using GatewayOS.ControlPlane.Operators;
using GatewayOS.ControlPlane.Storage;
using GatewayOS.Store.Storage;
using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace GatewayOS.ControlPlane.Hosting;

/// <summary>Serves a control plane: the composition root.</summary>
internal static class ControlServer
{
    /// <summary>File with the first administrator's token.</summary>
    public const string FirstTokenFile = "first-admin-token";

    /// <summary>Files with the owner's certificate for the console and its key, PEM. Without them it has one of the control plane's authority.</summary>
    public const string ConsoleCertificateFile = "console.crt";

    /// <inheritdoc cref="ConsoleCertificateFile"/>
    public const string ConsoleKeyFile = "console.key";

    private const int ConnectionsMax = 20_000;
    private const int MessageBytesMax = 1024 * 1024;
    private static readonly TimeSpan s_pingAfter = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pingTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_handshakeTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_firstTokenLifetime = TimeSpan.FromDays(30);

    public static async Task RunAsync(ControlOptions options, TimeProvider time, CancellationToken cancellation)
    {
        var state = new StateDirectory(options.StateDirectory);
        await using IFleetDatabase database = Open(options, state, time);
        await FleetSchema.MigrateAsync(database, cancellation).ConfigureAwait(false);
        var store = new FleetStore(database, time);
        using var authority = new FleetAuthority(state, store, options, time);
        if (!await store.HoldsAuthorityAsync(authority.KeyHash, cancellation).ConfigureAwait(false))
        {
            throw new InvalidDataException($"{state.PathOf(CertificateAuthority.FileName)} is another authority than the one of this fleet's database. Copy the file of the instance that was there first.");
        }

        using X509Certificate2? own = ConsoleCertificate(state);
        using var links = new LinkDirectory(database);
        (database as PostgresFleetDatabase)?.StartListening();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ApplicationName = "gateway-control" });
        builder.Logging.ClearProviders();
        builder.Logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss'Z' ";
            console.UseUtcTimestamp = true;
        });
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            Configure(kestrel, options, authority);
            if (options.Console is { } console)
            {
                ConsoleListener.Listen(kestrel, console, own, authority.ServerCertificate);
            }
        });
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(store);
        builder.Services.AddSingleton(authority);
        builder.Services.AddSingleton(links);
        builder.Services.AddSingleton<FleetGate>();
        builder.Services.AddSingleton<FleetService>();
        builder.Services.AddSingleton<ConsoleServer>();
        builder.Services.AddHostedService<FleetRetention>();
        builder.Services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = MessageBytesMax;
            grpc.Interceptors.Add<FleetGate>();
        });
        await using WebApplication app = builder.Build();
        ConsoleServer browsers = app.Services.GetRequiredService<ConsoleServer>();
        app.Use(async (http, next) =>
        {
            if (!await browsers.TryAnswerAsync(http).ConfigureAwait(false))
            {
                await next(http).ConfigureAwait(false);
            }
        });
        app.MapGrpcService<FleetEnrolmentService>();
        app.MapGrpcService<FleetLinkService>();
        app.MapGrpcService<FleetService>();
        ILogger logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("gateway-control");
        await MakeFirstTokenAsync(state, store, authority, logger, time, cancellation).ConfigureAwait(false);
        await app.StartAsync(cancellation).ConfigureAwait(false);
        ControlLog.Serving(logger, options.Name, ControlOptions.Version, app.Urls.First(), options.Database is null ? "SQLite" : "PostgreSQL");
        if (options.Console is not null)
        {
            ControlLog.ConsoleServing(logger, app.Urls.Last()["https://".Length..], (own ?? authority.ServerCertificate()).GetCertHashString(HashAlgorithmName.SHA256));
        }

        await app.WaitForShutdownAsync(cancellation).ConfigureAwait(false);
        ControlLog.Stopping(logger);
    }

    private static IFleetDatabase Open(ControlOptions options, StateDirectory state, TimeProvider time) =>
        options.Database is { } connection ? new PostgresFleetDatabase(connection, time) : new SqliteFleetDatabase(state.PathOf("fleet.db"));

    private static X509Certificate2? ConsoleCertificate(StateDirectory state)
    {
        if (state.Read(ConsoleCertificateFile) is not { } certificate)
        {
            return null;
        }

        try
        {
            byte[] key = state.Read(ConsoleKeyFile) ?? throw new CryptographicException($"{ConsoleKeyFile} with its key is missing.");
            using var fromPem = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(certificate), Encoding.ASCII.GetString(key));
            return X509CertificateLoader.LoadPkcs12(fromPem.Export(X509ContentType.Pkcs12), password: null);
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            throw new InvalidDataException($"{state.PathOf(ConsoleCertificateFile)} cannot be used: {error.Message} Put certificate and key there as PEM, or remove both.", error);
        }
    }

    // Whoever can read the state directory is the control plane's owner.
    private static async Task MakeFirstTokenAsync(StateDirectory state, FleetStore store, FleetAuthority authority, ILogger logger, TimeProvider time, CancellationToken cancellation)
    {
        var token = EnrolmentToken.Create(authority.KeyHash);
        var row = new TokenRow(token.Id, Scope.Provider.Tenant, "administrator", "first", SHA256.HashData(token.Secret), time.GetUtcNow() + s_firstTokenLifetime, Revoked: false);
        if (await store.AddFirstTokenAsync(row, () => state.Replace(FirstTokenFile, Encoding.ASCII.GetBytes(token.ToText() + "\n")), cancellation).ConfigureAwait(false))
        {
            ControlLog.FirstToken(logger, state.PathOf(FirstTokenFile));
        }
    }

    private static void Configure(KestrelServerOptions kestrel, ControlOptions options, FleetAuthority authority)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = ConnectionsMax;
        kestrel.Limits.Http2.KeepAlivePingDelay = s_pingAfter;
        kestrel.Limits.Http2.KeepAlivePingTimeout = s_pingTimeout;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Listen(options.Listen, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http2;
            endpoint.UseHttps(https =>
            {
                https.SslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13;
                https.HandshakeTimeout = s_handshakeTimeout;
                https.ServerCertificateSelector = (_, _) => authority.ServerCertificate();

                // Any certificate is taken in here; who may do what is said with every call, in words.
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                https.ClientCertificateValidation = static (_, _, _) => true;
            });
        });
    }
}
