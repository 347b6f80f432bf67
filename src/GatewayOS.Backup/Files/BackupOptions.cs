namespace GatewayOS.Backup.Files;

/// <summary>What a file backup takes in, and how.</summary>
public sealed record BackupOptions
{
    /// <summary>Most reading threads accepted.</summary>
    public const int ReadersMax = 64;

    /// <summary>Files and directories to back up: absolute or relative to the working directory; a symbolic link given here is followed.</summary>
    public required IReadOnlyList<byte[]> Sources { get; init; }

    /// <summary>Name of the machine in the snapshot.</summary>
    public string Host { get; init; } = Environment.MachineName;

    /// <summary>Tags of the snapshot.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>What to leave out.</summary>
    public PatternSet Excludes { get; init; } = PatternSet.None;

    /// <summary>Stays on the file system of each source; mount points below are recorded empty.</summary>
    public bool OneFileSystem { get; init; }

    /// <summary>Takes of directories with a valid CACHEDIR.TAG only the tag (Cache Directory Tagging Specification).</summary>
    public bool ExcludeCaches { get; init; }

    /// <summary>Leaves out the content of directories that hold a file of this name; null for none.</summary>
    public string? ExcludeIfPresent { get; init; }

    /// <summary>Leaves out files larger than this, in bytes; null for no limit.</summary>
    public long? ExcludeLargerThanBytes { get; init; }

    /// <summary>Reads every file, whatever the parent snapshot says.</summary>
    public bool ForceRead { get; init; }

    /// <summary>Parent snapshot to compare with: an ID or a beginning of one; null takes the newest of the same host and sources.</summary>
    public string? Parent { get; init; }

    /// <summary>Threads that read files.</summary>
    public int Readers { get; init; } = 2;

    /// <summary>Threads that hash, compress and encrypt.</summary>
    public int Workers { get; init; } = Store.Pipeline.WriterOptions.WorkersDefault;

    /// <summary>Clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Checks the options.</summary>
    /// <returns>Every error; empty when valid.</returns>
    public IReadOnlyList<string> Errors()
    {
        var errors = new List<string>();
        if (Sources.Count == 0)
        {
            errors.Add("Nothing to back up: name at least one file or directory.");
        }

        if (Readers is < 1 or > ReadersMax)
        {
            errors.Add($"The number of reading threads is {Readers}; it must be 1 to {ReadersMax}.");
        }

        if (Workers is < 0 or > Store.Pipeline.WriterOptions.WorkersMax)
        {
            errors.Add($"The number of worker threads is {Workers}; it must be 0 to {Store.Pipeline.WriterOptions.WorkersMax}.");
        }

        if (ExcludeLargerThanBytes < 0)
        {
            errors.Add("The largest file size to take is negative.");
        }

        if (string.IsNullOrWhiteSpace(Host))
        {
            errors.Add("The host name is empty.");
        }

        if (Tags.Any(string.IsNullOrWhiteSpace))
        {
            errors.Add("A tag is empty.");
        }

        return errors;
    }
}

/// <summary>What a backup did.</summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="Statistics">The writer's counters at the end.</param>
public sealed record BackupResult(Store.Snapshots.SnapshotRecord Snapshot, Store.Pipeline.WriterStatistics Statistics);

/// <summary>The options or sources of a job make no sense; nothing was done.</summary>
public sealed class InvalidJobException : Exception
{
    /// <summary>Makes the exception.</summary>
    /// <param name="message">Every error, with the remedy.</param>
    public InvalidJobException(string message)
        : base(message)
    {
    }
}
