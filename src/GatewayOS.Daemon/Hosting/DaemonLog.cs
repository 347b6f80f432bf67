namespace GatewayOS.Daemon.Hosting;

/// <summary>What gatewayd logs.</summary>
internal static partial class DaemonLog
{
    [LoggerMessage(1, LogLevel.Information, "{model} '{name}' {version} serves on {address}; store {storeId} in {store}.")]
    public static partial void Serving(ILogger logger, string model, string name, string version, string address, string storeId, string store);

    [LoggerMessage(2, LogLevel.Information, "Stopping.")]
    public static partial void Stopping(ILogger logger);

    [LoggerMessage(3, LogLevel.Warning, "Refused {peer} ({who}) at {method}: {why}")]
    public static partial void PeerRefused(ILogger logger, string peer, string who, string method, string why);

    [LoggerMessage(4, LogLevel.Information, "Node {name} ({id}) {what}.")]
    public static partial void NodeChanged(ILogger logger, string name, string id, string what);

    [LoggerMessage(5, LogLevel.Warning, "Enrolment of '{name}' from {peer} refused: {why}")]
    public static partial void EnrolmentRefused(ILogger logger, string name, string peer, string why);

    [LoggerMessage(6, LogLevel.Information, "Node {id} begins a backup, session {session}.")]
    public static partial void SessionBegun(ILogger logger, string id, Guid session);

    [LoggerMessage(7, LogLevel.Information, "Node {id} has a new snapshot {snapshot}; {bytes} bytes came over the wire.")]
    public static partial void SnapshotCommitted(ILogger logger, string id, string snapshot, long bytes);

    [LoggerMessage(8, LogLevel.Warning, "Node {id} sent what is refused: {why}")]
    public static partial void DataRefused(ILogger logger, string id, string why);

    [LoggerMessage(9, LogLevel.Information, "Operator {name} {what}.")]
    public static partial void OperatorActed(ILogger logger, string name, string what);

    [LoggerMessage(10, LogLevel.Error, "The data path makes no progress: the watchdog is not fed.")]
    public static partial void NoProgress(ILogger logger);

    [LoggerMessage(11, LogLevel.Warning, "The store's key is {how}. A TPM would hold it better.")]
    public static partial void KeyInFile(ILogger logger, string how);

    [LoggerMessage(12, LogLevel.Error, "The audit log cannot be written: {why} Calls that change something are refused until it can.")]
    public static partial void AuditFailed(ILogger logger, string why);

    [LoggerMessage(13, LogLevel.Information, "Audit log: {count} records, the last with hash {last}.")]
    public static partial void AuditAnchor(ILogger logger, long count, string last);

    [LoggerMessage(14, LogLevel.Critical, "The audit log was tampered with: {segment} {sequence}: {detail}.")]
    public static partial void AuditDamaged(ILogger logger, string segment, long sequence, string detail);

    [LoggerMessage(15, LogLevel.Information, "Fingerprint of this appliance, for the first login with a password: {fingerprint}")]
    public static partial void Fingerprint(ILogger logger, string fingerprint);

    [LoggerMessage(16, LogLevel.Warning, "{what}")]
    public static partial void Background(ILogger logger, string what);
    [LoggerMessage(17, LogLevel.Warning, "{what}: {why}.")]
    public static partial void ShuttingDown(ILogger logger, string what, string why);

    [LoggerMessage(18, LogLevel.Information, "The web page is at {address}; SHA-256 of its certificate: {fingerprint}")]
    public static partial void PageServed(ILogger logger, string address, string fingerprint);

    [LoggerMessage(19, LogLevel.Warning, "This appliance is nobody's yet. Claim code for the web page: {code}")]
    public static partial void Unclaimed(ILogger logger, string code);

    [LoggerMessage(20, LogLevel.Information, "{kind} job {id} of {node} ended: {state}. {message}")]
    public static partial void JobEnded(ILogger logger, GatewayOS.Appliance.Jobs.JobKind kind, string id, string node, GatewayOS.Appliance.Jobs.JobState state, string message);

    [LoggerMessage(22, LogLevel.Information, "{what}")]
    public static partial void Tunnel(ILogger logger, string what);

    [LoggerMessage(21, LogLevel.Error, "Jobs cannot be looked after: {why}")]
    public static partial void JobsStall(ILogger logger, string why);

    [LoggerMessage(26, LogLevel.Information, "{what}")]
    public static partial void Update(ILogger logger, string what);

    [LoggerMessage(23, LogLevel.Information, "The control plane '{name}' at {address} is connected.")]
    public static partial void FleetUp(ILogger logger, string name, string address);

    [LoggerMessage(24, LogLevel.Warning, "No control plane: {why} It is dialled again; backups do not wait for it.")]
    public static partial void FleetDown(ILogger logger, string why);

    [LoggerMessage(25, LogLevel.Information, "The control plane's command {kind} {id}, ordered by {by}: {state}. {detail}")]
    public static partial void FleetCommand(ILogger logger, string kind, string id, string by, Appliance.Fleet.CommandState state, string detail);

    [LoggerMessage(27, LogLevel.Information, "The store's key is {how}.")]
    public static partial void KeySealed(ILogger logger, string how);

    [LoggerMessage(28, LogLevel.Warning, "The store's key: {note}")]
    public static partial void KeyNote(ILogger logger, string note);
}
