using System.Globalization;
using GatewayOS.Appliance.Alerts;

namespace GatewayOS.Appliance.Raid;

/// <summary>
/// Says what is wrong with arrays and disks. It looks at how they are, not at what happens: after a crash the next look raises or clears what was
/// left out. Not thread-safe.
/// </summary>
/// <param name="alerts">Where alerts go; borrowed.</param>
public sealed class RaidAlerts(IAlertSink alerts)
{
    /// <summary>For how long udisks2 and the kernel may disagree before somebody hears of it: udisks2 is up to two seconds late.</summary>
    public static readonly TimeSpan DisagreementMax = TimeSpan.FromMinutes(1);

    // What was raised last: looking again is no repetition.
    private readonly Dictionary<(AlertKind Kind, string Subject), string?> _said = [];
    private readonly Dictionary<string, DateTimeOffset> _disagreeSince = [];

    /// <summary>Looks at everything.</summary>
    public void Look(RaidStatus status)
    {
        foreach (ArrayStatus array in status.Arrays)
        {
            string subject = $"array {array.Array.Name}";
            Say(AlertKind.RaidDegraded, subject, Degraded(array));
            Say(AlertKind.RaidMismatch, subject, Mismatch(array));
            Say(AlertKind.RaidUnclear, subject, Unclear(array, status.Reading.Time));
        }

        foreach (DiskStatus disk in status.Disks.Where(disk => disk.Disk.Serial.Length > 0))
        {
            Say(AlertKind.DiskFailing, $"disk {disk.Disk.Serial}", Failing(disk));
        }

        // A disk that is gone or replaced needs no alert of its own any more.
        foreach ((AlertKind kind, string subject) in _said.Keys.Where(key => key.Kind == AlertKind.DiskFailing && status.Reading.Problem is null && status.Disks.All(disk => $"disk {disk.Disk.Serial}" != key.Subject)).ToArray())
        {
            Say(kind, subject, null);
        }

        Say(AlertKind.WrongDiskPulled, "disks", WrongDisk(status.Replacement));
        Say(AlertKind.CacheUnprotected, "controller", Cache(status.Reading.Cache));
    }

    private static AlertEvent? Degraded(ArrayStatus status)
    {
        ArrayHealth health = status.Health;
        bool isFilling = health.State == ArrayState.Rebuilding && status.Array.Kernel is { Degraded: > 0 };
        if (!isFilling && health.State is not (ArrayState.Degraded or ArrayState.Failed) && !(health.State == ArrayState.Rebuilding && status.Array.Controller is not null))
        {
            return null;
        }

        string name = status.Array.Name;
        string missing = string.Join(", ", status.Missing.Select(one => one.Held is { } held ? $"slot {one.Slot} (the disk {held.Serial}{(held.Bay is { } bay ? string.Create(CultureInfo.InvariantCulture, $" of bay {bay}") : "")})" : $"slot {one.Slot}"));
        string what = missing.Length > 0 ? $"Missing: {missing}. " : "";
        if (health.State == ArrayState.Failed)
        {
            return new AlertEvent(AlertKind.RaidDegraded, AlertSeverity.Critical, "", $"The array {name} has failed. {what}{health.Note}".Trim(), "Leave all disks where they are; put back any that was pulled. If it does not come back, ask for help before anything is written.");
        }

        string left = health.Survives switch { 0 => "It survives no further failure.", { } more and > 0 => string.Create(CultureInfo.InvariantCulture, $"It survives {more} more."), _ => "" };
        return new AlertEvent(
            AlertKind.RaidDegraded, health.Survives is > 0 ? AlertSeverity.Warning : AlertSeverity.Critical, "", $"The array {name} is {(health.State == ArrayState.Rebuilding ? "being rebuilt" : "degraded")}. {what}{left}".Trim(),
            health.State == ArrayState.Rebuilding ? "Leave all disks where they are until 'gatewayctl raid status' says optimal." : "Run 'gatewayctl raid replace': it says which disk to pull, and when it is safe. If a disk was pulled by mistake, put it back.");
    }

    private static AlertEvent? Mismatch(ArrayStatus status) => status.Health.State == ArrayState.Mismatch
        ? new AlertEvent(AlertKind.RaidMismatch, AlertSeverity.Warning, "", $"The array {status.Array.Name}: {status.Health.Note}", "The whole store is being read ('gatewayctl job list'): md does not say which sectors these are. If that finds damage, repair it; then check again with 'gatewayctl raid check'.")
        : null;

    private AlertEvent? Unclear(ArrayStatus status, DateTimeOffset now)
    {
        string name = status.Array.Name;
        if (status.Health.State != ArrayState.Unknown && status.Health.Disagreements.Count == 0)
        {
            _disagreeSince.Remove(name);
            return null;
        }

        _disagreeSince.TryAdd(name, now);
        return now - _disagreeSince[name] < DisagreementMax ? null : new AlertEvent(
            AlertKind.RaidUnclear, AlertSeverity.Warning, "", $"How the array {name} is cannot be said. {status.Health.Note} {string.Join(' ', status.Health.Disagreements)}".Trim(),
            "Look at /proc/mdstat; 'systemctl restart udisks2' makes udisks2 look anew.");
    }

    private static AlertEvent? Failing(DiskStatus status)
    {
        DiskReading disk = status.Disk;
        string where = disk.Bay is { } bay ? string.Create(CultureInfo.InvariantCulture, $" in bay {bay}") : "";
        return status.Health.State == DiskState.Failing
            ? new AlertEvent(AlertKind.DiskFailing, AlertSeverity.Warning, "", $"The disk {disk.Serial} ({disk.Device}){where} is likely to fail. {string.Join(' ', status.Health.Evidence)}", $"Replace it while the array is whole: 'gatewayctl raid replace --disk {disk.Serial}'.")
            : null;
    }

    private static AlertEvent? WrongDisk(DiskReplacement? replacement) => replacement is { IsEnded: false, Wrong: { } wrong }
        ? new AlertEvent(
            AlertKind.WrongDiskPulled, AlertSeverity.Critical, "", $"The wrong disk was pulled: {wrong.Serial}{(wrong.Bay is { } bay ? string.Create(CultureInfo.InvariantCulture, $" of bay {bay}") : "")}; {ReplacementMachine.Place(replacement)} was meant.",
            "Put it back at once. It is taken in again by itself, and gets only what has changed since.")
        : null;

    private static AlertEvent? Cache(CacheReading? cache) => cache is { IsProtected: false }
        ? new AlertEvent(AlertKind.CacheUnprotected, AlertSeverity.Critical, "", $"The write cache of the RAID controller is not protected against a power cut: {cache.Kind} is '{cache.State}'.", "Set the volumes to write-through with the controller's own tool until the part is replaced: acknowledged data may be in that cache.")
        : null;

    private void Say(AlertKind kind, string subject, AlertEvent? alert)
    {
        string? summary = alert is null ? null : $"{alert.Severity} {alert.Summary}";
        if (_said.TryGetValue((kind, subject), out string? said) && said == summary)
        {
            return;
        }

        _said[(kind, subject)] = summary;
        if (alert is null)
        {
            alerts.Clear(kind, subject);
        }
        else
        {
            alerts.Raise(alert with { Subject = subject });
        }
    }
}
