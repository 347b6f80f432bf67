namespace GatewayOS.Appliance.Accounts;

/// <summary>What a person or program may do on an appliance. Roles are not nested: an auditor sees what nobody else may change, and changes nothing.</summary>
public enum Role
{
    /// <summary>Sees state, jobs and alerts.</summary>
    Viewer,

    /// <summary>Also starts backups, approves nodes and acknowledges alerts.</summary>
    Operator,

    /// <summary>Sees what a viewer sees, and looks into snapshots to restore from them.</summary>
    RestoreOperator,

    /// <summary>Sees what a viewer sees, who has accounts, and the audit log.</summary>
    Auditor,

    /// <summary>Everything.</summary>
    Administrator,
}

/// <summary>Who may call a method.</summary>
[Flags]
public enum Callers
{
    /// <summary>Nobody.</summary>
    None = 0,

    /// <summary>Whoever can connect, without a certificate: only what gives certificates out.</summary>
    Anyone = 1,

    /// <summary>An enrolled node.</summary>
    Node = 2,

    /// <summary><see cref="Role.Viewer"/>.</summary>
    Viewer = 4,

    /// <summary><see cref="Role.Operator"/>.</summary>
    Operator = 8,

    /// <summary><see cref="Role.RestoreOperator"/>.</summary>
    RestoreOperator = 16,

    /// <summary><see cref="Role.Auditor"/>.</summary>
    Auditor = 32,

    /// <summary><see cref="Role.Administrator"/>.</summary>
    Administrator = 64,

    /// <summary>The control plane of the fleet that the appliance belongs to, as far as the appliance's own rules let it.</summary>
    ControlPlane = 128,

    /// <summary>Every role.</summary>
    Everybody = Viewer | Operator | RestoreOperator | Auditor | Administrator,
}

/// <summary>Names of roles, as people write them.</summary>
public static class RoleNames
{
    /// <summary>All, in the order of <see cref="Role"/>.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Enum.GetValues<Role>().Select(ToText)];

    /// <summary>A role's name: lower case, words joined by '-'.</summary>
    public static string ToText(this Role role) => role == Role.RestoreOperator ? "restore-operator" : role.ToString().ToLowerInvariant();

    /// <summary>Reads a role's name.</summary>
    /// <returns>False when there is no such role.</returns>
    public static bool TryParse(string text, out Role role)
    {
        int at = All.ToList().IndexOf(text);
        role = (Role)Math.Max(at, 0);
        return at >= 0;
    }

    /// <summary>The role as a caller.</summary>
    public static Callers AsCaller(this Role role) => role switch
    {
        Role.Viewer => Callers.Viewer,
        Role.Operator => Callers.Operator,
        Role.RestoreOperator => Callers.RestoreOperator,
        Role.Auditor => Callers.Auditor,
        Role.Administrator => Callers.Administrator,
        _ => Callers.None,
    };
}
