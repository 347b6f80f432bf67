using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>alert</c>: what needs somebody's eye, and what is held because of it.</summary>
internal static class AlertCommands
{
    private static readonly Argument<long> s_id = new("ID") { Description = "Number of the alert" };
    private static readonly Argument<string> s_node = new("NODE") { Description = "Name or ID of the node" };
    private static readonly Option<bool> s_all = new("--all", "-a") { Description = "Those too whose reason is gone" };

    public static Command Build()
    {
        var alert = new Command("alert", "Alerts, who was told of them, and restore points held because of them") { ApplianceVerb.GatewayOption, Verb.JsonOption, Verb.QuietOption };
        foreach (Command command in (Command[])
        [
            Verb.Make("list", "List the alerts, the worst first", [s_all, ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => List(context))),
            Verb.Make("show", "Show an alert, its remedy and who was told", [s_id, ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Show(context))),
            Verb.Make("ack", "Acknowledge an alert: you see to it", [s_id], context => Change(context, "is acknowledged", (client, options) => client.Acknowledge(new AlertRequest { Id = context.Arguments.GetValue(s_id) }, options))),
            Verb.Make("test", "Raise a test alert, of which all receivers are told", [], context => Change(context, "is raised; 'gatewayctl alert show' tells who took it", (client, options) => client.Test(new TestAlertRequest(), options))),
            Verb.Make("holds", "List restore points that are held from expiry", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Holds(context))),
            Verb.Make("release", "Let a node's restore points expire again", [s_node], Release),
        ])
        {
            alert.Subcommands.Add(command);
        }

        return alert;
    }

    private static T Call<T>(VerbContext context, Func<Alerts.AlertsClient, CallOptions, T> call) => ApplianceVerb.Call(context, channel => new Alerts.AlertsClient(channel), call);

    private static int List(VerbContext context)
    {
        ListAlertsReply reply = Call(context, (client, options) => client.List(new ListAlertsRequest { WithCleared = context.Arguments.GetValue(s_all) }, options));
        if (reply.Alerts.Count == 0)
        {
            context.Out.WriteLine("No alerts.");
        }
        else
        {
            var table = new TextTable(">ID", "severity", "state", "last", ">times", "about", "what");
            foreach (AlertInfo alert in reply.Alerts)
            {
                table.Add(Sizes.Count(alert.Id), alert.Severity, StateOf(alert), ApplianceVerb.LocalTime(ApplianceVerb.Time(alert.LastUnixMs)), Sizes.Count(alert.Count), $"{alert.Kind} {alert.Subject}", alert.Summary);
            }

            table.Write(context.Out);
        }

        context.WriteJson(new AlertsJson(true, [.. reply.Alerts.Select(Row)]), OperationsJson.Default.AlertsJson);
        return ExitCode.Good;
    }

    private static int Show(VerbContext context)
    {
        ShowAlertReply reply = Call(context, (client, options) => client.Show(new AlertRequest { Id = context.Arguments.GetValue(s_id) }, options));
        AlertInfo alert = reply.Alert;
        context.Out.WriteLine($"Alert {alert.Id}  {alert.Severity}, {StateOf(alert)}, {alert.Kind} of {alert.Subject}");
        context.Out.WriteLine($"What     {alert.Summary}");
        context.Out.WriteLine($"Remedy   {alert.Remedy}");
        context.Out.WriteLine($"Raised   {Sizes.Count(alert.Count)} times, first {ApplianceVerb.LocalTime(ApplianceVerb.Time(alert.FirstUnixMs))}, last {ApplianceVerb.LocalTime(ApplianceVerb.Time(alert.LastUnixMs))}");
        foreach (AlertDeliveryInfo delivery in reply.Deliveries)
        {
            context.Out.WriteLine($"Told     {delivery.Receiver}: {(delivery.DeliveredUnixMs > 0 ? ApplianceVerb.LocalTime(ApplianceVerb.Time(delivery.DeliveredUnixMs)) : delivery.Attempts > 0 ? $"waits after {delivery.Attempts} attempts: {delivery.Problem}" : "waits")}");
        }

        context.WriteJson(
            new AlertShownJson(true, Row(alert), [.. reply.Deliveries.Select(delivery => new AlertDeliveryJson(delivery.Receiver, ApplianceVerb.Time(delivery.DeliveredUnixMs), delivery.Attempts, NullIfEmpty(delivery.Problem)))]),
            OperationsJson.Default.AlertShownJson);
        return ExitCode.Good;
    }

    private static int Holds(VerbContext context)
    {
        ListHoldsReply reply = Call(context, (client, options) => client.ListHolds(new ListHoldsRequest(), options));
        var table = new TextTable("node", "restore points up to", "since", "why");
        foreach (HoldInfo hold in reply.Holds)
        {
            table.Add(hold.NodeId, ApplianceVerb.LocalTime(ApplianceVerb.Time(hold.ThroughUnixMs)), ApplianceVerb.LocalTime(ApplianceVerb.Time(hold.SinceUnixMs)), hold.Reason);
        }

        table.Write(context.Out);
        context.WriteJson(
            new HoldsJson(true, [.. reply.Holds.Select(hold => new HoldJson(hold.NodeId, DateTimeOffset.FromUnixTimeMilliseconds(hold.ThroughUnixMs), hold.Reason, DateTimeOffset.FromUnixTimeMilliseconds(hold.SinceUnixMs)))]),
            OperationsJson.Default.HoldsJson);
        return ExitCode.Good;
    }

    private static int Release(VerbContext context)
    {
        string node = context.Arguments.GetValue(s_node)!;
        Call(context, (client, options) => client.ReleaseHold(new ReleaseHoldRequest { Node = node }, options));
        context.Out.WriteLine($"Restore points of '{node}' may expire again.");
        context.WriteJson(new ReleaseJson(true, node), OperationsJson.Default.ReleaseJson);
        return ExitCode.Good;
    }

    private static int Change(VerbContext context, string what, Func<Alerts.AlertsClient, CallOptions, AlertInfo> change)
    {
        AlertInfo alert = Call(context, change);
        context.Out.WriteLine($"Alert {alert.Id} {what}.");
        context.WriteJson(new AlertChangeJson(true, Row(alert)), OperationsJson.Default.AlertChangeJson);
        return ExitCode.Good;
    }

    private static string StateOf(AlertInfo alert) => alert.ClearedUnixMs > 0 ? "over" : alert.AcknowledgedBy.Length > 0 ? $"acknowledged by {alert.AcknowledgedBy}" : "new";

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private static AlertRowJson Row(AlertInfo alert) => new(
        alert.Id, alert.Kind, alert.Severity, alert.Subject, alert.Summary, alert.Remedy, DateTimeOffset.FromUnixTimeMilliseconds(alert.FirstUnixMs), DateTimeOffset.FromUnixTimeMilliseconds(alert.LastUnixMs),
        alert.Count, NullIfEmpty(alert.AcknowledgedBy), ApplianceVerb.Time(alert.AcknowledgedUnixMs), ApplianceVerb.Time(alert.ClearedUnixMs));
}
