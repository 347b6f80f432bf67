using System.Security.Cryptography;
using GatewayOS.Api;
using GatewayOS.Api.Tokens;
using GatewayOS.ControlPlane.Hosting;
using GatewayOS.ControlPlane.Storage;
using Grpc.Core;

namespace GatewayOS.ControlPlane.Operators;

/// <summary>A fleet, for people and programs. <see cref="FleetGate"/> stands before it.</summary>
internal sealed class FleetService(FleetStore store, FleetAuthority authority, TimeProvider time, ILogger<FleetService> logger) : Fleet.FleetBase
{
    private const int NameCharactersMax = 63;
    private static readonly TimeSpan s_commandDefault = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_commandMax = TimeSpan.FromDays(30);
    private static readonly TimeSpan s_claimDefault = TimeSpan.FromDays(7);
    private static readonly TimeSpan s_claimMax = TimeSpan.FromDays(90);
    private static readonly TimeSpan s_tokenDefault = TimeSpan.FromDays(90);
    private static readonly TimeSpan s_tokenMax = TimeSpan.FromDays(366);

    // Worst first.
    private static readonly string[] s_verdicts = ["unprotected", "late", "protected"];

    public override async Task<FleetTokenInfo> GetSelf(GetSelfRequest request, ServerCallContext context) =>
        FleetMessages.Of(FleetCaller.Of(context).Token, await TenantsAsync(context).ConfigureAwait(false));

    public override async Task<ListFleetAppliancesReply> ListAppliances(ListFleetAppliancesRequest request, ServerCallContext context)
    {
        Dictionary<string, string> tenants = await TenantsAsync(context).ConfigureAwait(false);
        return new ListFleetAppliancesReply { Appliances = { (await AppliancesAsync(context).ConfigureAwait(false)).Select(appliance => FleetMessages.Of(appliance, tenants)) } };
    }

    public override async Task<FleetAppliance> RevokeAppliance(FleetApplianceRequest request, ServerCallContext context)
    {
        FleetCaller caller = FleetCaller.Of(context);
        ApplianceRow appliance = await FindAsync(request.Appliance, context).ConfigureAwait(false);
        await store.RevokeAsync(caller.Scope, appliance.Id, context.CancellationToken).ConfigureAwait(false);
        ControlLog.Acted(logger, caller.Who, $"revoked appliance {appliance.Id}");
        return FleetMessages.Of(await FindAsync(appliance.Id, context).ConfigureAwait(false), await TenantsAsync(context).ConfigureAwait(false));
    }

    public override async Task<ListFleetNodesReply> ListNodes(ListFleetNodesRequest request, ServerCallContext context)
    {
        Dictionary<string, string> tenants = await TenantsAsync(context).ConfigureAwait(false);
        IEnumerable<FleetNode> nodes = (await AppliancesAsync(context).ConfigureAwait(false))
            .Where(appliance => appliance.State is not (ApplianceRow.Revoked or ApplianceRow.Left))
            .SelectMany(appliance => FleetMessages.NodesOf(appliance, tenants))
            .Where(node => !(request.UnprotectedOnly && node.Protection.Verdict == s_verdicts[^1]))
            .OrderBy(node => Array.IndexOf(s_verdicts, node.Protection.Verdict)).ThenBy(node => node.Tenant, StringComparer.Ordinal).ThenBy(node => node.Site, StringComparer.Ordinal)
            .ThenBy(node => node.ApplianceName, StringComparer.Ordinal).ThenBy(node => node.Protection.NodeName, StringComparer.Ordinal);
        return new ListFleetNodesReply { Nodes = { nodes } };
    }

    public override async Task<ListFleetJobsReply> ListJobs(ListFleetJobsRequest request, ServerCallContext context)
    {
        IEnumerable<ApplianceRow> appliances = request.Appliance.Length > 0 ? [await FindAsync(request.Appliance, context).ConfigureAwait(false)] : await AppliancesAsync(context).ConfigureAwait(false);
        IEnumerable<FleetJob> jobs = appliances
            .SelectMany(appliance => (appliance.Status?.Jobs ?? []).Select(job => new FleetJob { ApplianceId = appliance.Id, ApplianceName = appliance.Name, Job = job }))
            .OrderByDescending(job => job.Job.QueuedUnixMs).Take(FleetStore.ListedMax);
        return new ListFleetJobsReply { Jobs = { jobs } };
    }

