using System.Net;
using GatewayOS.Api;
using GatewayOS.Cloud.Tunnel;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>What operators see and do of the tunnel.</summary>
internal sealed class TunnelService(ApplianceTunnel tunnel, DataWorkers workers, ILogger<TunnelService> logger) : Api.Tunnel.TunnelBase
{
    private const int ProbesDefault = 5;
    private const int ProbesMax = 20;

    public override Task<TunnelStatusMessage> GetStatus(GetTunnelStatusRequest request, ServerCallContext context) => Try(Status);

    public override Task<TunnelKeyReply> GetKey(GetTunnelKeyRequest request, ServerCallContext context) => Try(() =>
    {
        if (request.Anew)
        {
            tunnel.Tunnel.Rekey();
            DaemonLog.OperatorActed(logger, Caller.Of(context).Who, "made a new key for the tunnel");
        }

        return new TunnelKeyReply { PublicKey = tunnel.File.Key.Public() };
    });

    public override Task<SetTunnelReply> Set(SetTunnelRequest request, ServerCallContext context) => Try(() =>
    {
        TunnelReadResult read = WgQuickText.Read(request.Config);
        var reply = new SetTunnelReply { Problems = { read.Errors }, Notes = { read.Notes } };
        if (read.Config is { } config)
        {
            tunnel.Tunnel.Set(config, read.PrivateKey);
            DaemonLog.OperatorActed(logger, Caller.Of(context).Who, "configured the tunnel");
            reply.Status = Status();
        }

        return reply;
    });

    public override Task<TunnelStatusMessage> Switch(SwitchTunnelRequest request, ServerCallContext context) => Try(() =>
    {
        if (request.To is not (SwitchTunnelRequest.Types.To.On or SwitchTunnelRequest.Types.To.Off))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "Say whether the tunnel is to be on or off."));
        }

        bool isOn = request.To == SwitchTunnelRequest.Types.To.On;
        tunnel.Tunnel.Switch(isOn);
        DaemonLog.OperatorActed(logger, Caller.Of(context).Who, $"switched the tunnel {(isOn ? "on" : "off")}");
        return Status();
    });

    public override Task<ProbeTunnelReply> Probe(ProbeTunnelRequest request, ServerCallContext context) => Try(() =>
    {
        if (request.Count is < 0 or > ProbesMax)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"{request.Count} probes are not 1 to {ProbesMax}."));
        }

        IPAddress? target = null;
        if (request.Target.Length > 0 && !IPAddress.TryParse(request.Target, out target))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"'{request.Target}' is no address: give one inside the tunnel."));
        }

        (IPAddress whom, IReadOnlyList<TimeSpan?> answers) = tunnel.Tunnel.Probe(target, request.Count == 0 ? ProbesDefault : request.Count);
        return new ProbeTunnelReply { Target = whom.ToString(), Lost = answers.Count(answer => answer is null), RoundTripUs = { answers.OfType<TimeSpan>().Select(answer => (long)answer.TotalMicroseconds) } };
    });

    private TunnelStatusMessage Status()
    {
        TunnelStatus status = tunnel.Tunnel.Status;
        var message = new TunnelStatusMessage
        {
            State = Enum.Parse<TunnelStatusMessage.Types.State>(status.State.ToString()),
            Reason = status.Reason,
            SinceUnixMs = status.Since.ToUnixTimeMilliseconds(),
            Device = status.Device,
            Engine = status.Engine ?? "",
            PublicKey = status.PublicKey ?? "",
            Addresses = { status.Addresses.Select(address => address.ToString()) },
            Dns = { status.Dns.Select(server => server.ToString()) },
            Ways = { status.Ways.Select(way => new TunnelWayMessage { Endpoint = way.Endpoint, Address = way.Address ?? "", InUse = way.IsInUse, Problem = way.Problem ?? "" }) },
            HandshakeUnixMs = status.Handshake?.ToUnixTimeMilliseconds() ?? 0,
            ReceivedBytes = status.ReceivedBytes,
            SentBytes = status.SentBytes,
            MtuBytes = status.MtuBytes,
            MtuFound = status.IsMtuFound,
            Probe = status.Probe?.ToString() ?? "",
            Config = Config(),
        };
        if (status.ProbeUs is { } roundTrip)
        {
            message.ProbeUs = roundTrip;
        }

        if (status.LossPercent is { } loss)
        {
            message.LossPercent = loss;
        }

        return message;
    }

    // What is wrong with a damaged file says the status.
    private string Config()
    {
        try
        {
            return tunnel.File.Read() is { } config ? WgQuickText.Write(config, withSecrets: false) : "";
        }
        catch (TunnelException)
        {
            return "";
        }
    }

    private async Task<T> Try<T>(Func<T> act)
    {
        try
        {
            return await workers.RunAsync(act).ConfigureAwait(false);
        }
        catch (Exception error) when (error is TunnelException or StoreIoException)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, error.Message));
        }
    }
}
