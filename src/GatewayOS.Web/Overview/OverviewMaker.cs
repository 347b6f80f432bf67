using System.Text.Json;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.DisasterRecovery;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Appliance.Raid;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using Google.Protobuf;

namespace GatewayOS.Web.Overview;

/// <summary>
/// Makes the overview. What it needs of the store is read again when a restore point came or went, else once a minute; everything else is asked of memory
/// each time. Thread-safe.
/// </summary>
internal sealed class OverviewMaker : IDisposable
{
    /// <summary>Most alerts and jobs that are listed.</summary>
    public const int ListedMax = 100;

    /// <summary>How old what was read of the store may be, when nothing is known to have changed.</summary>
    public static readonly TimeSpan StoreViewAgeMax = TimeSpan.FromMinutes(1);

    private readonly WebAppliance _appliance;
    private readonly WireRate _rate;
    private readonly SemaphoreSlim _reading = new(1);
    private StoreView? _view;
    private long _viewAt;
    private volatile bool _isStale = true;

    public OverviewMaker(WebAppliance appliance)
    {
        _appliance = appliance;
        _rate = new WireRate(appliance.Time);
        appliance.Sessions.Committed += OnCommitted;
        appliance.Jobs.Changed += OnJob;
    }

    /// <summary>Reads the store ahead of the first question: with tens of thousands of restore points that takes seconds. What goes wrong shows when somebody asks.</summary>
    public async Task WarmAsync() => await ViewAsync(CancellationToken.None).ConfigureAwait(false);

    /// <summary>Makes it.</summary>
    public async Task<OverviewDocument> MakeAsync(CancellationToken cancellation)
    {
        (StoreView? view, string? problem) = await ViewAsync(cancellation).ConfigureAwait(false);
        DateTimeOffset now = _appliance.Time.GetUtcNow();
        IReadOnlyList<JobRecord> jobs = _appliance.Jobs.Jobs;
        IReadOnlyList<NodeRecord> nodes = _appliance.Registry.Nodes;
        Protection[] protections = view is null ? [] : [.. nodes.Where(node => node.State == NodeState.Active).Select(node => Protection.Of(node, _appliance.Policies, [.. view.ByNode[node.Id]], jobs, now))];
        IReadOnlyList<AlertRecord> alerts = _appliance.Alerts.List(withCleared: false, ListedMax);
        RaidStatus raid = _appliance.Raid();
        IReadOnlyList<StoreCopy>? copies = await _appliance.Workers.RunAsync(_appliance.Copies).ConfigureAwait(false);
        OverviewTunnel? tunnel = _appliance.Tunnel();
        Dictionary<string, Protection> byNode = protections.ToDictionary(node => node.Node.Id, StringComparer.Ordinal);
        return new OverviewDocument(
            now.ToUnixTimeMilliseconds(),
            view?.At.ToUnixTimeMilliseconds(),
            VerdictOf.All(problem, protections, raid.Arrays, alerts),
            Recovery(RecoveryStanding.Of(view is null ? null : view.ByNode.Count > 0, copies, now)),
            [.. nodes.Select(node => Node(node, view, byNode.GetValueOrDefault(node.Id)))],
            Capacity(view),
            new OverviewThroughput(_rate.Of(_appliance.Sessions.Current), view?.DaysUntil(now) ?? []),
            [.. raid.Arrays.Select(array => new OverviewArray(array.Array.Name, array.Array.Level, ArrayHealth.Word(array.Health.State), array.Health.Progress))],
            [.. alerts.Select(Alert)],
            tunnel,
            [.. jobs.Reverse().Where(job => !job.IsEnded).Take(ListedMax).Select(Job)],
            new OverviewSubsystems(copies is null ? "unknown" : Presence(copies.Count > 0), Presence(tunnel is not null), RaidWord(raid)));
    }

    public void Dispose()
    {
        _appliance.Sessions.Committed -= OnCommitted;
        _appliance.Jobs.Changed -= OnJob;
        _reading.Dispose();
    }

