namespace GatewayOS.Appliance.Accounts;

/// <summary>What holds for a method.</summary>
/// <param name="Callers">Who may call it.</param>
/// <param name="IsAudited">True when every call by a person or program goes into the audit log: all that changes something.</param>
public readonly record struct MethodAccess(Callers Callers, bool IsAudited);

/// <summary>
/// Every method of every service, and who may call it: the only place that says so. A method that is not here may be called by nobody.
/// </summary>
public static class AccessTable
{
    /// <summary>What the names of the web page's own methods begin with.</summary>
    public const string Web = "web/";

    private const Callers Runners = Callers.Operator | Callers.Administrator;
    private const Callers Restorers = Callers.RestoreOperator | Callers.Administrator;
    private const Callers Controllers = Callers.Auditor | Callers.Administrator;

    private static readonly Dictionary<string, MethodAccess> s_methods = new(StringComparer.Ordinal)
    {
        // Certificates.
        ["gatewayos.v1.Enrolment/Identify"] = Read(Callers.Anyone),
        ["gatewayos.v1.Enrolment/Enrol"] = Read(Callers.Anyone),
        ["gatewayos.v1.Enrolment/Login"] = Read(Callers.Anyone),
        ["gatewayos.v1.Enrolment/Renew"] = Read(Callers.Node),
        ["gatewayos.v1.SignIn/WithPassword"] = Read(Callers.Anyone),

        // How the server is, is everybody's who belongs to the appliance; what it can do and how it is made, the operators'.
        ["grpc.health.v1.Health/Check"] = Read(Callers.Everybody | Callers.Node),
        ["grpc.health.v1.Health/Watch"] = Read(Callers.Everybody | Callers.Node),
        ["grpc.reflection.v1.ServerReflection/ServerReflectionInfo"] = Read(Callers.Everybody),
        ["grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"] = Read(Callers.Everybody),

        // Nodes. What they do is on record in their snapshots.
        ["gatewayos.v1.BackupRuns/Begin"] = Read(Callers.Node),
        ["gatewayos.v1.BackupRuns/Commit"] = Read(Callers.Node),
        ["gatewayos.v1.BackupRuns/Abandon"] = Read(Callers.Node),
        ["gatewayos.v1.BackupRuns/ListSnapshots"] = Read(Callers.Node),
        ["gatewayos.v1.DataPath/Transfer"] = Read(Callers.Node),
        ["gatewayos.v1.DataPath/Read"] = Read(Callers.Node),
        ["gatewayos.v1.Agents/Attend"] = Read(Callers.Node),

        // State, nodes and backups.
        ["gatewayos.v1.Management/GetStatus"] = Read(Callers.Everybody),
        ["gatewayos.v1.Management/GetSettings"] = Read(Callers.Everybody),
        ["gatewayos.v1.Management/SetSettings"] = Change(Callers.Administrator),
        ["gatewayos.v1.Management/ListNodes"] = Read(Callers.Everybody),
        ["gatewayos.v1.Management/ListNodeSnapshots"] = Read(Callers.Everybody),
        ["gatewayos.v1.Management/BackUpNode"] = Change(Runners),
        ["gatewayos.v1.Management/ApproveNode"] = Change(Runners),
        ["gatewayos.v1.Management/RevokeNode"] = Change(Callers.Administrator),
        ["gatewayos.v1.Management/RemoveNode"] = Change(Callers.Administrator),
        ["gatewayos.v1.Management/CreateToken"] = Change(Callers.Administrator),
        ["gatewayos.v1.Management/MakeRecoveryKey"] = Change(Callers.Administrator),

        // Policies say what is kept, and so what is forgotten.
        ["gatewayos.v1.Policies/ListPolicies"] = Read(Callers.Everybody),
        ["gatewayos.v1.Policies/GetPolicy"] = Read(Callers.Everybody),
        ["gatewayos.v1.Policies/PreviewPolicy"] = Read(Callers.Everybody | Callers.ControlPlane),
        ["gatewayos.v1.Policies/SetPolicy"] = Change(Callers.Administrator | Callers.ControlPlane),
        ["gatewayos.v1.Policies/DeletePolicy"] = Change(Callers.Administrator),
        ["gatewayos.v1.Policies/AssignPolicy"] = Change(Runners | Callers.ControlPlane),

        // Jobs. Restores give data to whom the order names.
        ["gatewayos.v1.Jobs/ListJobs"] = Read(Callers.Everybody),
        ["gatewayos.v1.Jobs/WatchJob"] = Read(Callers.Everybody),
        ["gatewayos.v1.Jobs/ListProtection"] = Read(Callers.Everybody),
        ["gatewayos.v1.Jobs/OrderJob"] = Change(Runners | Callers.ControlPlane),
        ["gatewayos.v1.Jobs/OrderBenchmark"] = Change(Callers.Administrator),
        ["gatewayos.v1.Jobs/GetBenchmark"] = Read(Callers.Everybody),
        ["gatewayos.v1.Jobs/OrderRestore"] = Change(Restorers | Callers.ControlPlane),
        ["gatewayos.v1.Jobs/CancelJob"] = Change(Runners | Callers.RestoreOperator | Callers.ControlPlane),

        // Snapshots. A lock can be made longer by whoever runs backups, and shortened by nobody.
        ["gatewayos.v1.Snapshots/List"] = Read(Callers.Everybody),
        ["gatewayos.v1.Snapshots/Show"] = Read(Callers.Everybody),
        ["gatewayos.v1.Snapshots/Lock"] = Change(Runners),

        // Alerts and holds. Releasing a hold lets restore points expire.
        ["gatewayos.v1.Alerts/List"] = Read(Callers.Everybody),
        ["gatewayos.v1.Alerts/Show"] = Read(Callers.Everybody),
        ["gatewayos.v1.Alerts/Acknowledge"] = Change(Runners),
        ["gatewayos.v1.Alerts/Test"] = Change(Runners),
        ["gatewayos.v1.Alerts/ListHolds"] = Read(Callers.Everybody),
        ["gatewayos.v1.Alerts/ReleaseHold"] = Change(Callers.Administrator),

        // The body. A virtual button can do what a finger does: shut down, reset access.
        ["gatewayos.v1.Hardware/GetProfile"] = Read(Callers.Everybody),
        ["gatewayos.v1.Hardware/ValidateProfile"] = Read(Callers.Everybody),
        ["gatewayos.v1.Hardware/GetSensors"] = Read(Callers.Everybody),
        ["gatewayos.v1.Panel/Show"] = Read(Callers.Everybody),
        ["gatewayos.v1.Panel/TestLamps"] = Change(Runners),
        ["gatewayos.v1.Panel/Press"] = Change(Callers.Administrator),
        ["gatewayos.v1.Power/ListFailures"] = Read(Callers.Everybody),
        ["gatewayos.v1.Power/ShutDown"] = Change(Callers.Administrator),

        // Arrays and disks. A replacement takes redundancy away for a while; what is on a disk is given up by the administrator alone.
        ["gatewayos.v1.Raid/GetStatus"] = Read(Callers.Everybody),
        ["gatewayos.v1.Raid/GetDiskHistory"] = Read(Callers.Everybody),
        ["gatewayos.v1.Raid/Check"] = Change(Runners),
        ["gatewayos.v1.Raid/Replace"] = Change(Runners),
        ["gatewayos.v1.Raid/ConfirmReplacement"] = Change(Runners),
        ["gatewayos.v1.Raid/CancelReplacement"] = Change(Runners),
        ["gatewayos.v1.Raid/OverwriteNewDisk"] = Change(Callers.Administrator),

        // Updates. What runs on the appliance is the administrator's matter; pieces of a bundle do nothing until it is installed.
        ["gatewayos.v1.Updates/GetStatus"] = Read(Callers.Everybody),
        ["gatewayos.v1.Updates/BeginUpload"] = Change(Callers.Administrator),
        ["gatewayos.v1.Updates/PutPiece"] = Read(Callers.Administrator),
        ["gatewayos.v1.Updates/CheckBundle"] = Read(Callers.Administrator),
        ["gatewayos.v1.Updates/Install"] = Change(Callers.Administrator),
        ["gatewayos.v1.Updates/Fetch"] = Change(Callers.Administrator | Callers.ControlPlane),

        // Everything goes, locked restore points too. Presence at the panel is asked for besides.
        ["gatewayos.v1.Reset/Erase"] = Change(Callers.Administrator),

        // Vaults. Where the store's copies are, and what opens the way there, is the administrator's matter.
        ["gatewayos.v1.Vaults/List"] = Read(Callers.Everybody),
        ["gatewayos.v1.Vaults/Add"] = Change(Callers.Administrator),
        ["gatewayos.v1.Vaults/Remove"] = Change(Callers.Administrator),
        ["gatewayos.v1.Vaults/SetBandwidth"] = Change(Callers.Administrator),

        // The fleet. What the control plane may is the appliance's own matter, and nothing that it can order itself.
        ["gatewayos.v1.Membership/Show"] = Read(Callers.Everybody),
        ["gatewayos.v1.Membership/Join"] = Change(Callers.Administrator),
        ["gatewayos.v1.Membership/Leave"] = Change(Callers.Administrator),
        ["gatewayos.v1.Membership/SetRules"] = Change(Callers.Administrator),

        // The tunnel. Whoever sets it says where the vaults' traffic goes.
        ["gatewayos.v1.Tunnel/GetStatus"] = Read(Callers.Everybody),
        ["gatewayos.v1.Tunnel/Probe"] = Change(Runners),
        ["gatewayos.v1.Tunnel/GetKey"] = Change(Callers.Administrator),
        ["gatewayos.v1.Tunnel/Set"] = Change(Callers.Administrator),
        ["gatewayos.v1.Tunnel/Switch"] = Change(Callers.Administrator),

        // The support bundle: the appliance's inner life leaves it, encrypted and on record.
        ["gatewayos.v1.Support/Preview"] = Read(Callers.Administrator),
        ["gatewayos.v1.Support/Make"] = Change(Callers.Administrator),

        // What is in snapshots: names of files tell much, so they are for those who restore.
        ["gatewayos.v1.Catalogue/Find"] = Read(Restorers),
        ["gatewayos.v1.Catalogue/ListVersions"] = Read(Restorers),

        // Accounts and API tokens.
        ["gatewayos.v1.Accounts/ListUsers"] = Read(Controllers),
        ["gatewayos.v1.Accounts/AddUser"] = Change(Callers.Administrator),
        ["gatewayos.v1.Accounts/RemoveUser"] = Change(Callers.Administrator),
        ["gatewayos.v1.Accounts/SetRole"] = Change(Callers.Administrator),
        ["gatewayos.v1.Accounts/SetPassword"] = Change(Callers.Administrator),
        ["gatewayos.v1.Accounts/ChangeOwnPassword"] = Change(Callers.Everybody),
        ["gatewayos.v1.Accounts/Unlock"] = Change(Callers.Administrator),
        ["gatewayos.v1.Accounts/RemoveSecondFactor"] = Change(Callers.Administrator),
        ["gatewayos.v1.Accounts/CreateApiToken"] = Change(Callers.Administrator),
        ["gatewayos.v1.Accounts/ListApiTokens"] = Read(Controllers),
        ["gatewayos.v1.Accounts/RevokeApiToken"] = Change(Callers.Administrator),

        // The audit log.
        ["gatewayos.v1.AuditLog/List"] = Read(Controllers),
        ["gatewayos.v1.AuditLog/Verify"] = Read(Controllers),

        // What browsers ask for besides. Coming in puts itself on record, and so does the first start. A session is told to whoever has it.
        [$"{Web}Setup"] = Read(Callers.Anyone),
        [$"{Web}LogIn"] = Read(Callers.Anyone),
        [$"{Web}Session"] = Read(Callers.Anyone),
        [$"{Web}LogOut"] = Read(Callers.Everybody),
        [$"{Web}SecondFactor"] = Change(Callers.Everybody),
        [$"{Web}Contract"] = Read(Callers.Everybody),
        [$"{Web}Overview"] = Read(Callers.Everybody),
        [$"{Web}Events"] = Read(Callers.Everybody),
        [$"{Web}Panel"] = Read(Callers.Everybody),
        [$"{Web}Logs"] = Read(Controllers),
        [$"{Web}Certificate"] = Read(Callers.Everybody),
        [$"{Web}ReplaceCertificate"] = Change(Callers.Administrator),

        // Contents of snapshots: who may look may take along, and what leaves the appliance is on record.
        [$"{Web}Browse"] = Read(Restorers),
        [$"{Web}Compare"] = Read(Restorers),
        [$"{Web}Download"] = Change(Restorers),
    };

    /// <summary>All methods, as <c>package.Service/Method</c>.</summary>
    public static IReadOnlyCollection<string> Methods => s_methods.Keys;

    /// <summary>Says what holds for a method.</summary>
    /// <param name="method">As <c>package.Service/Method</c>, with or without a leading '/'.</param>
    /// <returns>Access for nobody when it is not in the table.</returns>
    public static MethodAccess Of(string method) => s_methods.TryGetValue(method.TrimStart('/'), out MethodAccess access) ? access : new MethodAccess(Callers.None, IsAudited: false);

    /// <summary>True when a caller may call a method.</summary>
    public static bool Allows(string method, Callers caller) => (Of(method).Callers & (caller | Callers.Anyone)) != Callers.None;

    private static MethodAccess Read(Callers callers) => new(callers, IsAudited: false);

    private static MethodAccess Change(Callers callers) => new(callers, IsAudited: true);
}
