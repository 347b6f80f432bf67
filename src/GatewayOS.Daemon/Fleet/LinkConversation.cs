using GatewayOS.Api;
using GatewayOS.Api.Client;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Fleet;
using Google.Protobuf;

namespace GatewayOS.Daemon.Fleet;

/// <summary>
/// The appliance's end of a conversation with its control plane: what is to be sent, given what came. It holds nothing that may not be lost with the
/// connection: what has to arrive is in the alerts' outbox and the ledger until the other end has taken it. For one thread.
/// </summary>
/// <param name="membership">The appliance's place in the fleet; it has one, or <see cref="InvalidDataException"/> is thrown.</param>
/// <param name="ledger">Commands, and what became of them.</param>
/// <param name="alerts">The outbox of alerts.</param>
/// <param name="hello">Name, model and version.</param>
/// <param name="time">The clock.</param>
internal sealed class LinkConversation(FleetMembershipFile membership, CommandLedger ledger, AlertCentre alerts, LinkHello hello, TimeProvider time)
{
    /// <summary>What the alerts' outbox calls the control plane.</summary>
    public const string Receiver = "control-plane";

    private const int ProtocolVersion = 1;
    private const int ReportsInFlightMax = 100;

    private readonly Dictionary<string, long> _reportsSent = new(StringComparer.Ordinal);
    private readonly FleetMembership _place = membership.Current ?? throw new InvalidDataException("The appliance has left the fleet.");
    private AlertMessage? _alertSent;
    private TimeSpan _statusInterval;
    private long? _statusSent;

    /// <summary>True when the control plane has answered the hello.</summary>
    public bool IsWelcome { get; private set; }

    /// <summary>True when it is to be told how the appliance is.</summary>
    public bool IsStatusDue => IsWelcome && (_statusSent is not { } sent || time.GetElapsedTime(sent) >= _statusInterval);

    /// <summary>What the conversation begins with.</summary>
    public ApplianceMessage Begin()
    {
        LinkHello first = hello.Clone();
        first.ProtocolVersion = ProtocolVersion;
        first.ResumeToken = ByteString.CopyFrom(_place.ResumeToken);
        return new ApplianceMessage { Hello = first };
    }

    /// <summary>Deals with a message. What it asks to be kept is durable when this returns.</summary>
    /// <returns>What is to be sent at once.</returns>
    /// <exception cref="InvalidDataException">The other end does not keep to the protocol: end the connection.</exception>
    public IReadOnlyList<ApplianceMessage> Receive(ControlMessage message)
    {
        switch (message.ContentCase)
        {
            case ControlMessage.ContentOneofCase.Welcome when !IsWelcome:
                membership.Update(_place.ApplianceId, present => present with { ResumeToken = message.Welcome.ResumeToken.ToByteArray() });
                ledger.Begin(_place.ApplianceId);
                _statusInterval = TimeSpan.FromSeconds(Math.Max(1, message.Welcome.StatusIntervalSeconds));
                IsWelcome = true;
                return [new ApplianceMessage { Stored = new LinkStored() }];
            case ControlMessage.ContentOneofCase.Command when IsWelcome:
                Take(message.Command);
                return [];
            case ControlMessage.ContentOneofCase.AlertTaken when _alertSent is { } sent && sent.Key == message.AlertTaken.Key:
                alerts.Delivered(sent);
                _alertSent = null;
                return [];
            case ControlMessage.ContentOneofCase.ReportTaken when IsWelcome:
                ledger.Reported(message.ReportTaken.Id, message.ReportTaken.Revision);
                if (_reportsSent.GetValueOrDefault(message.ReportTaken.Id) <= message.ReportTaken.Revision)
                {
                    _reportsSent.Remove(message.ReportTaken.Id);
                }

                return [];
            case ControlMessage.ContentOneofCase.None:
                // Something newer than this program: it is not for us.
                return [];
            default:
                throw new InvalidDataException($"The control plane sent '{message.ContentCase}' where it does not belong.");
        }
    }

    /// <summary>What is to be sent now of what waits: the oldest alert, and where commands stand.</summary>
    public IEnumerable<ApplianceMessage> Due()
    {
        if (!IsWelcome)
        {
            yield break;
        }

        // One at a time: so they arrive in order, whatever breaks.
        if (_alertSent is null && alerts.Next(Receiver) is { } alert)
        {
            _alertSent = alert;
            yield return new ApplianceMessage { Alert = new FleetAlert { Key = alert.Key, Document = ByteString.CopyFrom(alert.Body) } };
        }

        foreach (LedgerCommand command in ledger.Unreported(ReportsInFlightMax))
        {
            if (_reportsSent.GetValueOrDefault(command.Id) < command.Revision)
            {
                _reportsSent[command.Id] = command.Revision;

                // What it has changed is to be seen at once.
                _statusSent = command.IsEnded ? null : _statusSent;
                yield return new ApplianceMessage { Report = ReportOf(command) };
            }
        }
    }

    /// <summary>Sends how the appliance is.</summary>
    public ApplianceMessage Tell(FleetApplianceStatus status)
    {
        _statusSent = time.GetTimestamp();
        return new ApplianceMessage { Status = status };
    }

    private static CommandReport ReportOf(LedgerCommand command) => new()
    {
        Id = command.Id,
        Revision = command.Revision,
        State = command.State switch
        {
            CommandState.Accepted => "accepted",
            CommandState.Begun or CommandState.Running => "running",
            CommandState.Done => "done",
            CommandState.Refused => "refused",
            _ => "failed",
        },
        Detail = command.Detail,
        JobId = command.JobId,
        Reply = command.Reply is { } reply ? FleetOrderReply.Parser.ParseFrom(reply) : null,
    };

    private void Take(FleetCommand command)
    {
        if (command.Id.Length != 32 || !command.Id.All(char.IsAsciiHexDigitLower) || command.Order is null)
        {
            throw new InvalidDataException("The control plane sent a command without an ID or an order.");
        }

        bool isTaken = ledger.Take(new LedgerCommand
        {
            Id = command.Id,
            Sequence = command.Sequence,
            Kind = FleetKinds.Of(command.Order),
            Order = command.Order.ToByteArray(),
            OrderedBy = command.OrderedBy,
            Expires = DateTimeOffset.FromUnixTimeMilliseconds(command.ExpiresUnixMs),
        });
        if (!isTaken)
        {
            throw new InvalidDataException($"{CommandLedger.OpenMax} commands are not dealt with; no more are taken now.");
        }

        // Where it stands is said anew, if it was known already.
        _reportsSent.Remove(command.Id);
    }
}
