extern alias appliance;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using appliance::GatewayOS.Appliance.Fleet;
using GatewayOS.Api;
using GatewayOS.Api.Client;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Benchmarks.Fleets;

/// <summary>An appliance without a store: it claims its place, holds its stream over a connection of its own, tells how it is and does what is ordered, by the protocol of a real one, and comes back as that does.</summary>
internal sealed class SimulatedAppliance : IAsyncDisposable
{
    private readonly string _address;
    private readonly X509Certificate2 _ca;
    private readonly X509Certificate2 _certificate;
    private readonly FleetApplianceStatus _status;
    private readonly ReconnectDelay _delay;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _turn = new(1);
    private ByteString _resume;
    private Task _running = Task.CompletedTask;
    private volatile bool _isUp;
    private int _dials;

    private SimulatedAppliance(string address, X509Certificate2 ca, X509Certificate2 certificate, ByteString resume, FleetApplianceStatus status, int number)
    {
        (_address, _ca, _certificate, _resume, _status) = (address, ca, certificate, resume, status);
        _delay = new ReconnectDelay(BitConverter.ToInt32(SHA256.HashData(BitConverter.GetBytes(number))));
    }

    /// <summary>True while its stream is welcome.</summary>
    public bool IsUp => _isUp;

    /// <summary>How often it has dialled.</summary>
    public int Dials => Volatile.Read(ref _dials);

    /// <summary>Its ID in the fleet.</summary>
    public required string Id { get; init; }

    /// <summary>Joins a fleet.</summary>
    /// <param name="address">The control plane.</param>
    /// <param name="ca">Its authority.</param>
    /// <param name="code">A claim code.</param>
    /// <param name="number">Which of all.</param>
    /// <param name="nodes">How many nodes it tells of.</param>
    public static async Task<SimulatedAppliance> JoinAsync(string address, X509Certificate2 ca, string code, int number, int nodes)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] request = new CertificateRequest("CN=appliance", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        using GrpcChannel channel = ApplianceChannel.Open(address, ca, certificate: null);
        string name = $"gw{number:00000}";
        ClaimReply reply = await new FleetEnrolment.FleetEnrolmentClient(channel).ClaimAsync(new ClaimRequest { Code = code, CertificateRequest = ByteString.CopyFrom(request), ApplianceName = name, Model = "simulated", Version = "1" });
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(reply.Certificate.Span);
        using X509Certificate2 complete = bare.CopyWithPrivateKey(key);
        X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(complete.Export(X509ContentType.Pkcs12), password: null);
        return new SimulatedAppliance(address, ca, certificate, reply.ResumeToken, StatusOf(name, nodes), number) { Id = reply.ApplianceId };
    }

    /// <summary>Begins to hold its stream.</summary>
    public void Start() => _running = RunAsync(_stop.Token);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _certificate.Dispose();
        _turn.Dispose();
        _stop.Dispose();
    }

    // A node in ten needs somebody.
    private static FleetApplianceStatus StatusOf(string name, int nodes)
    {
        var status = new FleetApplianceStatus { Name = name, Model = "simulated", Version = "1", DiskBytes = 20_000_000_000_000, DiskUsedBytes = 7_000_000_000_000 };
        for (int node = 0; node < nodes; node++)
        {
            bool isGood = node % 10 != 0;
            var protection = new ProtectionMessage
            {
                NodeId = $"{name}-{node:x12}",
                NodeName = $"node{node:000}",
                Verdict = isGood ? "protected" : "late",
                Reason = isGood ? "" : "Its last restore point is older than its policy allows.",
                Policies = { "servers" },
                LastSnapshotId = Convert.ToHexStringLower(SHA256.HashData(BitConverter.GetBytes(node))),
                RpoSeconds = 3600,
                RtoSeconds = 900,
            };
            status.Nodes.Add(new FleetNodeStatus { Protection = protection, Connected = true, Remedy = isGood ? "" : $"Order a backup: gatewayctl fleet backup APPLIANCE node{node:000}." });
        }

        return status;
    }

    private async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            Interlocked.Increment(ref _dials);
            try
            {
                using GrpcChannel channel = ApplianceChannel.Open(_address, _ca, _certificate);
                using AsyncDuplexStreamingCall<ApplianceMessage, ControlMessage> call = new FleetLink.FleetLinkClient(channel).Attend(cancellationToken: stop);
                await ConverseAsync(call, stop);
            }
            catch (Exception error) when (error is RpcException or OperationCanceledException)
            {
                // It comes back.
            }
            finally
            {
                _isUp = false;
            }

            await Task.Delay(_delay.Next(), TimeProvider.System, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ConverseAsync(AsyncDuplexStreamingCall<ApplianceMessage, ControlMessage> call, CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await SendAsync(call, new ApplianceMessage { Hello = new LinkHello { ProtocolVersion = 1, ResumeToken = _resume, Name = _status.Name } }, stop);
        Task telling = Task.CompletedTask;
        try
        {
            await foreach (ControlMessage message in call.ResponseStream.ReadAllAsync(stop))
            {
                switch (message.ContentCase)
                {
                    case ControlMessage.ContentOneofCase.Welcome:
                        _resume = message.Welcome.ResumeToken;
                        await SendAsync(call, new ApplianceMessage { Stored = new LinkStored() }, stop);
                        _delay.Reset();
                        _isUp = true;
                        telling = TellAsync(call, TimeSpan.FromSeconds(message.Welcome.StatusIntervalSeconds), end.Token);
                        break;
                    case ControlMessage.ContentOneofCase.Command:
                        await SendAsync(call, new ApplianceMessage { Report = new CommandReport { Id = message.Command.Id, Revision = 1, State = "done" } }, stop);
                        break;
                }
            }
        }
        finally
        {
            await end.CancelAsync();
            await telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TellAsync(AsyncDuplexStreamingCall<ApplianceMessage, ControlMessage> call, TimeSpan interval, CancellationToken stop)
    {
        while (true)
        {
            _status.MeasuredUnixMs = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
            await SendAsync(call, new ApplianceMessage { Status = _status }, stop);
            await Task.Delay(interval, TimeProvider.System, stop);
        }
    }

    // One message at a time, as gRPC asks for.
    private async Task SendAsync(AsyncDuplexStreamingCall<ApplianceMessage, ControlMessage> call, ApplianceMessage message, CancellationToken stop)
    {
        await _turn.WaitAsync(stop);
        try
        {
            await call.RequestStream.WriteAsync(message, stop);
        }
        finally
        {
            _turn.Release();
        }
    }
}
