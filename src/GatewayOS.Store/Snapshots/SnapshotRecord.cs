using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Snapshots;

/// <summary>Figures of the run that made a snapshot.</summary>
public sealed record SnapshotCounts
{
    /// <summary>Regular files in the snapshot.</summary>
    public long Files { get; init; }

    /// <summary>Directories.</summary>
    public long Directories { get; init; }

    /// <summary>Links, devices, pipes and sockets.</summary>
    public long Others { get; init; }

    /// <summary>Length of all files' content, holes included, in bytes.</summary>
    public long Bytes { get; init; }

    /// <summary>Files the parent did not have.</summary>
    public long FilesNew { get; init; }

    /// <summary>Files that differ from the parent's.</summary>
    public long FilesChanged { get; init; }

    /// <summary>Files taken over from the parent without reading them.</summary>
    public long FilesUnmodified { get; init; }

    /// <summary>Plain bytes of chunks the store did not have.</summary>
    public long NewBytes { get; init; }

    /// <summary>Bytes those chunks take in the store.</summary>
    public long StoredBytes { get; init; }
}

/// <summary>Something that could not be backed up as it should.</summary>
/// <param name="Path">Escaped path (<see cref="ByteName"/>).</param>
/// <param name="Reason">Why, in words.</param>
public sealed record SnapshotProblem(string Path, string Reason);

/// <summary>What a backup says of itself when it commits.</summary>
public sealed record SnapshotDraft
{
    /// <summary>Most problems a record lists; <see cref="ProblemCount"/> tells how many there were.</summary>
    public const int ProblemsMax = 1000;

    /// <summary>Name of the machine.</summary>
    public required string Host { get; init; }

    /// <summary>ID of the enrolled node it is of, as the appliance knows it; empty for a backup made on the store's own machine.</summary>
    public string NodeId { get; init; } = "";

    /// <summary>Who ran the backup.</summary>
    public string UserName { get; init; } = "";

    /// <summary>Tags, in the order given.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Escaped absolute paths that were backed up.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>When the run began.</summary>
    public required DateTimeOffset StartedUtc { get; init; }

    /// <summary>The snapshot it was compared with, or null.</summary>
    public string? ParentId { get; init; }

    /// <summary>Entries of the root directory <c>/</c>.</summary>
    public required ContentRef Root { get; init; }

    /// <summary>Figures.</summary>
    public SnapshotCounts Counts { get; init; } = new();

    /// <summary>The first <see cref="ProblemsMax"/> problems.</summary>
    public IReadOnlyList<SnapshotProblem> Problems { get; init; } = [];

    /// <summary>How many problems there were.</summary>
    public long ProblemCount { get; init; }

    /// <summary>Set by a repair: the snapshot this one replaces.</summary>
    public string? Repaired { get; init; }
}

/// <summary>A committed snapshot.</summary>
public sealed record SnapshotRecord
{
    /// <summary>Digits of <see cref="ShortId"/>.</summary>
    public const int ShortIdDigits = 12;

    /// <summary>The BLAKE3 hash of the record's file, 64 hexadecimal digits.</summary>
    public required string Id { get; init; }

    /// <summary>What the backup said.</summary>
    public required SnapshotDraft Draft { get; init; }

    /// <summary>When it was committed.</summary>
    public required DateTimeOffset FinishedUtc { get; init; }

    /// <summary>The program that wrote it.</summary>
    public required string ProgramVersion { get; init; }

    /// <summary>The first digits of <see cref="Id"/>, for people.</summary>
    public string ShortId => Id[..ShortIdDigits];

    /// <summary>True when something could not be backed up as it should.</summary>
    public bool Marked => Draft.ProblemCount > 0;
}
