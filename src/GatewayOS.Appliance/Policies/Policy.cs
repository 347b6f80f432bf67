using GatewayOS.Appliance.Schedule;
using GatewayOS.Store.Maintenance;

namespace GatewayOS.Appliance.Policies;

/// <summary>How important a policy's jobs are beside others. A job that waits long enough overtakes any other.</summary>
public enum PolicyPriority
{
    /// <summary>After the others.</summary>
    Low,

    /// <summary>As most.</summary>
    Normal,

    /// <summary>Before the others.</summary>
    High,
}

/// <summary>A program of the node's own that runs before or after a backup.</summary>
/// <param name="Name">Its file name in the agent's directory of hooks: what may run on a node is decided there.</param>
/// <param name="Timeout">After which it is killed.</param>
/// <param name="MayFail">True when the backup goes on all the same.</param>
public sealed record PolicyHook(string Name, TimeSpan Timeout, bool MayFail);

/// <summary>What is backed up, when, and how long it is kept. Immutable; made from a document by <see cref="PolicyDocument"/>, so it is always valid.</summary>
public sealed record Policy
{
    /// <summary>Files that a rehearsal restores unless another number is given.</summary>
    public const int DrillFilesDefault = 100;

    /// <summary>Its name: 1 to 63 of a-z, 0-9, '.', '_' and '-'.</summary>
    public required string Name { get; init; }

    /// <summary>False when it rests.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Absolute paths on the node.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>Patterns of what is taken in although an exclude matches.</summary>
    public IReadOnlyList<string> Includes { get; init; } = [];

    /// <summary>Patterns of what is left out, as in a .gitignore.</summary>
    public IReadOnlyList<string> Excludes { get; init; } = [];

    /// <summary>Does not cross mount points.</summary>
    public bool OneFileSystem { get; init; }

    /// <summary>When it runs.</summary>
    public required ScheduleSpec Schedule { get; init; }

    /// <summary>What is kept; null keeps everything.</summary>
    public RetentionRule? Retention { get; init; }

    /// <summary>How long nobody can remove a restore point; null for no lock.</summary>
    public TimeSpan? Lock { get; init; }

    /// <summary>Its importance.</summary>
    public PolicyPriority Priority { get; init; } = PolicyPriority.Normal;

    /// <summary>Most bytes a node sends in a second; 0 for no limit. A lower limit of the node's own holds.</summary>
    public long BandwidthBytesPerSecond { get; init; }

    /// <summary>Runs on the node before a backup.</summary>
    public PolicyHook? Before { get; init; }

    /// <summary>Runs on the node after a backup, failed or not.</summary>
    public PolicyHook? After { get; init; }

    /// <summary>How often the newest restore point is read whole; null for never.</summary>
    public TimeSpan? VerifyEvery { get; init; }

    /// <summary>How often a restore is rehearsed; null for never.</summary>
    public TimeSpan? DrillEvery { get; init; }

    /// <summary>Files that a rehearsal restores.</summary>
    public int DrillFiles { get; init; } = DrillFilesDefault;

    /// <summary>How often a job is tried before it has failed.</summary>
    public int Attempts { get; init; } = 5;
}
