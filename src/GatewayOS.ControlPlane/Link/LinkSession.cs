using System.Security.Cryptography;
using GatewayOS.Api;
using GatewayOS.ControlPlane.Storage;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.ControlPlane.Link;

/// <summary>
/// The control plane's end of a conversation with an appliance. What it says a message was taken, is durable by then; what it sends again after a break the
/// appliance knows by its key or number. Messages and pumps come one after the other.
/// </summary>
/// <param name="store">What the control plane knows.</param>
/// <param name="applianceId">Whom its certificate says it is.</param>
/// <param name="serial">The certificate.</param>
/// <param name="send">Sends a message.</param>
internal sealed class LinkSession(FleetStore store, string applianceId, string serial, Func<ControlMessage, Task> send)
{
    /// <summary>The protocol that is spoken here.</summary>
    public const int ProtocolVersion = 1;

    private const int ResumeTokenBytes = 16;
    private const int CommandsAtOnceMax = 100;
    private const int AlertBytesMax = 64 * 1024;

    // The other states are the control plane's to say.
    private static readonly string[] s_reported = ["accepted", "running", "done", "failed", "refused"];

    private long _sent;
    private bool _isWelcome;

    /// <summary>Names the stream: the appliance hears the newest alone.</summary>
    public string Name { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));

    /// <summary>Deals with a message.</summary>
    /// <exception cref="RpcException">The conversation ends with this status.</exception>
    public Task ReceiveAsync(ApplianceMessage message, CancellationToken cancellation)
    {
        bool isHello = message.ContentCase == ApplianceMessage.ContentOneofCase.Hello;
        if (isHello == _isWelcome)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "A conversation begins with one hello."));
        }

        return message.ContentCase switch
        {
            ApplianceMessage.ContentOneofCase.Hello => WelcomeAsync(message.Hello, cancellation),
            ApplianceMessage.ContentOneofCase.Stored => store.ConfirmAsync(applianceId, Name, cancellation),
            ApplianceMessage.ContentOneofCase.Status => SaveAsync(message.Status, cancellation),
            ApplianceMessage.ContentOneofCase.Alert => TakeAsync(message.Alert, cancellation),
            ApplianceMessage.ContentOneofCase.Report => TakeAsync(message.Report, cancellation),
            _ => Task.CompletedTask,
        };
    }

    /// <summary>Sends the commands that wait, each once in a conversation, in order.</summary>
    /// <exception cref="RpcException">The appliance is heard by another stream, or not any more.</exception>
    public async Task PumpAsync(CancellationToken cancellation)
    {
        while (_isWelcome)
        {
            List<CommandRow> pending = await store.PendingAsync(applianceId, Name, _sent, CommandsAtOnceMax, cancellation).ConfigureAwait(false) ?? throw NotHeard();
            foreach (CommandRow command in pending)
            {
                await send(new ControlMessage
                {
                    Command = new FleetCommand { Id = command.Id, Sequence = command.Sequence, Order = command.Order, OrderedBy = command.OrderedBy, ExpiresUnixMs = command.Expires.ToUnixTimeMilliseconds() },
                }).ConfigureAwait(false);
                _sent = command.Sequence;
            }

            if (pending.Count < CommandsAtOnceMax)
            {
                return;
            }
        }
    }

    /// <summary>Notes that the conversation has ended.</summary>
    public Task LeaveAsync() => store.LeaveAsync(applianceId, Name, CancellationToken.None);

    private static RpcException NotHeard() => new(new Status(StatusCode.Aborted, "The appliance is heard by another stream, or was revoked."));

    private async Task WelcomeAsync(LinkHello hello, CancellationToken cancellation)
    {
        if (hello.ProtocolVersion != ProtocolVersion)
        {
            throw new RpcException(new Status(StatusCode.FailedPrecondition, $"The appliance speaks version {hello.ProtocolVersion} of the fleet's protocol, the control plane {ProtocolVersion}. Update the older one."));
        }

        byte[] next = RandomNumberGenerator.GetBytes(ResumeTokenBytes);
        switch (await store.AttendAsync(applianceId, serial, hello.ResumeToken.ToByteArray(), next, Name, cancellation).ConfigureAwait(false))
        {
            case AttendOutcome.Doubled:
                throw new RpcException(new Status(
                    StatusCode.PermissionDenied, "Another has used this appliance's identity since it was here last, or its state was put back. None is heard until somebody has looked: revoke the identity, and join with a new claim code."));
            case AttendOutcome.Refused:
                throw NotHeard();
        }

        _isWelcome = true;
        await send(new ControlMessage { Welcome = new LinkWelcome { ResumeToken = ByteString.CopyFrom(next), StatusIntervalSeconds = (int)FleetStore.StatusInterval.TotalSeconds } }).ConfigureAwait(false);
        await PumpAsync(cancellation).ConfigureAwait(false);
    }

    private async Task SaveAsync(FleetApplianceStatus status, CancellationToken cancellation)
    {
        if (!await store.SaveStatusAsync(applianceId, Name, status, cancellation).ConfigureAwait(false))
        {
            throw NotHeard();
        }
    }

    private async Task TakeAsync(FleetAlert alert, CancellationToken cancellation)
    {
        if (alert.Key.Length == 0 || alert.Document.Length > AlertBytesMax)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"An alert has a key and at most {AlertBytesMax} bytes."));
        }

        await store.AddAlertAsync(applianceId, alert.Key, alert.Document.ToByteArray(), cancellation).ConfigureAwait(false);
        await send(new ControlMessage { AlertTaken = new AlertTaken { Key = alert.Key } }).ConfigureAwait(false);
    }

    private async Task TakeAsync(CommandReport report, CancellationToken cancellation)
    {
        if (!s_reported.Contains(report.State))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"An appliance reports commands as {string.Join(", ", s_reported)}, not as '{report.State}'."));
        }

        await store.ReportAsync(applianceId, report, cancellation).ConfigureAwait(false);
        await send(new ControlMessage { ReportTaken = new ReportTaken { Id = report.Id, Revision = report.Revision } }).ConfigureAwait(false);
    }
}
