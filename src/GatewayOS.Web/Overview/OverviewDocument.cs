using System.Text.Json;

namespace GatewayOS.Web.Overview;

/// <summary>How the appliance is, on one page. What is unknown is absent.</summary>
/// <param name="AtUnixMs">When it was made.</param>
/// <param name="StoreAtUnixMs">When what it says of restore points was read; absent when the store cannot be read.</param>
/// <param name="Verdict">All of it in a sentence.</param>
/// <param name="Recovery">What would be left were the appliance gone.</param>
/// <param name="Nodes">The nodes, by name.</param>
/// <param name="Capacity">Space.</param>
/// <param name="Throughput">How much is backed up.</param>
/// <param name="Arrays">Arrays.</param>
/// <param name="Alerts">Alerts that stand, the worst first; 100 at most.</param>
/// <param name="Tunnel">The tunnel to the cloud; absent when none is configured.</param>
/// <param name="Jobs">Jobs that run or wait, as Jobs/ListJobs gives them; the newest 100 at most.</param>
/// <param name="Subsystems">What there is at all.</param>
internal sealed record OverviewDocument(
    long AtUnixMs, long? StoreAtUnixMs, OverviewVerdict Verdict, OverviewRecovery Recovery, IReadOnlyList<OverviewNode> Nodes, OverviewCapacity Capacity, OverviewThroughput Throughput, IReadOnlyList<OverviewArray> Arrays,
    IReadOnlyList<OverviewAlert> Alerts, OverviewTunnel? Tunnel, IReadOnlyList<JsonElement> Jobs, OverviewSubsystems Subsystems);

/// <summary>Whether the data is safe.</summary>
/// <param name="Level">ok, warning, critical or unknown.</param>
/// <param name="Kind">What it rests on: protected, no-nodes, unprotected, late, array-failed, array-degraded, alert, store-unreadable.</param>
/// <param name="Text">In a sentence.</param>
/// <param name="Remedy">What to do.</param>
/// <param name="Page">The page that shows more: nodes, storage, alerts.</param>
internal sealed record OverviewVerdict(string Level, string Kind, string Text, string? Remedy = null, string? Page = null);

/// <summary>What would be left were the appliance gone (<see cref="Appliance.DisasterRecovery.RecoveryStanding"/>).</summary>
/// <param name="Level">none, local, copied, locked, rehearsed or unknown.</param>
/// <param name="Reason">Why, in a sentence.</param>
/// <param name="Remedy">What leads to the next level; absent at the highest.</param>
internal sealed record OverviewRecovery(string Level, string Reason, string? Remedy);

/// <summary>The tunnel to the cloud.</summary>
/// <param name="State">off, connecting, up, degraded or down.</param>
/// <param name="Reason">Why, in a sentence.</param>
/// <param name="Endpoint">The other end as configured, of the way in use; absent while none is.</param>
/// <param name="HandshakeUnixMs">When both ends last agreed on keys; absent before they did.</param>
public sealed record OverviewTunnel(string State, string Reason, string? Endpoint, long? HandshakeUnixMs);

/// <summary>A node.</summary>
/// <param name="Id">Its ID.</param>
/// <param name="Name">Its name.</param>
/// <param name="State">pending, active or revoked.</param>
/// <param name="IsConnected">Whether its agent is connected.</param>
/// <param name="Snapshots">How many restore points it has.</param>
/// <param name="LastBackupUnixMs">When its newest restore point was committed.</param>
/// <param name="Protection">protected, late or unprotected; of active nodes.</param>
/// <param name="Reason">That in a sentence.</param>
/// <param name="RpoSeconds">Age of what would be restored: of the beginning of the newest whole restore point.</param>
/// <param name="RtoSeconds">How long restoring all of it would take, as the newest rehearsal predicts.</param>
/// <param name="RehearsedUnixMs">When that was.</param>
internal sealed record OverviewNode(
    string Id, string Name, string State, bool IsConnected, int Snapshots, long? LastBackupUnixMs, string? Protection, string? Reason, double? RpoSeconds, double? RtoSeconds, long? RehearsedUnixMs);

/// <summary>Space, in bytes.</summary>
/// <param name="StoreBytes">In the store's packs.</param>
/// <param name="FreeBytes">Free on the store's disk.</param>
/// <param name="DiskBytes">Size of that disk.</param>
/// <param name="ProtectedBytes">Files in the newest restore points of all nodes.</param>
/// <param name="RestorableBytes">Files in all restore points.</param>
/// <param name="DedupeRatio">Bytes of all kept backups over those of them that were new.</param>
/// <param name="CompressionRatio">Those over what they took in the store.</param>
/// <param name="DaysToFull">At the pace of the last 30 days; absent too when it does not fill.</param>
internal sealed record OverviewCapacity(long? StoreBytes, long FreeBytes, long DiskBytes, long? ProtectedBytes, long? RestorableBytes, double? DedupeRatio, double? CompressionRatio, double? DaysToFull);

/// <summary>How much is backed up.</summary>
/// <param name="NowBytesPerSecond">Bytes that come in over the wire, between the last two looks.</param>
/// <param name="Days">The last 30 days (UTC), oldest first; all of them as soon as there is a restore point.</param>
internal sealed record OverviewThroughput(double? NowBytesPerSecond, IReadOnlyList<OverviewDay> Days);

/// <summary>A day, of the restore points that are kept.</summary>
/// <param name="Day">YYYY-MM-DD.</param>
/// <param name="Bytes">Bytes of the files that were backed up.</param>
/// <param name="NewBytes">Those of them that the store had not.</param>
/// <param name="Seconds">Time that took, of all nodes together.</param>
internal sealed record OverviewDay(string Day, long Bytes, long NewBytes, double Seconds);

/// <summary>An array.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Level">Its RAID level.</param>
/// <param name="State">optimal, checking, mismatch, rebuilding, degraded, failed or unknown.</param>
/// <param name="Progress">Of a rebuild or check, 0 to 1.</param>
internal sealed record OverviewArray(string Name, string Level, string State, double? Progress);

/// <summary>An alert.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Severity">info, warning or critical.</param>
/// <param name="Text">What is the matter.</param>
/// <param name="Remedy">What to do.</param>
/// <param name="SinceUnixMs">Since when.</param>
/// <param name="AcknowledgedBy">Who sees to it; absent for nobody.</param>
internal sealed record OverviewAlert(long Id, string Severity, string Text, string Remedy, long SinceUnixMs, string? AcknowledgedBy);

/// <summary>What there is, each in a word.</summary>
/// <param name="Vault">present, absent or unknown; how each stands, Vaults/List says.</param>
/// <param name="Tunnel">present or absent.</param>
/// <param name="Raid">ok, degraded, unknown or absent.</param>
internal sealed record OverviewSubsystems(string Vault, string Tunnel, string Raid);