    public override async Task<ListFleetAlertsReply> ListAlerts(ListFleetAlertsRequest request, ServerCallContext context)
    {
        (string id, Dictionary<string, string> names) = await OneOrAllAsync(request.Appliance, context).ConfigureAwait(false);
        List<AlertRow> alerts = await store.AlertsAsync(FleetCaller.Of(context).Scope, id, context.CancellationToken).ConfigureAwait(false);
        return new ListFleetAlertsReply { Alerts = { alerts.Select(alert => FleetMessages.Of(alert, names.GetValueOrDefault(alert.ApplianceId, ""))) } };
    }

    public override async Task<FleetCommandInfo> OrderCommand(OrderFleetCommandRequest request, ServerCallContext context)
    {
        FleetCaller caller = FleetCaller.Of(context);
        (string kind, FleetRole roles) = FleetOrders.Of(request.Order) ?? throw Refuse(StatusCode.InvalidArgument, "Say what is to be done.");
        if ((roles & caller.Role) == FleetRole.None)
        {
            throw Refuse(StatusCode.PermissionDenied, $"Your token's role does not allow to order '{kind}'.");
        }

        TimeSpan valid = Duration(request.ValidSeconds, s_commandDefault, s_commandMax, "command");
        ApplianceRow appliance = await FindAsync(request.Appliance, context).ConfigureAwait(false);
        CommandRow command = await store.OrderAsync(caller.Scope, appliance.Id, kind, request.Order, caller.Who, valid, context.CancellationToken).ConfigureAwait(false)
            ?? throw Refuse(StatusCode.FailedPrecondition, appliance.State == ApplianceRow.Active
                ? $"{FleetStore.QueuedMax} commands wait for '{appliance.Name}' already. Look whether it is connected."
                : $"'{appliance.Name}' is {appliance.State}, and takes no commands.");
        ControlLog.Acted(logger, caller.Who, $"ordered {kind} of appliance {appliance.Id}, command {command.Id}");
        return FleetMessages.Of(command, appliance.Name);
    }

    public override async Task<FleetCommandInfo> GetCommand(FleetCommandRequest request, ServerCallContext context) =>
        await InfoAsync(await store.FindCommandAsync(FleetCaller.Of(context).Scope, request.Id, context.CancellationToken).ConfigureAwait(false), request.Id, context).ConfigureAwait(false);

    public override async Task<FleetCommandInfo> CancelCommand(FleetCommandRequest request, ServerCallContext context)
    {
        FleetCaller caller = FleetCaller.Of(context);
        return await InfoAsync(await store.CancelAsync(caller.Scope, request.Id, caller.Who, context.CancellationToken).ConfigureAwait(false), request.Id, context).ConfigureAwait(false);
    }

    public override async Task<ListFleetCommandsReply> ListCommands(ListFleetCommandsRequest request, ServerCallContext context)
    {
        (string id, Dictionary<string, string> names) = await OneOrAllAsync(request.Appliance, context).ConfigureAwait(false);
        List<CommandRow> commands = await store.CommandsAsync(FleetCaller.Of(context).Scope, id, context.CancellationToken).ConfigureAwait(false);
        return new ListFleetCommandsReply { Commands = { commands.Select(command => FleetMessages.Of(command, names.GetValueOrDefault(command.ApplianceId, ""))) } };
    }

