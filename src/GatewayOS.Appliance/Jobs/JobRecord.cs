using System.Text.Json.Serialization;

namespace GatewayOS.Appliance.Jobs;

/// <summary>What a job does.</summary>
public enum JobKind
{
    /// <summary>A node backs up.</summary>
    Backup,

    /// <summary>A node restores.</summary>
    Restore,

    /// <summary>Restore points that no rule keeps are forgotten.</summary>
    Retention,

    /// <summary>Space that nothing needs is freed.</summary>
    Gc,

    /// <summary>A node's newest restore point is read whole; without a node, the whole store.</summary>
    Verify,

    /// <summary>A restore is rehearsed with a sample of files; without a node, from the vaults.</summary>
    Drill,

    /// <summary>The vaults get what they lack of the store.</summary>
    Vault,

    /// <summary>The store's disk and the machine are measured.</summary>
    Benchmark,
}

/// <summary>Where a job stands.</summary>
public enum JobState
{
    /// <summary>It waits.</summary>
    Queued,

    /// <summary>It is at work.</summary>
    Running,

    /// <summary>All is done.</summary>
    Done,

    /// <summary>It is done, and something has to be looked at.</summary>
    Warned,

    /// <summary>It failed for good.</summary>
    Failed,

    /// <summary>It was called off.</summary>
    Cancelled,
}

/// <summary>Why a job did not succeed; decides whether it is tried again.</summary>
public enum JobFault
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>The node is not there. Waited for.</summary>
    NodeOffline,

    /// <summary>The way between node and appliance broke. Tried again.</summary>
    Network,

    /// <summary>The source or target on the node cannot be used, or a hook failed. Not tried again: it would end the same way.</summary>
    Source,

    /// <summary>The store cannot be written or read now. Tried again.</summary>
    Store,

    /// <summary>Stored data is damaged. Not tried again.</summary>
    Damage,

    /// <summary>A program was restarted at work. Tried again.</summary>
    Interrupted,

    /// <summary>What was asked for makes no sense. Not tried again.</summary>
    Refused,

    /// <summary>It could not begin in its time.</summary>
    Missed,
}

/// <summary>Figures of a job.</summary>
/// <param name="Files">Files, or for retention the restore points forgotten.</param>
/// <param name="Bytes">Bytes dealt with.</param>
/// <param name="ExpectedBytes">Bytes there will be; 0 when not known.</param>
/// <param name="SentBytes">Bytes over the wire, or for gc those freed.</param>
public readonly record struct JobFigures(long Files, long Bytes, long ExpectedBytes = 0, long SentBytes = 0);

/// <summary>What is restored, and where to.</summary>
/// <param name="SnapshotId">The restore point; of whichever node.</param>
/// <param name="Paths">Escaped paths in it; none for all.</param>
/// <param name="Target">Directory on the restoring node.</param>
/// <param name="Verify">Reads back what was written.</param>
public sealed record RestoreSpec(string SnapshotId, IReadOnlyList<string> Paths, string Target, bool Verify);

/// <summary>What a rehearsal measured.</summary>
/// <param name="Files">Files restored.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="Seconds">Time it took to find and read them.</param>
/// <param name="WholeFiles">Files of the whole restore point.</param>
/// <param name="WholeBytes">Its bytes.</param>
/// <param name="PredictedSeconds">Time that restoring all of it would take at this pace, reading on the appliance only.</param>
/// <param name="Hash">SHA-256 of the sampled contents in order, for the record.</param>
/// <param name="Vaults">The vaults from which it was rehearsed, the figures being those of the slowest; null for the store.</param>
public sealed record DrillFigures(long Files, long Bytes, double Seconds, long WholeFiles, long WholeBytes, double PredictedSeconds, string Hash, IReadOnlyList<string>? Vaults = null);

/// <summary>A job, as it is kept. Immutable.</summary>
public sealed record JobRecord
{
    /// <summary>32 hexadecimal digits; ascending with time.</summary>
    public required string Id { get; init; }

