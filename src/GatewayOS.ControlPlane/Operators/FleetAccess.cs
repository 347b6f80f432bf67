using GatewayOS.Api;
using GatewayOS.Api.Client;

namespace GatewayOS.ControlPlane.Operators;

/// <summary>What a token may. Roles are not nested: who restores gives data away, and need not run backups.</summary>
[Flags]
internal enum FleetRole
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Sees.</summary>
    Viewer = 1,

    /// <summary>Sees, and runs backups, tests and assignments.</summary>
    Operator = 2,

    /// <summary>Sees, and orders restores.</summary>
    RestoreOperator = 4,

    /// <summary>Everything of the tenant; with the provider's token, of all.</summary>
    Administrator = 8,

    /// <summary>Every role.</summary>
    Everybody = Viewer | Operator | RestoreOperator | Administrator,
}

/// <summary>What holds for a method.</summary>
/// <param name="Roles">Who may call it.</param>
/// <param name="ProviderOnly">True when a tenant's token may not, whatever its role.</param>
/// <param name="IsAudited">True when every call goes on record.</param>
internal readonly record struct FleetMethodAccess(FleetRole Roles, bool ProviderOnly, bool IsAudited);

/// <summary>Every method for people and programs, and who may call it: the only place that says so. What is not here is nobody's.</summary>
internal static class FleetAccess
{
    /// <summary>Names of roles, as people write them.</summary>
    public static readonly IReadOnlyDictionary<string, FleetRole> RoleNames = new Dictionary<string, FleetRole>(StringComparer.Ordinal)
    {
        ["viewer"] = FleetRole.Viewer,
        ["operator"] = FleetRole.Operator,
        ["restore-operator"] = FleetRole.RestoreOperator,
        ["administrator"] = FleetRole.Administrator,
    };

    private static readonly Dictionary<string, FleetMethodAccess> s_methods = new(StringComparer.Ordinal)
    {
        [nameof(Fleet.FleetClient.GetSelf)] = Read(FleetRole.Everybody),
        [nameof(Fleet.FleetClient.ListAppliances)] = Read(FleetRole.Everybody),
        [nameof(Fleet.FleetClient.ListNodes)] = Read(FleetRole.Everybody),
        [nameof(Fleet.FleetClient.ListJobs)] = Read(FleetRole.Everybody),
        [nameof(Fleet.FleetClient.ListAlerts)] = Read(FleetRole.Everybody),
        [nameof(Fleet.FleetClient.GetCommand)] = Read(FleetRole.Everybody),
        [nameof(Fleet.FleetClient.ListCommands)] = Read(FleetRole.Everybody),
        [nameof(Fleet.FleetClient.ListTenants)] = Read(FleetRole.Everybody),

        // What exactly is ordered says who may: FleetOrders.
        [nameof(Fleet.FleetClient.OrderCommand)] = Change(FleetRole.Operator | FleetRole.RestoreOperator | FleetRole.Administrator),
        [nameof(Fleet.FleetClient.CancelCommand)] = Change(FleetRole.Operator | FleetRole.RestoreOperator | FleetRole.Administrator),

        // Who comes in and who goes.
        [nameof(Fleet.FleetClient.RevokeAppliance)] = Change(FleetRole.Administrator),
        [nameof(Fleet.FleetClient.CreateClaim)] = Change(FleetRole.Administrator),
        [nameof(Fleet.FleetClient.ListClaims)] = Read(FleetRole.Administrator),
        [nameof(Fleet.FleetClient.CreateToken)] = Change(FleetRole.Administrator),
        [nameof(Fleet.FleetClient.ListTokens)] = Read(FleetRole.Administrator),
        [nameof(Fleet.FleetClient.RevokeToken)] = Change(FleetRole.Administrator),
        [nameof(Fleet.FleetClient.ListAudit)] = Read(FleetRole.Administrator),
        [nameof(Fleet.FleetClient.AddTenant)] = Change(FleetRole.Administrator) with { ProviderOnly = true },
    };

    /// <summary>All methods.</summary>
    public static IReadOnlyCollection<string> Methods => s_methods.Keys;

    /// <summary>What holds for a method of the service <c>Fleet</c>.</summary>
    /// <returns>Access for nobody when it is not in the table.</returns>
    public static FleetMethodAccess Of(string method) => s_methods.TryGetValue(method, out FleetMethodAccess access) ? access : default;

    private static FleetMethodAccess Read(FleetRole roles) => new(roles, ProviderOnly: false, IsAudited: false);

    private static FleetMethodAccess Change(FleetRole roles) => new(roles, ProviderOnly: false, IsAudited: true);
}

/// <summary>What may be ordered of an appliance, and by whom.</summary>
internal static class FleetOrders
{
    /// <summary>Says what an order is.</summary>
    /// <returns>Its kind and who may order it; null when it is none.</returns>
    public static (string Kind, FleetRole Roles)? Of(FleetOrder? order)
    {
        FleetRole roles = order?.OrderCase switch
        {
            FleetOrder.OrderOneofCase.Job or FleetOrder.OrderOneofCase.AssignPolicy or FleetOrder.OrderOneofCase.PreviewPolicy => FleetRole.Operator | FleetRole.Administrator,
            FleetOrder.OrderOneofCase.Restore => FleetRole.RestoreOperator | FleetRole.Administrator,
            FleetOrder.OrderOneofCase.CancelJob => FleetRole.Operator | FleetRole.RestoreOperator | FleetRole.Administrator,
            FleetOrder.OrderOneofCase.SetPolicy or FleetOrder.OrderOneofCase.Update => FleetRole.Administrator,
            _ => FleetRole.None,
        };
        return roles == FleetRole.None ? null : (FleetKinds.Of(order!), roles);
    }
}