    public override async Task<CreateClaimReply> CreateClaim(CreateClaimRequest request, ServerCallContext context)
    {
        FleetCaller caller = FleetCaller.Of(context);
        if (request.Name.Length > NameCharactersMax || request.Site.Length > NameCharactersMax)
        {
            throw Refuse(StatusCode.InvalidArgument, $"Names of appliances and sites have at most {NameCharactersMax} characters.");
        }

        string tenant = await TenantAsync(request.Tenant, context).ConfigureAwait(false);
        if (tenant.Length == 0)
        {
            throw Refuse(StatusCode.InvalidArgument, "An appliance is of a tenant: name one.");
        }

        TimeSpan valid = Duration(request.ValidSeconds, s_claimDefault, s_claimMax, "claim code");
        var code = EnrolmentToken.Create(authority.KeyHash);
        var claim = new ClaimRow(code.Id, tenant, request.Name, request.Site, caller.Who, time.GetUtcNow() + valid, UsedBy: "");
        await store.AddClaimAsync(claim, SHA256.HashData(code.Secret), context.CancellationToken).ConfigureAwait(false);
        return new CreateClaimReply { Code = code.ToText(), Claim = FleetMessages.Of(claim, await TenantsAsync(context).ConfigureAwait(false)) };
    }

    public override async Task<ListClaimsReply> ListClaims(ListClaimsRequest request, ServerCallContext context)
    {
        Dictionary<string, string> tenants = await TenantsAsync(context).ConfigureAwait(false);
        List<ClaimRow> claims = await store.ClaimsAsync(FleetCaller.Of(context).Scope, context.CancellationToken).ConfigureAwait(false);
        return new ListClaimsReply { Claims = { claims.Select(claim => FleetMessages.Of(claim, tenants)) } };
    }

    public override async Task<CreateFleetTokenReply> CreateToken(CreateFleetTokenRequest request, ServerCallContext context)
    {
        if (!FleetAccess.RoleNames.ContainsKey(request.Role))
        {
            throw Refuse(StatusCode.InvalidArgument, $"There is no role '{request.Role}'. There are {string.Join(", ", FleetAccess.RoleNames.Keys)}.");
        }

        string tenant = await TenantAsync(request.Tenant, context).ConfigureAwait(false);
        TimeSpan valid = Duration(request.ValidSeconds, s_tokenDefault, s_tokenMax, "token");
        var token = EnrolmentToken.Create(authority.KeyHash);
        var row = new TokenRow(token.Id, tenant, request.Role, request.Note, SHA256.HashData(token.Secret), time.GetUtcNow() + valid, Revoked: false);
        await store.AddTokenAsync(row, context.CancellationToken).ConfigureAwait(false);
        return new CreateFleetTokenReply { Token = token.ToText(), Info = FleetMessages.Of(row, await TenantsAsync(context).ConfigureAwait(false)) };
    }

    public override async Task<ListFleetTokensReply> ListTokens(ListFleetTokensRequest request, ServerCallContext context)
    {
        Dictionary<string, string> tenants = await TenantsAsync(context).ConfigureAwait(false);
        List<TokenRow> tokens = await store.TokensAsync(FleetCaller.Of(context).Scope, context.CancellationToken).ConfigureAwait(false);
        return new ListFleetTokensReply { Tokens = { tokens.Select(token => FleetMessages.Of(token, tenants)) } };
    }

    public override async Task<FleetTokenInfo> RevokeToken(FleetTokenRequest request, ServerCallContext context) => FleetMessages.Of(
        await store.RevokeTokenAsync(FleetCaller.Of(context).Scope, request.Id, context.CancellationToken).ConfigureAwait(false)
            ?? throw Refuse(StatusCode.NotFound, $"There is no token '{request.Id}'. 'gatewayctl fleet token list' shows all."),
        await TenantsAsync(context).ConfigureAwait(false));

    public override async Task<TenantInfo> AddTenant(AddTenantRequest request, ServerCallContext context)
    {
        if (request.Name.Length is 0 or > NameCharactersMax || request.Name.Any(char.IsControl))
        {
            throw Refuse(StatusCode.InvalidArgument, $"A tenant's name has 1 to {NameCharactersMax} characters.");
        }

        string id = await store.AddTenantAsync(request.Name, context.CancellationToken).ConfigureAwait(false)
            ?? throw Refuse(StatusCode.AlreadyExists, $"There is a tenant '{request.Name}' already, or {FleetStore.TenantsMax} of them. Choose another name.");
        return new TenantInfo { Id = id, Name = request.Name };
    }

