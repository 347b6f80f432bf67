using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using GatewayOS.Api;
using GatewayOS.Cli.Commands.Appliance;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Fleet;

/// <summary>How a fleet is. Against the control plane.</summary>
internal static class FleetViewCommands
{
    private static readonly Option<bool> s_unprotected = new("--unprotected") { Description = "Only those that are not protected" };
    private static readonly Option<string> s_appliance = new("--appliance", "-a") { Description = "Only of this appliance: name or ID", HelpName = "APPLIANCE", DefaultValueFactory = _ => "" };

    public static Command[] Build() =>
    [
        Verb.Make("appliances", "List the fleet's appliances", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Appliances(context))),
        Verb.Make("nodes", "List every node, those first that are not protected, with the reason and what to do", [s_unprotected, ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Nodes(context))),
        Verb.Make("costs", "List what the appliances' vaults hold and cost in a month, and each node's part of it", [], Costs),
        Verb.Make("jobs", "List the appliances' jobs, newest first", [s_appliance, ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Jobs(context))),
        Verb.Make("alerts", "List the appliances' alerts, newest first", [s_appliance, ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Alerts(context))),
        Verb.Make("audit", "List who changed what in the fleet, newest first", [], Audit),
    ];

    private static int Appliances(VerbContext context)
    {
        ListFleetAppliancesReply reply = FleetVerb.Call(context, (client, options) => client.ListAppliances(new ListFleetAppliancesRequest(), options));
        var table = new TextTable("appliance", "ID", "tenant", "site", "state", "last seen", ">nodes", ">not protected", ">alerts", ">disk used", "version");
        foreach (FleetAppliance appliance in reply.Appliances)
        {
            table.Add(
                appliance.Name,
                appliance.Id,
                appliance.Tenant,
                appliance.Site,
                appliance.State == "active" ? appliance.Connected ? "connected" : "not connected" : appliance.State,
                ApplianceVerb.LocalTime(ApplianceVerb.Time(appliance.LastSeenUnixMs)),
                Figure(appliance.Status, status => status.Nodes.Count),
                Figure(appliance.Status, FleetRows.Unprotected),
                Figure(appliance.Status, status => status.AlertsStanding),
                appliance.Status is { DiskBytes: > 0 } known ? Sizes.Ratio(known.DiskUsedBytes, known.DiskBytes) : "unknown",
                appliance.Status?.Version ?? "unknown");
        }

        table.Write(context.Out);
        context.WriteJson(new FleetAppliancesJson(true, [.. reply.Appliances.Select(FleetRows.Of)]), FleetContractJson.Default.FleetAppliancesJson);
        return ExitCode.Good;
    }

    private static int Nodes(VerbContext context)
    {
        var request = new ListFleetNodesRequest { UnprotectedOnly = context.Arguments.GetValue(s_unprotected) };
        ListFleetNodesReply reply = FleetVerb.Call(context, (client, options) => client.ListNodes(request, options));
        var table = new TextTable("node", "appliance", "tenant", "site", "verdict", ">RPO", ">RTO", "why", "what to do");
        foreach (FleetNode node in reply.Nodes)
        {
            ProtectionMessage protection = node.Protection;
            table.Add(
                protection.NodeName,
                node.ApplianceName,
                node.Tenant,
                node.Site,
                protection.Verdict,
                protection.LastSnapshotId.Length == 0 ? "unknown" : Sizes.Time(TimeSpan.FromSeconds(protection.RpoSeconds)),
                protection.DrillJobId.Length == 0 ? "unknown" : Sizes.Time(TimeSpan.FromSeconds(protection.RtoSeconds)),
                protection.Reason,
                node.Remedy);
        }

        table.Write(context.Out);
        context.WriteJson(new FleetNodesJson(true, [.. reply.Nodes.Select(FleetRows.Of)]), FleetContractJson.Default.FleetNodesJson);
        return ExitCode.Good;
    }

    private static int Costs(VerbContext context)
    {
        (ListFleetAppliancesReply appliances, ListFleetNodesReply nodes) = FleetVerb.Call(
            context, (client, options) => (client.ListAppliances(new ListFleetAppliancesRequest(), options), client.ListNodes(new ListFleetNodesRequest(), options)));
        FleetVaultJson[] vaults = [.. appliances.Appliances.SelectMany(appliance => (appliance.Status?.Vaults ?? []).Select(vault => FleetRows.Of(appliance, vault)))];
        var table = new TextTable("appliance", "tenant", "vault", "place", "complete until", ">size", ">a month");
        foreach (FleetVaultJson vault in vaults)
        {
            table.Add(vault.Appliance, vault.Tenant, vault.Name, vault.Place, ApplianceVerb.LocalTime(vault.CompleteUntil), vault.Bytes is { } bytes ? Sizes.Bytes(bytes) : "unknown", Amount(vault.PerMonth));
        }

        table.Write(context.Out);
        context.Out.WriteLine();
        FleetNode[] dearest = [.. nodes.Nodes.OrderByDescending(node => node.VaultPerMonth).ThenByDescending(node => node.Protection.StoredBytes)];
        var parts = new TextTable("node", "appliance", "tenant", ">in the store", ">its part a month");
        foreach (FleetNode node in dearest)
        {
            parts.Add(node.Protection.NodeName, node.ApplianceName, node.Tenant, Sizes.Bytes(node.Protection.StoredBytes), Amount(FleetRows.Cost(node)));
        }

        parts.Write(context.Out);
        context.Out.WriteLine("By the prices that each appliance goes by (gatewayctl vault classes), without requests and what is sent out. What two nodes share counts for the one that brought it.");
        FleetNodeCostJson[] rows = [.. dearest.Select(node => new FleetNodeCostJson(node.Tenant, node.ApplianceName, node.ApplianceId, node.Protection.NodeName, node.Protection.NodeId, node.Protection.StoredBytes, FleetRows.Cost(node)))];
        context.WriteJson(new FleetCostsJson(true, vaults, rows), FleetContractJson.Default.FleetCostsJson);
        return ExitCode.Good;
    }

    private static string Amount(double? amount) => amount?.ToString("0.00", CultureInfo.InvariantCulture) ?? "unknown";

    private static int Jobs(VerbContext context)
    {
        var request = new ListFleetJobsRequest { Appliance = context.Arguments.GetValue(s_appliance) };
        ListFleetJobsReply reply = FleetVerb.Call(context, (client, options) => client.ListJobs(request, options));
        var table = new TextTable("appliance", "job", "kind", "node", "state", "ordered", "message");
        foreach (FleetJob job in reply.Jobs)
        {
            table.Add(job.ApplianceName, job.Job.Id[..12], job.Job.Kind, job.Job.NodeName, job.Job.State, ApplianceVerb.LocalTime(ApplianceVerb.Time(job.Job.QueuedUnixMs)), job.Job.Message);
        }

        table.Write(context.Out);
        context.WriteJson(new FleetJobsJson(true, [.. reply.Jobs.Select(job => new FleetJobJson(job.ApplianceName, job.ApplianceId, JobJson.Of(job.Job)))]), FleetContractJson.Default.FleetJobsJson);
        return ExitCode.Good;
    }

    private static int Alerts(VerbContext context)
    {
        var request = new ListFleetAlertsRequest { Appliance = context.Arguments.GetValue(s_appliance) };
        ListFleetAlertsReply reply = FleetVerb.Call(context, (client, options) => client.ListAlerts(request, options));
        FleetAlertJson[] rows = [.. reply.Alerts.Select(FleetRows.Of)];
        var table = new TextTable("received", "appliance", "what", "severity", "summary", "what to do");
        foreach (FleetAlertJson row in rows)
        {
            table.Add(ApplianceVerb.LocalTime(row.Received), row.Appliance, Field(row.Alert, "what"), Field(row.Alert, "severity"), Field(row.Alert, "summary"), Field(row.Alert, "remedy"));
        }

        table.Write(context.Out);
        context.WriteJson(new FleetAlertsJson(true, rows), FleetContractJson.Default.FleetAlertsJson);
        return ExitCode.Good;
    }

    private static int Audit(VerbContext context)
    {
        ListFleetAuditReply reply = FleetVerb.Call(context, (client, options) => client.ListAudit(new ListFleetAuditRequest(), options));
        var table = new TextTable("time", "tenant", "who", "method", "target", "outcome", "detail");
        foreach (FleetAuditRecord record in reply.Records)
        {
            table.Add(ApplianceVerb.LocalTime(ApplianceVerb.Time(record.UnixMs)), record.Tenant, record.Who, record.Method, record.Target, record.Outcome, record.Detail);
        }

        table.Write(context.Out);
        FleetAuditJson[] rows = [.. reply.Records.Select(record => new FleetAuditJson(FleetRows.At(record.UnixMs), FleetRows.Known(record.Tenant), record.Who, record.Method, FleetRows.Known(record.Target), record.Outcome, FleetRows.Known(record.Detail)))];
        context.WriteJson(new FleetAuditsJson(true, rows), FleetContractJson.Default.FleetAuditsJson);
        return ExitCode.Good;
    }

    private static string Figure(FleetApplianceStatus? status, Func<FleetApplianceStatus, int> figure) => status is null ? "unknown" : figure(status).ToString(CultureInfo.InvariantCulture);

    private static string Field(JsonElement alert, string name) => alert.TryGetProperty(name, out JsonElement value) ? value.ToString() : "";
}
