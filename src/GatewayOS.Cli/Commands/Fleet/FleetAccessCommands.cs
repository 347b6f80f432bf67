using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Commands.Appliance;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Fleet;

/// <summary>Who belongs to a fleet: claim codes, appliances, tokens and tenants. Against the control plane.</summary>
internal static class FleetAccessCommands
{
    private const double SecondsPerDay = 86400;

    private static readonly Argument<string> s_appliance = new("APPLIANCE") { Description = "The appliance: name or ID" };
    private static readonly Argument<string> s_id = new("ID") { Description = "ID of the token" };
    private static readonly Argument<string> s_tenantName = new("NAME") { Description = "The tenant's name" };
    private static readonly Option<string> s_tenant = new("--tenant") { Description = "Whose, by name or ID; a tenant's own token means its own", HelpName = "TENANT", DefaultValueFactory = _ => "" };
    private static readonly Option<string> s_name = new("--name") { Description = "The appliance's name in the fleet [default: as it calls itself]", HelpName = "NAME", DefaultValueFactory = _ => "" };
    private static readonly Option<string> s_site = new("--site") { Description = "Where it stands", HelpName = "SITE", DefaultValueFactory = _ => "" };
    private static readonly Option<double> s_days = new("--days") { Description = "How long it is valid [default: 7 days for a claim code, 90 for a token]", HelpName = "DAYS", DefaultValueFactory = _ => 0 };
    private static readonly Option<string> s_role = new("--role", "-r") { Description = "What it may: viewer, operator, restore-operator or administrator", HelpName = "ROLE", DefaultValueFactory = _ => "viewer" };
    private static readonly Option<string> s_note = new("--note") { Description = "What it is for", HelpName = "TEXT", DefaultValueFactory = _ => "" };

    public static Command[] Build() =>
    [
        ApplianceVerb.Nest(
            "claim",
            "Claim codes: each takes one appliance into the fleet",
            Verb.Make("create", "Make a claim code; it is shown this once", [s_tenant, s_name, s_site, s_days], CreateClaim),
            Verb.Make("list", "List the claim codes", [], ListClaims)),
        ApplianceVerb.Nest(
            "token",
            $"Tokens: what people and programs present in {FleetVerb.TokenVariable}",
            Verb.Make("create", "Make a token; it is shown this once", [s_tenant, s_role, s_note, s_days], CreateToken),
            Verb.Make("list", "List the tokens", [], ListTokens),
            Verb.Make("revoke", "End a token at once", [s_id], RevokeToken)),
        ApplianceVerb.Nest(
            "tenant",
            "Tenants: each sees what is its own",
            Verb.Make("add", "Add a tenant", [s_tenantName], AddTenant),
            Verb.Make("list", "List the tenants", [], ListTenants)),
        Verb.Make("revoke", "Revoke an appliance: it is heard no more, and does nothing for the fleet", [s_appliance], Revoke),
    ];

    private static int CreateClaim(VerbContext context)
    {
        var request = new CreateClaimRequest { Tenant = context.Arguments.GetValue(s_tenant), Name = context.Arguments.GetValue(s_name), Site = context.Arguments.GetValue(s_site), ValidSeconds = Seconds(context) };
        CreateClaimReply reply = FleetVerb.Call(context, (client, options) => client.CreateClaim(request, options));
        context.Out.WriteLine(reply.Code);
        if (!context.Quiet)
        {
            Console.Error.WriteLine($"Valid until {ApplianceVerb.LocalTime(ApplianceVerb.Time(reply.Claim.ExpiresUnixMs))} for one appliance of {reply.Claim.Tenant}. It is not shown again. On the appliance: gatewayctl fleet join HOST --claim CODE.");
        }

        context.WriteJson(new FleetClaimCreatedJson(true, reply.Code, FleetRows.Of(reply.Claim)), FleetContractJson.Default.FleetClaimCreatedJson);
        return ExitCode.Good;
    }

