using GatewayOS.Api;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Daemon.Hosting;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Shows alerts and holds.</summary>
internal sealed class AlertsService(ApplianceHost appliance) : Api.Alerts.AlertsBase
{
    private const int AlertsMax = 1000;

    public override Task<ListAlertsReply> List(ListAlertsRequest request, ServerCallContext context) =>
        Task.FromResult(new ListAlertsReply { Alerts = { appliance.Alerts.List(request.WithCleared, AlertsMax).Select(Info) } });

    public override Task<ShowAlertReply> Show(AlertRequest request, ServerCallContext context)
    {
        AlertRecord alert = Require(appliance.Alerts.Find(request.Id), request.Id);
        return Task.FromResult(new ShowAlertReply
        {
            Alert = Info(alert),
            Deliveries =
            {
                appliance.Alerts.MessagesOf(alert.Id).Select(message => new AlertDeliveryInfo
                {
                    Receiver = message.Receiver,
                    DeliveredUnixMs = message.Delivered?.ToUnixTimeMilliseconds() ?? 0,
                    Attempts = message.Attempts,
                    Problem = message.Problem ?? "",
                }),
            },
        });
    }

    public override Task<AlertInfo> Acknowledge(AlertRequest request, ServerCallContext context) =>
        Task.FromResult(Info(Require(appliance.Alerts.Acknowledge(request.Id, Caller.Of(context).Who), request.Id)));

    public override Task<AlertInfo> Test(TestAlertRequest request, ServerCallContext context)
    {
        // One test follows another: the one before is over.
        string subject = Caller.Of(context).Who;
        appliance.Alerts.Clear(AlertKind.Test, subject);
        appliance.Alerts.Raise(new AlertEvent(AlertKind.Test, AlertSeverity.Info, subject, $"A test of alerts, asked for by {subject}.", "Nothing: whoever reads this is told of alerts."));
        AlertRecord raised = appliance.Alerts.List(withCleared: false, AlertsMax).First(alert => alert.Event.Kind == AlertKind.Test && alert.Event.Subject == subject);
        return Task.FromResult(Info(raised));
    }

    public override Task<ListHoldsReply> ListHolds(ListHoldsRequest request, ServerCallContext context) => Task.FromResult(new ListHoldsReply
    {
        Holds =
        {
            appliance.Holds.All.Select(hold => new HoldInfo
            {
                NodeId = hold.NodeId,
                ThroughUnixMs = hold.Through.ToUnixTimeMilliseconds(),
                Reason = hold.Reason,
                SinceUnixMs = hold.Since.ToUnixTimeMilliseconds(),
            }),
        },
    });

    public override Task<ReleaseHoldReply> ReleaseHold(ReleaseHoldRequest request, ServerCallContext context)
    {
        string node = appliance.Registry.Find(request.Node)?.Id ?? request.Node;
        if (!appliance.Holds.Release(node))
        {
            throw new RpcException(new Status(StatusCode.NotFound, "Nothing of that node is held. 'gatewayctl alert holds' shows what is."));
        }

        appliance.Alerts.Clear(AlertKind.Anomaly, node);
        return Task.FromResult(new ReleaseHoldReply());
    }

    private static AlertRecord Require(AlertRecord? alert, long id) =>
        alert ?? throw new RpcException(new Status(StatusCode.NotFound, $"There is no alert {id}. 'gatewayctl alert list' shows all."));

    private static AlertInfo Info(AlertRecord alert) => new()
    {
        Id = alert.Id,
        Kind = alert.Event.Kind.ToString(),
        Severity = alert.Event.Severity.ToString().ToLowerInvariant(),
        Subject = alert.Event.Subject,
        Summary = alert.Event.Summary,
        Remedy = alert.Event.Remedy,
        FirstUnixMs = alert.First.ToUnixTimeMilliseconds(),
        LastUnixMs = alert.Last.ToUnixTimeMilliseconds(),
        Count = alert.Count,
        AcknowledgedBy = alert.AcknowledgedBy ?? "",
        AcknowledgedUnixMs = alert.Acknowledged?.ToUnixTimeMilliseconds() ?? 0,
        ClearedUnixMs = alert.Cleared?.ToUnixTimeMilliseconds() ?? 0,
    };
}
