using GatewayOS.Api;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Daemon.Hosting;

namespace GatewayOS.Daemon.Services;

/// <summary>Jobs as they travel, and back.</summary>
internal static class JobMessages
{
    public static JobMessage Of(JobRecord job, ApplianceHost appliance) => new()
    {
        Id = job.Id,
        Kind = Word(job.Kind),
        NodeId = job.NodeId,
        NodeName = job.NodeId.Length == 0 ? "" : appliance.Registry.Find(job.NodeId)?.Name ?? job.NodeId,
        Policy = job.Policy,
        State = Word(job.State),
        Fault = Word(job.Fault),
        Message = job.Message,
        QueuedUnixMs = job.Queued.ToUnixTimeMilliseconds(),
        NotBeforeUnixMs = job.NotBefore.ToUnixTimeMilliseconds(),
        StartedUnixMs = job.Started?.ToUnixTimeMilliseconds() ?? 0,
        EndedUnixMs = job.Ended?.ToUnixTimeMilliseconds() ?? 0,
        Attempt = job.Attempt,
        AttemptsMax = job.AttemptsMax,
        OrderedBy = job.OrderedBy,
        IsMadeUp = job.IsMadeUp,
        SnapshotId = job.SnapshotId,
        Files = job.Figures.Files,
        Bytes = job.Figures.Bytes,
        ExpectedBytes = job.Figures.ExpectedBytes,
        SentBytes = job.Figures.SentBytes,
        Drill = job.Drill is not { } drill ? null : new DrillMessage
        {
            Files = drill.Files,
            Bytes = drill.Bytes,
            Seconds = drill.Seconds,
            WholeFiles = drill.WholeFiles,
            WholeBytes = drill.WholeBytes,
            PredictedSeconds = drill.PredictedSeconds,
            Hash = drill.Hash,
            Vaults = { drill.Vaults ?? [] },
        },
    };

    /// <summary>How a node is protected.</summary>
    public static ProtectionMessage Of(Protection protection) => new()
    {
        NodeId = protection.Node.Id,
        NodeName = protection.Node.Name,
        Verdict = protection.Verdict.ToString().ToLowerInvariant(),
        Reason = protection.Reason,
        Policies = { protection.Policies },
        LastSnapshotId = protection.LastGood?.Id ?? "",
        LastSnapshotUnixMs = protection.LastGood?.Draft.StartedUtc.ToUnixTimeMilliseconds() ?? 0,
        RpoSeconds = protection.Rpo?.TotalSeconds ?? 0,
        DrillJobId = protection.Drill?.Id ?? "",
        DrilledUnixMs = protection.Drill?.Ended?.ToUnixTimeMilliseconds() ?? 0,
        RtoSeconds = protection.Drill?.Drill?.PredictedSeconds ?? 0,
        StoredBytes = protection.StoredBytes,
    };

    /// <summary>A node's report; a state that nobody knows counts as failed.</summary>
    public static NodeJobReport Of(JobReport report)
    {
        var figures = new JobFigures(report.Files, report.Bytes, report.ExpectedBytes, report.SentBytes);
        JobOutcome? outcome = report.State switch
        {
            JobReport.Types.State.Running => null,
            JobReport.Types.State.Done => new JobOutcome(report.Message.Length > 0 ? JobState.Warned : JobState.Done, Message: report.Message, Figures: figures, SnapshotId: report.SnapshotId),
            JobReport.Types.State.Cancelled => new JobOutcome(JobState.Cancelled, Message: report.Message, Figures: figures),
            _ => new JobOutcome(JobState.Failed, FaultOf(report.Fault), report.Message, figures),
        };
        return new NodeJobReport(report.JobId, outcome, figures);
    }

    /// <summary>A job as the report that followers of a single backup get.</summary>
    public static JobReport ReportOf(JobRecord job) => new()
    {
        JobId = job.Id,
        State = job.State switch
        {
            JobState.Queued or JobState.Running => JobReport.Types.State.Running,
            JobState.Done or JobState.Warned => JobReport.Types.State.Done,
            JobState.Cancelled => JobReport.Types.State.Cancelled,
            _ => JobReport.Types.State.Failed,
        },
        Message = job.Message,
        Files = job.Figures.Files,
        Bytes = job.Figures.Bytes,
        ExpectedBytes = job.Figures.ExpectedBytes,
        SentBytes = job.Figures.SentBytes,
        SnapshotId = job.SnapshotId,
    };

    public static string Word(JobKind kind) => kind.ToString().ToLowerInvariant();

    public static string Word(JobState state) => state.ToString().ToLowerInvariant();

    private static string Word(JobFault fault) => fault == JobFault.NodeOffline ? "node-offline" : fault.ToString().ToLowerInvariant();

    private static JobFault FaultOf(JobReport.Types.Fault fault) => fault switch
    {
        JobReport.Types.Fault.Network => JobFault.Network,
        JobReport.Types.Fault.Store => JobFault.Store,
        JobReport.Types.Fault.Damage => JobFault.Damage,
        _ => JobFault.Source,
    };
}
