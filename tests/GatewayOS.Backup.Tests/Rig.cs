using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using GatewayOS.Backup.Files;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Tests;

/// <summary>A directory on a real file system with a source, a target and a store in it. Foreign tools prepare and compare.</summary>
internal sealed class Rig : IDisposable
{
    private static readonly StoreSecret s_secret = new StoreSecret.Passphrase("for tests only");
    private readonly string _directory;
    private BackupStore? _store;

    public Rig()
    {
        _directory = Directory.CreateTempSubdirectory("gateway-backup-test-").FullName;

        // Tests that act as another user must be able to reach the trees below.
        Shell("chmod 0755 .", _directory);
        Directory.CreateDirectory(Source);
        Directory.CreateDirectory(Target);
    }

    public static bool IsRoot => Environment.UserName == "root";

    public string Source => Path.Join(_directory, "source");

    public string Target => Path.Join(_directory, "target");

    /// <summary>Where a restored source lies.</summary>
    public string Restored => Target + Source;

    public string StorePath => Path.Join(_directory, "store");

    public BackupStore Store => _store ??= Open();

    public BackupOptions Options => new() { Sources = [Bytes(Source)], Host = "test-node", Workers = 2, Readers = 2 };

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Runs a shell script in the source directory; its output. Fails when the script does.</summary>
    public string Shell(string script) => Shell(script, Source);

    public static string Shell(string script, string directory)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", ["-euc", script])
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
        })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"exit code {process.ExitCode}: {errors.Result}\n{output}");
    }

    public void Write(string name, string text)
    {
        string path = Path.Join(Source, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public byte[] WriteRandom(string name, int bytes, int seed)
    {
        byte[] content = new byte[bytes];
        new Random(seed).NextBytes(content);
        string path = Path.Join(Source, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return content;
    }

    /// <summary>Lets the clock's tick pass in which a change could hide from the next backup.</summary>
    public static void LetTickPass() => Thread.Sleep(60);

    public BackupProgress Progress { get; private set; } = new();

    public SnapshotRecord Backup(Func<BackupOptions, BackupOptions>? change = null, FileReadHooks? hooks = null, CancellationToken cancellation = default)
    {
        Progress = new BackupProgress();
        BackupOptions options = change is null ? Options : change(Options);
        return FileBackup.Run(Store, options, Progress, hooks, cancellation).Snapshot;
    }

    public RestoreProgress Restore(SnapshotRecord snapshot, Func<RestoreOptions, RestoreOptions>? change = null, CancellationToken cancellation = default)
    {
        var options = new RestoreOptions { Target = Bytes(Target), Threads = 2 };
        var progress = new RestoreProgress();
        FileRestore.Run(Store, snapshot, change is null ? options : change(options), progress, cancellation);
        return progress;
    }

    /// <summary>What rsync would still have to do to make the restored source equal to the source: everything it can compare.</summary>
    public string Differences() => Shell($"rsync -aHAXn --numeric-ids --checksum --itemize-changes --delete {Quote(Source)}/ {Quote(Restored)}/");

    /// <summary>Entries of the whole snapshot by escaped path relative to the source.</summary>
    public Dictionary<string, TreeNode> Tree(SnapshotRecord snapshot)
    {
        var found = new Dictionary<string, TreeNode>(StringComparer.Ordinal);
        using ChunkReader reader = Store.OpenReader();
        TreeNode root = reader.FindPath(snapshot, ByteName.Split(Bytes(Source))) ?? throw new InvalidOperationException("The source is not in the snapshot.");
        var open = new Stack<(string Path, TreeNode Node)>();
        open.Push(("", root));
        while (open.TryPop(out (string Path, TreeNode Node) item))
        {
            found.Add(item.Path, item.Node);
            foreach (TreeNode child in item.Node.Type == NodeType.Directory ? reader.Entries(item.Node.Content) : [])
            {
                open.Push((item.Path.Length == 0 ? ByteName.Escape(child.Name) : $"{item.Path}/{ByteName.Escape(child.Name)}", child));
            }
        }

        return found;
    }

    /// <summary>The source directory's content. The root's own would differ with any neighbour in the directory for temporary files.</summary>
    public ContentPart[] Parts(SnapshotRecord snapshot) => Tree(snapshot)[""].Content.Parts;

    public byte[] Content(TreeNode node)
    {
        using ChunkReader reader = Store.OpenReader();
        using var content = new MemoryStream();
        foreach (ContentPart part in reader.Leaves(node.Content))
        {
            if (part.Kind == PartKind.Chunk)
            {
                content.Write(reader.Read(part.Hash));
            }
            else
            {
                content.Write(new byte[part.LengthBytes]);
            }
        }

        return content.ToArray();
    }

    /// <summary>Runs as another user on a thread of its own; threads made by it are that user's too. Root only.</summary>
    public static void As(uint user, Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Credentials.Become(user);
                action();
            }
            catch (Exception error)
            {
                failure = error;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null)
        {
            throw new InvalidOperationException(failure.ToString(), failure);
        }
    }

    public static string Quote(string path) => "'" + path.Replace("'", "'\\''", StringComparison.Ordinal) + "'";

    /// <summary>Opens the store anew, as the next process would.</summary>
    public void Reopen()
    {
        _store?.Dispose();
        _store = BackupStore.Open(new PosixDisk(StorePath), s_secret, new OpenOptions { Purpose = "test" });
    }

    public void Dispose()
    {
        _store?.Dispose();
        Shell($"chattr -R -f -i -a {Quote(_directory)} || true; rm -rf {Quote(_directory)}", "/");
    }

    private BackupStore Open() => BackupStore.Create(
        new PosixDisk(StorePath), new StoreOptions(), s_secret, "test", new OpenOptions { Purpose = "test" }, new KdfCost(64, 1, 1));
}

/// <summary>Changes the calling thread's user alone: the raw system calls, unlike libc's, do not touch the process's other threads.</summary>
internal static partial class Credentials
{
    private static readonly bool s_isArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    public static void Become(uint user)
    {
        const int none = 0;
        if (Call(s_isArm ? 159 : 116, none, 0, 0) != 0 || Call(s_isArm ? 149 : 119, user, user, user) != 0 || Call(s_isArm ? 147 : 117, user, user, user) != 0)
        {
            throw new InvalidOperationException($"errno {Marshal.GetLastPInvokeError()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long Call(long number, long first, long second, long third);
}
