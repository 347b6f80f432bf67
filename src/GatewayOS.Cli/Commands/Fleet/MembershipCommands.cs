using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Commands.Appliance;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Fleet;

/// <summary>What an appliance's own operators say about its place in a fleet. Against the appliance.</summary>
internal static class MembershipCommands
{
    private const string ClaimVariable = "GATEWAY_CLAIM";

    private static readonly Argument<string> s_address = new("HOST[:PORT]") { Description = "The control plane" };
    private static readonly Option<string?> s_claim = new("--claim") { Description = $"Claim code of the control plane, which takes one appliance in (or {ClaimVariable})", HelpName = "CODE" };
    private static readonly Option<string[]> s_forbid = new("--forbid") { Description = "Refuse the control plane a class of commands: backup, restore, policy or maintenance; may be repeated", HelpName = "CLASS" };
    private static readonly Option<string[]> s_presence = new("--presence") { Description = "Do a class of commands only when somebody at the front panel has vouched for it; may be repeated", HelpName = "CLASS" };
    private static readonly Option<string[]> s_allow = new("--allow") { Description = "Allow a class of commands again; may be repeated", HelpName = "CLASS" };

    public static Command[] Build() =>
    [
        Verb.Make("join", "Have the appliance join a fleet", [s_address, s_claim], Join),
        Verb.Make("leave", "Have the appliance leave its fleet", [], context => Write(context, Call(context, (client, options) => client.Leave(new LeaveFleetRequest(), options)))),
        Verb.Make("show", "Show the appliance's place in a fleet, and what the control plane ordered", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Write(context, Show(context)))),
        Verb.Make("rules", "Show or change what the control plane may; only the appliance's own administrators can", [s_forbid, s_presence, s_allow], Rules),
    ];

    private static T Call<T>(VerbContext context, Func<Membership.MembershipClient, CallOptions, T> call) => ApplianceVerb.Call(context, channel => new Membership.MembershipClient(channel), call);

    private static MembershipMessage Show(VerbContext context) => Call(context, (client, options) => client.Show(new ShowMembershipRequest(), options));

    private static int Join(VerbContext context)
    {
        string claim = context.Arguments.GetValue(s_claim) ?? Environment.GetEnvironmentVariable(ClaimVariable) ?? throw new UsageException($"A claim code is needed: --claim CODE, or {ClaimVariable}. On the control plane: gatewayctl fleet claim create.");
        var request = new JoinFleetRequest { Address = context.Arguments.GetValue(s_address), Claim = claim };
        return Write(context, Call(context, (client, options) => client.Join(request, options)));
    }

    private static int Rules(VerbContext context)
    {
        string[] forbid = context.Arguments.GetValue(s_forbid) ?? [];
        string[] presence = context.Arguments.GetValue(s_presence) ?? [];
        string[] allow = context.Arguments.GetValue(s_allow) ?? [];
        string[] changed = [.. forbid, .. presence, .. allow];
        if (changed.Distinct(StringComparer.Ordinal).Count() != changed.Length)
        {
            throw new UsageException("Each class of commands is named once: it is forbidden, needs presence or is allowed.");
        }

        MembershipMessage present = Show(context);
        if (changed.Length == 0)
        {
            return Write(context, present);
        }

        // What is allowed again must exist, too: the appliance looks at the names it gets.
        var rules = new FleetRulesMessage
        {
            Forbidden = { present.Rules.Forbidden.Except(changed, StringComparer.Ordinal).Concat(forbid) },
            NeedsPresence = { present.Rules.NeedsPresence.Except(changed, StringComparer.Ordinal).Concat(presence) },
        };
        if (allow.Except([.. present.Rules.Forbidden, .. present.Rules.NeedsPresence], StringComparer.Ordinal).FirstOrDefault() is { } free)
        {
            throw new UsageException($"'{free}' is neither forbidden nor needs presence.");
        }

        return Write(context, Call(context, (client, options) => client.SetRules(new SetFleetRulesRequest { Rules = rules }, options)));
    }

    private static int Write(VerbContext context, MembershipMessage membership)
    {
        if (membership.Joined)
        {
            context.Out.WriteLine($"Fleet        {membership.ControlPlane} at {membership.Address}, tenant {membership.Tenant}, as {membership.ApplianceId}");
            context.Out.WriteLine($"Link         {membership.Link} since {ApplianceVerb.LocalTime(ApplianceVerb.Time(membership.SinceUnixMs))}{(membership.Problem.Length > 0 ? $": {membership.Problem}" : "")}");
            context.Out.WriteLine($"Certificate  until {ApplianceVerb.LocalTime(ApplianceVerb.Time(membership.CertificateExpiresUnixMs))}; renewed by itself");
            context.Out.WriteLine($"Waiting      {membership.AlertsWaiting} alerts to be told");
        }
        else
        {
            context.Out.WriteLine("The appliance belongs to no fleet. 'gatewayctl fleet join HOST --claim CODE' has it join one.");
        }

        if (membership.Notice.Length > 0)
        {
            context.Out.WriteLine(membership.Notice);
        }

        context.Out.WriteLine($"Forbidden    {Words(membership.Rules.Forbidden)}; only with somebody at the panel: {Words(membership.Rules.NeedsPresence)}");
        if (membership.Commands.Count > 0)
        {
            var table = new TextTable("command", "kind", "state", "taken", "ordered by", "detail");
            foreach (MembershipCommand command in membership.Commands)
            {
                table.Add(command.Id, command.Kind, command.State, ApplianceVerb.LocalTime(ApplianceVerb.Time(command.TakenUnixMs)), command.OrderedBy, command.Detail);
            }

            context.Out.WriteLine();
            table.Write(context.Out);
        }

        context.WriteJson(Row(membership), FleetContractJson.Default.MembershipJson);
        return ExitCode.Good;
    }

    private static string Words(IReadOnlyCollection<string> words) => words.Count == 0 ? "nothing" : string.Join(", ", words);

    private static MembershipJson Row(MembershipMessage membership) => new()
    {
        Joined = membership.Joined,
        Address = FleetRows.Known(membership.Address),
        ControlPlane = FleetRows.Known(membership.ControlPlane),
        Tenant = FleetRows.Known(membership.Tenant),
        ApplianceId = FleetRows.Known(membership.ApplianceId),
        Link = membership.Link,
        Problem = FleetRows.Known(membership.Problem),
        Since = DateTimeOffset.FromUnixTimeMilliseconds(membership.SinceUnixMs),
        CertificateExpires = ApplianceVerb.Time(membership.CertificateExpiresUnixMs),
        AlertsWaiting = membership.AlertsWaiting,
        Forbidden = membership.Rules.Forbidden,
        NeedsPresence = membership.Rules.NeedsPresence,
        Notice = FleetRows.Known(membership.Notice),
        Commands =
        [
            .. membership.Commands.Select(command => new MembershipCommandJson(
                command.Id, command.Kind, command.State, FleetRows.Known(command.Detail), command.OrderedBy, DateTimeOffset.FromUnixTimeMilliseconds(command.TakenUnixMs), FleetRows.Known(command.JobId))),
        ],
    };
}
