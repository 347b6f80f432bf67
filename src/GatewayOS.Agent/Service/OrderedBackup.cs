using System.Text;
using GatewayOS.Agent.Connection;
using GatewayOS.Api;
using GatewayOS.Backup.Files;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Agent.Service;

/// <summary>A backup that the appliance ordered: hooks around it, and its end as a report.</summary>
internal static class OrderedBackup
{
    /// <summary>Backs up as ordered.</summary>
    /// <returns>The last report. Every failure becomes one.</returns>
    public static JobReport Run(AgentState state, string jobId, BackUpOrder order, Action<BackupProgress> started, CancellationToken cancellation)
    {
        try
        {
            JobReport report = WithHooks(state, jobId, order, started, cancellation);
            report.JobId = jobId;
            return report;
        }
        catch (Exception error)
        {
            return FailureOf(jobId, error, "Stopped. No snapshot was made; what was sent is not sent again.", cancellation);
        }
    }

    /// <summary>The last report of a job that failed or was stopped.</summary>
    public static JobReport FailureOf(string jobId, Exception error, string whenStopped, CancellationToken cancellation)
    {
        bool isStopped = error is OperationCanceledException || cancellation.IsCancellationRequested;
        return new JobReport
        {
            JobId = jobId,
            State = isStopped ? JobReport.Types.State.Cancelled : JobReport.Types.State.Failed,
            Fault = isStopped ? JobReport.Types.Fault.None : FaultOf(error),
            Message = isStopped ? whenStopped : error.Message,
        };
    }

    private static JobReport WithHooks(AgentState state, string jobId, BackUpOrder order, Action<BackupProgress> started, CancellationToken cancellation)
    {
        if (order.Before is { } before)
        {
            Hook.Run(state, before, jobId, cancellation);
        }

        JobReport report;
        try
        {
            BackupResult result = BackupJob.Run(state, Options(state, order), started, cancellation, order.BandwidthBytesPerSecond);
            report = new JobReport { State = JobReport.Types.State.Done, SnapshotId = result.Snapshot.Id, SentBytes = result.Statistics.StoredBytes };
            if (result.Snapshot.Marked)
            {
                report.Message = $"{result.Snapshot.Draft.ProblemCount} problems; the first: {result.Snapshot.Draft.Problems[0].Path}: {result.Snapshot.Draft.Problems[0].Reason}";
            }
        }
        catch when (order.After is not null)
        {
            // What was stopped before has to run again, whatever came of the backup: also when it was called off.
            Hook.Run(state, new HookCall(order.After) { MayFail = true }, jobId, CancellationToken.None);
            throw;
        }

        if (order.After is { } after)
        {
            try
            {
                Hook.Run(state, after, jobId, CancellationToken.None);
            }
            catch (AgentException error)
            {
                // The snapshot is there: that is no failure of the backup, and still something to look at.
                report.Message = report.Message.Length > 0 ? $"{error.Message} {report.Message}" : error.Message;
            }
        }

        return report;
    }

    private static BackupOptions Options(AgentState state, BackUpOrder order)
    {
        BackupOptions options = BackupJob.Options(state, [.. order.Paths.Select(Encoding.UTF8.GetBytes)]) with { Tags = [.. order.Tags] };
        if (!order.ByPolicy)
        {
            return options;
        }

        // The last pattern that matches decides, so what is taken in comes behind what is left out. The node's own excludes hold in any case.
        IEnumerable<string> patterns = [.. order.Excludes, .. order.Includes.Select(pattern => "!" + pattern), .. state.Config.Excludes];
        return options with { Excludes = new PatternSet(patterns), OneFileSystem = options.OneFileSystem || order.OneFileSystem };
    }

    private static JobReport.Types.Fault FaultOf(Exception error) => error switch
    {
        StoreDamagedException => JobReport.Types.Fault.Damage,
        AgentException { InnerException: RpcException { StatusCode: StatusCode.DataLoss } } => JobReport.Types.Fault.Damage,
        AgentException { InnerException: RpcException { StatusCode: StatusCode.ResourceExhausted or StatusCode.FailedPrecondition } } => JobReport.Types.Fault.Store,
        AgentException { IsRetryable: true } or AgentException { InnerException: RpcException } or RpcException => JobReport.Types.Fault.Network,
        _ => JobReport.Types.Fault.Source,
    };
}