    public override async Task<ListTenantsReply> ListTenants(ListTenantsRequest request, ServerCallContext context) =>
        new() { Tenants = { (await TenantsAsync(context).ConfigureAwait(false)).Select(tenant => new TenantInfo { Id = tenant.Key, Name = tenant.Value }) } };

    public override async Task<ListFleetAuditReply> ListAudit(ListFleetAuditRequest request, ServerCallContext context)
    {
        Dictionary<string, string> tenants = await TenantsAsync(context).ConfigureAwait(false);
        List<AuditRow> records = await store.AuditAsync(FleetCaller.Of(context).Scope, context.CancellationToken).ConfigureAwait(false);
        return new ListFleetAuditReply
        {
            Records =
            {
                records.Select(record => new FleetAuditRecord
                {
                    UnixMs = record.Time.ToUnixTimeMilliseconds(),
                    Tenant = tenants.GetValueOrDefault(record.Tenant, record.Tenant),
                    Who = record.Who,
                    Method = record.Method,
                    Target = record.Target,
                    Outcome = record.Outcome,
                    Detail = record.Detail,
                }),
            },
        };
    }

    private static RpcException Refuse(StatusCode code, string why) => new(new Status(code, why));

    private static TimeSpan Duration(long seconds, TimeSpan otherwise, TimeSpan most, string what) => seconds == 0 ? otherwise
        : seconds > 0 && seconds <= most.TotalSeconds ? TimeSpan.FromSeconds(seconds)
        : throw Refuse(StatusCode.InvalidArgument, $"A {what} is valid for 1 second to {most.TotalDays:0} days, not for {seconds} s.");

    private Task<List<ApplianceRow>> AppliancesAsync(ServerCallContext context) => store.AppliancesAsync(FleetCaller.Of(context).Scope, context.CancellationToken);

    private async Task<ApplianceRow> FindAsync(string idOrName, ServerCallContext context) => await store.FindApplianceAsync(FleetCaller.Of(context).Scope, idOrName, context.CancellationToken).ConfigureAwait(false)
        ?? throw Refuse(StatusCode.NotFound, $"There is no appliance '{idOrName}', or there are several of that name. 'gatewayctl fleet appliances' shows all.");

    private async Task<(string Id, Dictionary<string, string> Names)> OneOrAllAsync(string idOrName, ServerCallContext context)
    {
        List<ApplianceRow> appliances = idOrName.Length > 0 ? [await FindAsync(idOrName, context).ConfigureAwait(false)] : await AppliancesAsync(context).ConfigureAwait(false);
        return (idOrName.Length > 0 ? appliances[0].Id : "", appliances.ToDictionary(appliance => appliance.Id, appliance => appliance.Name, StringComparer.Ordinal));
    }

    private async Task<FleetCommandInfo> InfoAsync(CommandRow? command, string id, ServerCallContext context)
    {
        CommandRow found = command ?? throw Refuse(StatusCode.NotFound, $"There is no command '{id}'. 'gatewayctl fleet commands' shows all.");
        return FleetMessages.Of(found, (await FindAsync(found.ApplianceId, context).ConfigureAwait(false)).Name);
    }

    private async Task<Dictionary<string, string>> TenantsAsync(ServerCallContext context) =>
        (await store.TenantsAsync(FleetCaller.Of(context).Scope, context.CancellationToken).ConfigureAwait(false)).ToDictionary(tenant => tenant.Id, tenant => tenant.Name, StringComparer.Ordinal);

    // Whom a change is for: the provider says, a tenant's token means its own and can mean no other.
    private async Task<string> TenantAsync(string idOrName, ServerCallContext context)
    {
        Scope scope = FleetCaller.Of(context).Scope;
        if (idOrName.Length == 0)
        {
            return scope.Tenant;
        }

        return (await TenantsAsync(context).ConfigureAwait(false)).FirstOrDefault(tenant => tenant.Key == idOrName || tenant.Value == idOrName).Key
            ?? throw Refuse(StatusCode.NotFound, $"There is no tenant '{idOrName}'. 'gatewayctl fleet tenant list' shows all.");
    }
}