    /// <summary>What it does.</summary>
    public required JobKind Kind { get; init; }

    /// <summary>Whose; empty for one of the whole store.</summary>
    public string NodeId { get; init; } = "";

    /// <summary>The policy it is of; empty for one that an operator ordered.</summary>
    public string Policy { get; init; } = "";

    /// <summary>Paths instead of the policy's.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>What a restore does; null for other kinds.</summary>
    public RestoreSpec? Restore { get; init; }

    /// <summary>Who ordered it; empty when the schedule did.</summary>
    public string OrderedBy { get; init; } = "";

    /// <summary>0 low to 3 operator's.</summary>
    public int Priority { get; init; } = 1;

    /// <summary>Where it stands.</summary>
    public required JobState State { get; init; }

    /// <summary>What is wrong, or was at the last attempt.</summary>
    public JobFault Fault { get; init; }

    /// <summary>That in words, or what has to be looked at.</summary>
    public string Message { get; init; } = "";

    /// <summary>When it was ordered.</summary>
    public required DateTimeOffset Queued { get; init; }

    /// <summary>Up to when the schedule is dealt with by this job; null for an operator's.</summary>
    public DateTimeOffset? Considered { get; init; }

    /// <summary>True when it makes up for a missed run.</summary>
    public bool IsMadeUp { get; init; }

    /// <summary>It does not begin before.</summary>
    public DateTimeOffset NotBefore { get; init; }

    /// <summary>It does not begin later: its window is closed then.</summary>
    public DateTimeOffset? LatestStart { get; init; }

    /// <summary>When the last attempt began.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? Ended { get; init; }

    /// <summary>Attempts begun.</summary>
    public int Attempt { get; init; }

    /// <summary>Attempts there may be.</summary>
    public int AttemptsMax { get; init; } = 5;

    /// <summary>True when it is to be called off and the worker does not know yet.</summary>
    public bool CancelAsked { get; init; }

    /// <summary>The restore point it made or worked on; empty for none.</summary>
    public string SnapshotId { get; init; } = "";

    /// <summary>Its figures; while it runs in memory only.</summary>
    public JobFigures Figures { get; init; }

    /// <summary>What a rehearsal measured.</summary>
    public DrillFigures? Drill { get; init; }

    /// <summary>True when nothing more comes.</summary>
    [JsonIgnore]
    public bool IsEnded => State is not (JobState.Queued or JobState.Running);

    /// <summary>True for what is done on the node.</summary>
    [JsonIgnore]
    public bool IsOnNode => Kind is JobKind.Backup or JobKind.Restore;

    /// <summary>Names this attempt to the worker.</summary>
    [JsonIgnore]
    public string AttemptId => $"{Id}.{Attempt}";

    /// <summary>What the snapshot is tagged with that the job makes: tells after a crash that it was made.</summary>
    [JsonIgnore]
    public string Tag => TagOf(Id);

    /// <summary>The tag of a job's snapshot.</summary>
    public static string TagOf(string id) => $"job={id}";
}

/// <summary>How a job, or an attempt of it, ended.</summary>
/// <param name="State">Done, warned, failed or cancelled.</param>
/// <param name="Fault">Why it failed.</param>
/// <param name="Message">In words.</param>
/// <param name="Figures">Its figures.</param>
/// <param name="SnapshotId">The restore point it made or worked on.</param>
/// <param name="Drill">What a rehearsal measured.</param>
public sealed record JobOutcome(JobState State, JobFault Fault = JobFault.None, string Message = "", JobFigures Figures = default, string SnapshotId = "", DrillFigures? Drill = null)
{
    /// <summary>A failure.</summary>
    public static JobOutcome Failed(JobFault fault, string message) => new(JobState.Failed, fault, message);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(JobRecord))]
internal sealed partial class JobJson : JsonSerializerContext;
