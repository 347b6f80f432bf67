using GatewayOS.Backup.Posix;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>A file being restored: opened by the first thread that writes to it, finished by the last.</summary>
internal sealed class RestoredFile(TargetDirectory directory, TreeNode node)
{
    // From here on writing past the system's cache wins: copying into fresh pages costs more than the disk takes.
    private const long DirectBytesMin = 256 * 1024;

    private static int s_temporaryNames;
    private readonly Lock _gate = new();
    private DirectoryHandle? _handle;
    private byte[]? _temporaryName;
    private int _fd = -1;
    private bool _opened;
    private volatile bool _damaged;

    public TargetDirectory Directory { get; } = directory;

    public TreeNode Node { get; } = node;

    public string Path => Directory.PathOf(Node.Name);

    /// <summary>Runs of content still to be written.</summary>
    public int RunsLeft;

    /// <summary>
    /// A descriptor of a large file for aligned pieces that pass by the system's cache (O_DIRECT); −1 when all goes through it. Valid as long as
    /// the one from <see cref="Open"/>.
    /// </summary>
    public int DirectFd { get; private set; } = -1;

    /// <summary>True when it could not be written, or is to be left as it is.</summary>
    public bool Given { get; private set; }

    /// <summary>True when it stands under its name with this content: links may be made to it.</summary>
    public bool Stands { get; set; }

    /// <summary>A name for what is to take another's place, beside it.</summary>
    public static byte[] NextTemporaryName() =>
        System.Text.Encoding.ASCII.GetBytes($".gateway-restore-{Environment.ProcessId}-{Interlocked.Increment(ref s_temporaryNames)}");

    /// <summary>Opens the file for writing: new under its own name, or beside an existing one under a temporary name.</summary>
    /// <returns>The descriptor, or −1 when it is not to be written.</returns>
    public int Open(TargetDirectories directories, RestoreOptions options, RestoreProgress progress)
    {
        lock (_gate)
        {
            if (_opened)
            {
                return _fd;
            }

            _opened = true;
            _handle = directories.Get(Directory, out int error);
            if (_handle is null)
            {
                Fail(progress, $"its directory cannot be opened: {Sys.Message(error)}");
                return -1;
            }

            _fd = Create(Node.Name);
            if (_fd == -Libc.Eexist)
            {
                _fd = OpenBeside(options, progress);
            }

            if (_fd < 0 && !Given)
            {
                Fail(progress, $"it cannot be made: {Sys.Message(-_fd)}");
            }

            _fd = Given ? -1 : _fd;
            if (_fd >= 0 && Node.SizeBytes >= DirectBytesMin)
            {
                // By its descriptor, not by name: under the name there may be another file by now. Where that fails, the cache does.
                DirectFd = Sys.Open(Libc.AtCurrentDirectory, Sys.ProcPath(_fd), Libc.OpenWriteOnly | Libc.OpenDirect);
            }

            return _fd;
        }
    }

    /// <summary>Gives the file its length and metadata, and its name. Called once, when all runs are written.</summary>
    public void Finish(RestoreOptions options, RestoreProgress progress, Func<RestoredFile, int, bool> verify)
    {
        if (_fd >= 0)
        {
            int error = HasItsLength ? 0 : Sys.Call(Libc.Truncate(_fd, Math.Max(Node.SizeBytes, Node.Content.LengthBytes)));
            if (error != 0)
            {
                Fail(progress, $"its length cannot be set: {Sys.Message(error)}");
            }
            else if (!options.Verify || verify(this, _fd))
            {
                Metadata.ApplyToFile(_fd, Node, Path, progress, removeOthers: Directory.HandsDown);
            }

            _ = Libc.Close(_fd);
            _fd = -1;
            if (DirectFd >= 0)
            {
                _ = Libc.Close(DirectFd);
                DirectFd = -1;
            }

            TakeName(progress);
        }

        _handle?.Release();
        _handle = null;
    }

    /// <summary>Reports a failure and gives the file up.</summary>
    public void Fail(RestoreProgress progress, string reason, bool isDamage = false)
    {
        _damaged |= isDamage;
        if (!isDamage)
        {
            Given = true;
        }

        progress.AddProblem(Path, reason, isDamage);
    }

    // Written to its end, as nearly every file is, it has its length: ext4 would take a journal transaction to learn that.
    private bool HasItsLength => !_damaged && Node.Content is { Depth: 0 } content && content.LengthBytes == Node.SizeBytes
        && (content.Parts.Length == 0 || content.Parts[^1].Kind == PartKind.Chunk);

    private unsafe void TakeName(RestoreProgress progress)
    {
        if (_temporaryName is { } temporary)
        {
            fixed (byte* from = new CName(temporary, stackalloc byte[CName.BufferBytes]).Bytes)
            fixed (byte* to = new CName(Node.Name, stackalloc byte[CName.BufferBytes]).Bytes)
            {
                if (Given)
                {
                    _ = Libc.UnlinkAt(_handle!.Fd, from, 0);
                }
                else if (Sys.Call(Libc.RenameAt(_handle!.Fd, from, _handle.Fd, to)) is int error and not 0)
                {
                    _ = Libc.UnlinkAt(_handle.Fd, from, 0);
                    Fail(progress, $"it cannot take its name: {Sys.Message(error)}");
                }
            }
        }

        else if (Given)
        {
            // Half a file under the real name would look like a whole one.
            fixed (byte* name = new CName(Node.Name, stackalloc byte[CName.BufferBytes]).Bytes)
            {
                _ = Libc.UnlinkAt(_handle!.Fd, name, 0);
            }
        }

        Stands = !Given;
        if (Stands)
        {
            progress.AddFile();
        }
    }

    private int Create(byte[] name) => Sys.Open(_handle!.Fd, name, Libc.OpenReadWrite | Libc.OpenCreate | Libc.OpenExclusive | Libc.OpenNoFollow, 0b110_000_000);

    private int OpenBeside(RestoreOptions options, RestoreProgress progress)
    {
        int error = FileStat.TryGet(_handle!.Fd, Node.Name, out FileStat stat);
        if (error == 0 && stat.Type == NodeType.Directory)
        {
            Fail(progress, "a directory of that name is in the way; move it away");
            return -1;
        }

        if (error == 0 && !Metadata.Replaces(options.Overwrite, stat, Node))
        {
            Given = true;
            Stands = stat.Type == NodeType.File && options.Overwrite == OverwritePolicy.IfChanged;
            progress.AddSkipped();
            if (Stands)
            {
                Metadata.Correct(_handle.Fd, Node, Path, progress);
            }

            return -1;
        }

        // An interrupted restore must not leave half a file under the real name: the whole one takes it by a rename.
        _temporaryName = NextTemporaryName();
        return Create(_temporaryName);
    }
}
