namespace GatewayOS.TestKit.Simulated;

/// <summary>One change of the disk, as recorded.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="File">Number of the file on the recording disk; 0 for directories.</param>
/// <param name="Path">Path, or a rename's old path.</param>
/// <param name="ToPath">A rename's new path.</param>
public sealed record LoggedOperation(DiskOperation Kind, int File, string Path, string ToPath = "")
{
    /// <summary>Bytes written.</summary>
    public byte[]? Data { get; init; }

    /// <summary>Where they went, or a new length.</summary>
    public long Offset { get; init; }

    /// <inheritdoc/>
    public override string ToString() => ToPath.Length > 0 ? $"{Kind} {Path} to {ToPath}" : $"{Kind} {Path}";
}

/// <summary>Every change of a disk in order, with notes of what was promised in between.</summary>
public sealed class OperationLog
{
    private readonly List<LoggedOperation> _operations = [];
    private readonly List<(int Position, object Note)> _notes = [];

    /// <summary>The operations.</summary>
    public IReadOnlyList<LoggedOperation> Operations => _operations;

    /// <summary>Notes with the number of operations that came before each.</summary>
    public IReadOnlyList<(int Position, object Note)> Notes => _notes;

    /// <summary>Notes something that holds from here on, for instance that a snapshot was acknowledged.</summary>
    public void Note(object note) => _notes.Add((_operations.Count, note));

    internal void Add(LoggedOperation operation) => _operations.Add(operation);
}

/// <summary>Plays a log into a fresh disk step by step, so that the disk can be imaged after every prefix.</summary>
public sealed class LogPlayer
{
    private readonly OperationLog _log;
    private readonly Dictionary<int, SimulatedFile> _files = [];

    /// <summary>Starts before the first operation.</summary>
    /// <param name="log">The log; recorded from an empty disk on.</param>
    /// <param name="seed">Seed of the disk.</param>
    public LogPlayer(OperationLog log, int seed) => (_log, Disk) = (log, new SimulatedDisk(seed));

    /// <summary>The disk after the operations played so far.</summary>
    public SimulatedDisk Disk { get; }

    /// <summary>Operations played so far.</summary>
    public int Position { get; private set; }

    /// <summary>Plays the next operation.</summary>
    /// <returns>False at the end.</returns>
    public bool Step()
    {
        if (Position == _log.Operations.Count)
        {
            return false;
        }

        Play(_log.Operations[Position++]);
        return true;
    }

    private void Play(LoggedOperation operation)
    {
        switch (operation.Kind)
        {
            case DiskOperation.Create:
                SimulatedFile file = Disk.NewFile();
                _files[operation.File] = file;
                Disk.Names.Link(operation.Path, file);
                break;
            case DiskOperation.Write:
                _files[operation.File].Write(operation.Data, operation.Offset, dropped: false);
                break;
            case DiskOperation.SetLength:
                _files[operation.File].SetLength(operation.Offset);
                break;
            case DiskOperation.Sync:
                _files[operation.File].Sync();
                break;
            case DiskOperation.Rename:
                Disk.Names.Rename(operation.Path, operation.ToPath);
                break;
            case DiskOperation.Delete:
                Disk.Names.Unlink(operation.Path);
                break;
            case DiskOperation.CreateDirectory:
                Disk.Names.MakeDirectory(operation.Path);
                break;
            case DiskOperation.SyncDirectory:
                Disk.Names.Sync(operation.Path);
                break;
            default:
                throw new InvalidOperationException($"{operation.Kind} changes nothing and is not logged.");
        }
    }
}
