using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Certificates;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// Delivers alerts, and looks from time to time, and after each commit, for reasons to raise some. How often a node is to be backed up
/// say its policies, or its own rhythm when it follows none.
/// </summary>
internal sealed class AlertWorkers(ApplianceHost appliance, AlertDelivery delivery, DataWorkers workers, TimeProvider time, ILogger<AlertWorkers> logger) : BackgroundService
{
    // Like the catalogue's feed: a round reads the records of all snapshots.
    private const int RestFactor = 9;
    private static readonly TimeSpan s_restMax = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_capacityInterval = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _wake = new(1);
    private long _lastTimestamp = time.GetTimestamp();
    private DateTimeOffset _lastClock = time.GetUtcNow();

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        appliance.Sessions.Committed += Wake;
        appliance.Jobs.Changed += WakeByEnd;
        try
        {
            await Task.WhenAll(delivery.RunAsync(stoppingToken), WatchAsync(stoppingToken)).ConfigureAwait(false);
        }
        finally
        {
            appliance.Sessions.Committed -= Wake;
            appliance.Jobs.Changed -= WakeByEnd;
        }
    }

    private void WakeByEnd(JobRecord job)
    {
        if (job.IsEnded)
        {
            Wake(null);
        }
    }

    private void Wake(SnapshotRecord? committed)
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    private async Task WatchAsync(CancellationToken stopping)
    {
        var jobs = new JobAlerts(appliance.Alerts, Matters, appliance.NameOf);
        var checks = new ApplianceChecks(appliance.Alerts);
        checks.StoreKey(appliance.StoreKey, appliance.IsOwnMachine);
        while (!stopping.IsCancellationRequested)
        {
            await ((Task)_wake.WaitAsync(s_interval, stopping)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stopping.IsCancellationRequested)
            {
                return;
            }

            long start = time.GetTimestamp();
            try
            {
                await workers.RunAsync(() => LookAround(jobs, checks)).ConfigureAwait(false);
            }
            catch (Exception error) when (error is StoreIoException or StoreDamagedException or StoreUnusableException or SqliteException or IOException or InvalidDataException)
            {
                DaemonLog.Background(logger, $"Not everything could be looked at for alerts: {error.Message}");
            }

            TimeSpan rest = RestFactor * time.GetElapsedTime(start);
            await Task.Delay(rest < s_restMax ? rest : s_restMax, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool LookAround(JobAlerts jobs, ApplianceChecks checks)
    {
        // What needs the store comes last: a store that fails must not keep people from hearing of the jobs that fail with it.
        jobs.Look(appliance.Jobs.Jobs);
        DateTimeOffset now = time.GetUtcNow();
        checks.Clock(now - _lastClock, time.GetElapsedTime(_lastTimestamp));
        (_lastClock, _lastTimestamp) = (now, time.GetTimestamp());
        CheckCapacity(checks, now);
        checks.Certificates(CertificateAuthority.Expiry(appliance.Authority.Certificate), appliance.Registry.Nodes, now);
        appliance.Alerts.Prune();
        using StoreLease lease = appliance.Store.Lease();
        IReadOnlyList<SnapshotRecord> records = lease.Store.KnownSnapshots();
        ILookup<string, SnapshotRecord> backups = records.ToLookup(record => record.Draft.NodeId, StringComparer.Ordinal);
        foreach (NodeRecord node in appliance.Registry.Nodes)
        {
            CheckBackup(checks, node, [.. backups[node.Id]], now);
        }

        appliance.Guard.Look(lease.Store, records);
        return true;
    }

    private bool Matters(JobRecord job) =>
        (job.NodeId.Length == 0 || appliance.Registry.Find(job.NodeId) is { State: NodeState.Active })
        && (job.Policy.Length == 0 || appliance.Policies.Assignments.Any(assignment => assignment.NodeId == job.NodeId && assignment.Policy == job.Policy));

    private void CheckBackup(ApplianceChecks checks, NodeRecord node, IReadOnlyList<SnapshotRecord> backups, DateTimeOffset now)
    {
        if (appliance.Policies.Assignments.Any(assignment => assignment.NodeId == node.Id))
        {
            checks.Backup(node, Protection.Overdue(node, appliance.Policies, backups, ApplianceChecks.CyclesMax, now), now);
            return;
        }

        DateTimeOffset[] finished = [.. backups.Select(record => record.FinishedUtc).OrderDescending()];
        checks.Backup(node, finished.Length > 0 ? finished[0] : node.Asked, ApplianceChecks.RhythmOf(finished), now);
    }

    private void CheckCapacity(ApplianceChecks checks, DateTimeOffset now)
    {
        var disk = new DriveInfo(appliance.Options.StoreDirectory);
        var sample = new CapacitySample(now, disk.TotalSize - disk.AvailableFreeSpace, disk.TotalSize);
        IReadOnlyList<CapacitySample> samples = appliance.Alerts.Capacity();
        if (samples.Count == 0 || now - samples[^1].Time >= s_capacityInterval)
        {
            appliance.Alerts.AddCapacity(sample);
        }

        checks.Capacity(sample, CapacityForecast.Of([.. samples, sample]));
    }
}
