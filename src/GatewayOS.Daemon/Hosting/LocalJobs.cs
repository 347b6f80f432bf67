using System.Globalization;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Drills;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Retention;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Jobs on the appliance itself, each on a thread of its own. The engine's limits say how many there are at once.</summary>
/// <param name="store">The shared store; borrowed.</param>
/// <param name="open">Opens the store once more: gc must not run on a handle that has writers (LOCKING.md).</param>
/// <param name="book">The policies.</param>
/// <param name="holds">What must not expire.</param>
/// <param name="guard">Looks before anything is forgotten.</param>
/// <param name="vaults">The vaults.</param>
/// <param name="rehearsals">Restores from them.</param>
/// <param name="speed">Measures the store.</param>
/// <param name="time">The clock.</param>
internal sealed class LocalJobs(StoreHost store, Func<BackupStore> open, PolicyBook book, SnapshotHolds holds, SnapshotGuard guard, VaultJobs vaults, VaultDrill rehearsals, SpeedRecord speed, TimeProvider time) : IDisposable
{
    // The end of a job's ID is random and on record, so a sample can be taken again.
    private const int SeedDigits = 7;

    private static readonly TimeSpan s_stopMax = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private volatile bool _stopping;
    private readonly Dictionary<string, (Thread Thread, CancellationTokenSource Stop)> _atWork = new(StringComparer.Ordinal);

    /// <summary>Where progress and ends are reported; set before the first job begins.</summary>
    public JobEngine? Engine { get; set; }

    public void Start(JobRecord job, Policy? policy)
    {
        var stop = new CancellationTokenSource();
        var thread = new Thread(() => Run(job, policy, stop.Token)) { Name = $"{job.Kind} {job.Id}", IsBackground = true, Priority = ThreadPriority.BelowNormal };
        lock (_gate)
        {
            _atWork[job.AttemptId] = (thread, stop);
        }

        thread.Start();
    }

    public void Cancel(string attemptId)
    {
        lock (_gate)
        {
            if (_atWork.TryGetValue(attemptId, out (Thread Thread, CancellationTokenSource Stop) work))
            {
                work.Stop.Cancel();
            }
        }
    }

    public void Dispose()
    {
        _stopping = true;
        (Thread Thread, CancellationTokenSource Stop)[] works;
        lock (_gate)
        {
            works = [.. _atWork.Values];
        }

        Array.ForEach(works, work => work.Stop.Cancel());
        Array.ForEach(works, work => work.Thread.Join(s_stopMax));
    }

    private void Run(JobRecord job, Policy? policy, CancellationToken cancellation)
    {
        JobOutcome outcome;
        try
        {
            outcome = Do(job, policy, cancellation);
        }
        catch (OperationCanceledException)
        {
            outcome = new JobOutcome(JobState.Cancelled);
        }
        catch (StoreDamagedException error)
        {
            outcome = JobOutcome.Failed(JobFault.Damage, error.Message);
        }
        catch (Exception error) when (error is StoreIoException or StoreUnusableException or IOException or InvalidDataException)
        {
            outcome = JobOutcome.Failed(JobFault.Store, error.Message);
        }
        catch (Exception error)
        {
            outcome = JobOutcome.Failed(JobFault.Refused, $"This is a bug in gatewayd: {error.GetType().Name}: {error.Message}");
        }

        lock (_gate)
        {
            _atWork.Remove(job.AttemptId);
        }

        // What stops with the service is not called off: it stays at work on record, and is taken up at the next start.
        if (!(_stopping && outcome.State == JobState.Cancelled))
        {
            Engine!.End(job.AttemptId, outcome);
        }
    }

    private JobOutcome Do(JobRecord job, Policy? policy, CancellationToken cancellation)
    {
        switch (job.Kind)
        {
            case JobKind.Retention:
                using (StoreLease lease = store.Lease())
                {
                    return new JobOutcome(JobState.Done, Figures: new JobFigures(RetentionRun.Forget(lease.Store, book, holds, guard, time.GetUtcNow(), cancellation), 0));
                }

            case JobKind.Gc:
                return Collect(cancellation);
            case JobKind.Vault:
                return vaults.Run(figures => Engine!.Progress(job.AttemptId, figures), cancellation);
            case JobKind.Verify when job.NodeId.Length == 0:
                return VerifyStore(cancellation);
            case JobKind.Benchmark:
                return Measure(cancellation);
            case JobKind.Drill when job.NodeId.Length == 0:
                return rehearsals.Run(SeedOf(job), figures => Engine!.Progress(job.AttemptId, figures), cancellation);
            case JobKind.Verify or JobKind.Drill:
                return Rehearse(job, policy, cancellation);
            default:
                throw new InvalidOperationException($"A {job.Kind} job is not done on the appliance.");
        }
    }

    private JobOutcome Measure(CancellationToken cancellation)
    {
        using BackupStore own = open();
        speed.Measure(own, cancellation);
        return new JobOutcome(JobState.Done);
    }

    private static int SeedOf(JobRecord job) => int.Parse(job.Id.AsSpan(job.Id.Length - SeedDigits), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private JobOutcome Collect(CancellationToken cancellation)
    {
        using BackupStore own = open();
        GcReport report = GarbageCollector.Run(own, new GcOptions(), cancellation);
        var figures = new JobFigures(report.PacksDeleted, report.BytesBefore, SentBytes: report.BytesFreed);
        return report.Findings.FirstOrDefault(finding => finding.IsDamage) is { } finding
            ? new JobOutcome(JobState.Failed, JobFault.Damage, $"{finding.Object}: {finding.Detail}. {finding.Remedy}", figures)
            : new JobOutcome(JobState.Done, Figures: figures);
    }

    private JobOutcome VerifyStore(CancellationToken cancellation)
    {
        using StoreLease lease = store.Lease();
        VerifyReport report = StoreVerifier.Run(lease.Store, new VerifyOptions { ReadData = true, Threads = 1 }, cancellation);
        var figures = new JobFigures(report.ChunksChecked, report.BytesChecked);
        return report.Findings.FirstOrDefault(finding => finding.IsDamage) is { } finding
            ? new JobOutcome(JobState.Failed, JobFault.Damage, $"{report.Findings.Count} findings; the first: {finding.Object}: {finding.Detail}. {finding.Remedy}", figures)
            : new JobOutcome(JobState.Done, Figures: figures);
    }

    // Verifying a restore point is rehearsing all of it.
    private JobOutcome Rehearse(JobRecord job, Policy? policy, CancellationToken cancellation)
    {
        using StoreLease lease = store.Lease();
        IReadOnlyList<SnapshotRecord> snapshots = NodeSnapshots.Of(lease.Store, job.NodeId);
        SnapshotRecord? newest = snapshots.LastOrDefault(record => policy is null || record.Draft.Tags.Contains(RetentionRun.TagOf(policy.Name)));
        if (newest is null)
        {
            return JobOutcome.Failed(JobFault.Refused, "There is no restore point yet that could be restored.");
        }

        int files = job.Kind == JobKind.Verify ? int.MaxValue : policy?.DrillFiles ?? Policy.DrillFilesDefault;
        DrillFigures drill = RestoreDrill.Run(lease.Store, newest, files, SeedOf(job), time, figures => Engine!.Progress(job.AttemptId, figures), cancellation);
        return new JobOutcome(JobState.Done, Figures: new JobFigures(drill.Files, drill.Bytes), SnapshotId: newest.Id, Drill: drill);
    }
}
