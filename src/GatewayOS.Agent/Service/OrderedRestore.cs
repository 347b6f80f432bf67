using System.Text;
using GatewayOS.Agent.Connection;
using GatewayOS.Agent.Remote;
using GatewayOS.Api;
using GatewayOS.Backup.Files;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;

namespace GatewayOS.Agent.Service;

/// <summary>A restore that the appliance's operator ordered. The restore point may be another node's: the order is what gives the right to read it.</summary>
internal static class OrderedRestore
{
    private const int Threads = 4;

    /// <summary>Restores as ordered.</summary>
    /// <returns>The last report. Every failure becomes one.</returns>
    public static JobReport Run(AgentState state, string jobId, RestoreOrder order, Action<RestoreProgress> started, CancellationToken cancellation)
    {
        try
        {
            return Restore(state, jobId, order, started, cancellation);
        }
        catch (Exception error)
        {
            return OrderedBackup.FailureOf(jobId, error, "Stopped. Files under their names are whole.", cancellation);
        }
    }

    private static JobReport Restore(AgentState state, string jobId, RestoreOrder order, Action<RestoreProgress> started, CancellationToken cancellation)
    {
        AgentConfig config = state.Config;
        ProcessLimits.Apply(config);
        SnapshotRecord snapshot = SnapshotDocuments.Decode(order.Snapshot.Document.Span, order.Snapshot.Id);
        var options = new RestoreOptions
        {
            Target = Encoding.UTF8.GetBytes(order.Target),
            Paths = [.. order.Paths.Select(ByteName.Unescape)],
            Verify = order.Verify,
            Threads = Threads,
        };
        using ApplianceConnection connection = ApplianceConnection.Open(state);
        var store = new RemoteStore(
            connection, new BandwidthLimit(config.BandwidthBytesPerSecond, TimeProvider.System), TimeProvider.System, static message => Console.Error.WriteLine($"gateway-agent: {message}"), cancellation, restoreJob: jobId);
        var progress = new RestoreProgress();
        started(progress);
        FileRestore.Run(store, snapshot, options, progress, cancellation);
        return new JobReport
        {
            JobId = jobId,
            State = progress.Damaged ? JobReport.Types.State.Failed : JobReport.Types.State.Done,
            Fault = progress.Damaged ? JobReport.Types.Fault.Damage : JobReport.Types.Fault.None,
            SnapshotId = snapshot.Id,
            Message = progress.ProblemCount == 0 ? "" : $"{progress.ProblemCount} problems; the first: {progress.Problems[0].Path}: {progress.Problems[0].Reason}",
        };
    }
}