    private static OverviewRecovery Recovery(RecoveryStanding standing) => new(standing.Level.ToString().ToLowerInvariant(), standing.Reason, standing.Remedy.Length > 0 ? standing.Remedy : null);

    private static string Presence(bool isThere) => isThere ? "present" : "absent";

    private static OverviewAlert Alert(AlertRecord alert) => new(
        alert.Id, alert.Event.Severity.ToString().ToLowerInvariant(), alert.Event.Summary, alert.Event.Remedy, alert.First.ToUnixTimeMilliseconds(), alert.AcknowledgedBy);

    private static string RaidWord(RaidStatus raid)
    {
        if (raid.Arrays.Count == 0)
        {
            return raid.Reading.Problem is null ? "absent" : "unknown";
        }

        return raid.Arrays.Any(array => array.Health.State is ArrayState.Degraded or ArrayState.Failed or ArrayState.Rebuilding or ArrayState.Mismatch) ? "degraded"
            : raid.Arrays.Any(array => array.Health.State == ArrayState.Unknown) ? "unknown"
            : "ok";
    }

    private JsonElement Job(JobRecord job)
    {
        using var document = JsonDocument.Parse(JsonFormatter.Default.Format(_appliance.JobMessage(job)));
        return document.RootElement.Clone();
    }

    private OverviewNode Node(NodeRecord node, StoreView? view, Protection? protection)
    {
        SnapshotRecord? last = view?.ByNode[node.Id].MaxBy(record => record.FinishedUtc);
        return new OverviewNode(
            node.Id,
            node.Name,
            node.State.ToString().ToLowerInvariant(),
            _appliance.IsConnected(node.Id),
            view?.ByNode[node.Id].Count() ?? 0,
            last?.FinishedUtc.ToUnixTimeMilliseconds(),
            protection?.Verdict.ToString().ToLowerInvariant(),
            protection?.Reason,
            protection?.Rpo?.TotalSeconds,
            protection?.Drill?.Drill?.PredictedSeconds,
            protection?.Drill?.Ended?.ToUnixTimeMilliseconds());
    }

    private OverviewCapacity Capacity(StoreView? view)
    {
        var disk = new DriveInfo(_appliance.StoreDirectory);
        double? days = CapacityForecast.Of(_appliance.Alerts.Capacity()).Days;
        return new OverviewCapacity(
            view?.PackBytes,
            disk.AvailableFreeSpace,
            disk.TotalSize,
            view?.ByNode.Sum(node => node.MaxBy(record => record.FinishedUtc)!.Draft.Counts.Bytes),
            view?.Sums.Bytes,
            view?.Sums.DedupeRatio,
            view?.Sums.CompressionRatio,
            days is { } left && double.IsFinite(left) ? left : null);
    }

    private async Task<(StoreView? View, string? Problem)> ViewAsync(CancellationToken cancellation)
    {
        await _reading.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_view is null || _isStale || _appliance.Time.GetElapsedTime(_viewAt) > StoreViewAgeMax)
            {
                // What changes from here on is read the next time.
                _isStale = false;
                _view = await _appliance.Workers.RunAsync(Read).ConfigureAwait(false);
                _viewAt = _appliance.Time.GetTimestamp();
            }

            return (_view, null);
        }
        catch (Exception error) when (error is StoreIoException or StoreDamagedException or StoreUnusableException)
        {
            _isStale = true;
            return (null, error.Message);
        }
        finally
        {
            _reading.Release();
        }
    }

    private StoreView Read()
    {
        using StoreLease lease = _appliance.Store.Lease();
        return StoreView.Read(lease.Store, _appliance.Time.GetUtcNow());
    }

    private void OnCommitted(SnapshotRecord snapshot) => _isStale = true;

    private void OnJob(JobRecord job)
    {
        if (job is { IsEnded: true, Kind: JobKind.Retention or JobKind.Gc })
        {
            _isStale = true;
        }
    }
}