    private static int ListClaims(VerbContext context)
    {
        ListClaimsReply reply = FleetVerb.Call(context, (client, options) => client.ListClaims(new ListClaimsRequest(), options));
        var table = new TextTable("ID", "tenant", "name", "site", "expires", "used by", "made by");
        foreach (ClaimInfo claim in reply.Claims)
        {
            table.Add(claim.Id, claim.Tenant, claim.Name, claim.Site, ApplianceVerb.LocalTime(ApplianceVerb.Time(claim.ExpiresUnixMs)), claim.UsedBy, claim.CreatedBy);
        }

        table.Write(context.Out);
        context.WriteJson(new FleetClaimsJson(true, [.. reply.Claims.Select(FleetRows.Of)]), FleetContractJson.Default.FleetClaimsJson);
        return ExitCode.Good;
    }

    private static int CreateToken(VerbContext context)
    {
        var request = new CreateFleetTokenRequest { Tenant = context.Arguments.GetValue(s_tenant), Role = context.Arguments.GetValue(s_role), Note = context.Arguments.GetValue(s_note), ValidSeconds = Seconds(context) };
        CreateFleetTokenReply reply = FleetVerb.Call(context, (client, options) => client.CreateToken(request, options));
        context.Out.WriteLine(reply.Token);
        if (!context.Quiet)
        {
            Console.Error.WriteLine($"Valid until {ApplianceVerb.LocalTime(ApplianceVerb.Time(reply.Info.ExpiresUnixMs))} as {reply.Info.Role}. It is not shown again; 'gatewayctl fleet token revoke {reply.Info.Id}' ends it.");
        }

        context.WriteJson(new FleetTokenCreatedJson(true, reply.Token, FleetRows.Of(reply.Info)), FleetContractJson.Default.FleetTokenCreatedJson);
        return ExitCode.Good;
    }

    private static int ListTokens(VerbContext context) => WriteTokens(context, FleetVerb.Call(context, (client, options) => client.ListTokens(new ListFleetTokensRequest(), options)).Tokens);

    private static int RevokeToken(VerbContext context) => WriteTokens(context, [FleetVerb.Call(context, (client, options) => client.RevokeToken(new FleetTokenRequest { Id = context.Arguments.GetValue(s_id) }, options))]);

    private static int WriteTokens(VerbContext context, IReadOnlyList<FleetTokenInfo> tokens)
    {
        var table = new TextTable("ID", "tenant", "role", "expires", "note");
        foreach (FleetTokenInfo token in tokens)
        {
            table.Add(token.Id, token.Tenant, token.Role, token.Revoked ? "revoked" : ApplianceVerb.LocalTime(ApplianceVerb.Time(token.ExpiresUnixMs)), token.Note);
        }

        table.Write(context.Out);
        context.WriteJson(new FleetTokensJson(true, [.. tokens.Select(FleetRows.Of)]), FleetContractJson.Default.FleetTokensJson);
        return ExitCode.Good;
    }

    private static int AddTenant(VerbContext context) => WriteTenants(context, [FleetVerb.Call(context, (client, options) => client.AddTenant(new AddTenantRequest { Name = context.Arguments.GetValue(s_tenantName) }, options))]);

    private static int ListTenants(VerbContext context) => WriteTenants(context, FleetVerb.Call(context, (client, options) => client.ListTenants(new ListTenantsRequest(), options)).Tenants);

    private static int WriteTenants(VerbContext context, IReadOnlyList<TenantInfo> tenants)
    {
        var table = new TextTable("tenant", "ID");
        foreach (TenantInfo tenant in tenants)
        {
            table.Add(tenant.Name, tenant.Id);
        }

        table.Write(context.Out);
        context.WriteJson(new FleetTenantsJson(true, [.. tenants.Select(tenant => new FleetTenantJson(tenant.Id, tenant.Name))]), FleetContractJson.Default.FleetTenantsJson);
        return ExitCode.Good;
    }

    private static int Revoke(VerbContext context)
    {
        FleetAppliance appliance = FleetVerb.Call(context, (client, options) => client.RevokeAppliance(new FleetApplianceRequest { Appliance = context.Arguments.GetValue(s_appliance) }, options));
        context.Out.WriteLine($"'{appliance.Name}' is {appliance.State}. It goes on backing up by itself; to join again it needs a new claim code.");
        context.WriteJson(new FleetApplianceChangeJson(true, FleetRows.Of(appliance)), FleetContractJson.Default.FleetApplianceChangeJson);
        return ExitCode.Good;
    }

    private static long Seconds(VerbContext context) => (long)(context.Arguments.GetValue(s_days) * SecondsPerDay);
}
