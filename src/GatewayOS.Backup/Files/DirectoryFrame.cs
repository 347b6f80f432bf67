using GatewayOS.Backup.Posix;
using GatewayOS.Store;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>
/// A directory being backed up. Its entries fill in on any thread; whoever brings the last one encodes the directory and goes on with the
/// parent, in a loop, so a tree of any depth needs no stack.
/// </summary>
internal sealed class DirectoryFrame
{
    // A directory this long is encoded while the walk goes on, in steps, so that a million entries are not held at once.
    private const int LongEntriesMin = 4096;
    private const int StepEntries = 1024;

    private static readonly TreeNode s_pending = new() { Name = [], Type = NodeType.File };

    private readonly TreeNode?[] _children;
    private readonly TreeNode? _node;
    private readonly int _slotInParent;
    private int _outstanding = 1;
    private DirectoryEncoder? _encoder;
    private int _encoded;

    public DirectoryFrame(DirectoryFrame? parent, int slotInParent, TreeNode? node, List<byte[]> names)
    {
        (Parent, _slotInParent, _node, Names) = (parent, slotInParent, node, names);
        _children = new TreeNode?[names.Count];
    }

    public DirectoryFrame? Parent { get; }

    /// <summary>Entries' names in byte order.</summary>
    public List<byte[]> Names { get; }

    /// <summary>The next entry to visit.</summary>
    public int Next { get; set; }

    /// <summary>The directory itself, while the walk or a reader needs it.</summary>
    public DirectoryHandle? Handle { get; set; }

    public required FileStat Stat { get; init; }

    /// <summary>Sources at and below this directory, or null. A source within another keeps its say: no pattern and no mount leaves it out.</summary>
    public SourceTree? Sources { get; init; }

    /// <summary>Inside a source: everything here counts. Else only the children that lead to sources do.</summary>
    public bool IsWhole { get; init; }

    /// <summary>Path from the root with a slash at its end.</summary>
    public required byte[] Path { get; init; }

    /// <summary>Bytes of <see cref="Path"/> that lead to the source, slash included.</summary>
    public int SourcePrefix { get; init; }

    /// <summary>Device of the source this belongs to.</summary>
    public ulong SourceDevice { get; init; }

    /// <summary>The parent snapshot's entries of this directory, in order; null when it has none.</summary>
    public IEnumerator<TreeNode>? Before { get; set; }

    public bool BeforeEnded { get; set; }

    public byte[] PathOf(byte[] name) => [.. Path, .. name];

    /// <summary>
    /// Opens the directory anew, from the root and through no link, for whoever needs it after the walk has left it.
    /// </summary>
    /// <returns>Null when another directory, or none, is at its place by now.</returns>
    public DirectoryHandle? OpenAgain()
    {
        var below = new Stack<byte[]>();
        for (DirectoryFrame frame = this; frame.Parent is { } parent; frame = parent)
        {
            below.Push(frame._node!.Name);
        }

        int fd = Sys.OpenDirectory(Libc.AtCurrentDirectory, "/"u8);
        while (fd >= 0 && below.TryPop(out byte[]? name))
        {
            int next = Sys.OpenDirectory(fd, name);
            _ = Libc.Close(fd);
            fd = next;
        }

        if (fd < 0)
        {
            return null;
        }

        var handle = new DirectoryHandle(fd);
        if (FileStat.TryGet(fd, out FileStat stat) == 0 && stat.Inode == Stat.Inode && stat.Device == Stat.Device)
        {
            return handle;
        }

        handle.Release();
        return null;
    }

    /// <summary>Promises an entry that arrives later. Walk's thread, or under the lock of the group that will set it.</summary>
    public void Expect(int slot)
    {
        _children[slot] = s_pending;
        Interlocked.Increment(ref _outstanding);
    }

    /// <summary>Notes that entries are missing. Walk's thread, before it lets go of the directory.</summary>
    public void MarkIncomplete()
    {
        if (_node is { } node)
        {
            node.Flags |= NodeFlags.Incomplete;
        }
    }

    /// <summary>Sets an entry, or null for none.</summary>
    public void Set(int slot, TreeNode? node) => Volatile.Write(ref _children[slot], node);

    /// <summary>Encodes what a long directory has so far. Walk's thread only; it holds the directory, so nobody else completes it meanwhile.</summary>
    public void EncodeFinished(ChunkSink sink)
    {
        if (Names.Count >= LongEntriesMin && Next % StepEntries == 0)
        {
            _encoder ??= new DirectoryEncoder();
            Encode(_encoder.With(sink), Next);
        }
    }

    private void Encode(TreeBuilder builder, int end)
    {
        for (; _encoded < end; _encoded++)
        {
            TreeNode? child = Volatile.Read(ref _children[_encoded]);
            if (ReferenceEquals(child, s_pending))
            {
                return;
            }

            if (child is not null)
            {
                builder.Add(child);
                _children[_encoded] = null;
            }
        }
    }

    /// <summary>Lets go of one promise, or of the walk's hold; completes the directory and its parents as far as that completes them.</summary>
    public void Release(ChunkSink sink)
    {
        DirectoryFrame? frame = this;
        while (frame is not null && Interlocked.Decrement(ref frame._outstanding) == 0)
        {
            DirectoryEncoder encoder = frame._encoder ?? DirectoryEncoder.Rent();
            TreeBuilder builder = encoder.With(sink);
            frame.Encode(builder, frame._children.Length);
            ContentRef content = builder.Finish();
            frame._encoder = null;
            encoder.Return();
            if (frame.Parent is null)
            {
                frame.Root = content;
                return;
            }

            frame._node!.Content = content;
            frame.Parent.Set(frame._slotInParent, frame._node);
            frame = frame.Parent;
        }
    }

    /// <summary>The root directory's content, once complete.</summary>
    public ContentRef? Root { get; private set; }
}

/// <summary>A file for a reading thread.</summary>
/// <param name="Frame">Its directory.</param>
/// <param name="Slot">Its place there.</param>
/// <param name="Directory">The directory, held open for the reader.</param>
/// <param name="Stat">What it was when the walk looked.</param>
/// <param name="Before">The parent snapshot's entry of this name, if that was a file.</param>
/// <param name="Link">Its other names, if any.</param>
internal sealed record FileTask(DirectoryFrame Frame, int Slot, DirectoryHandle Directory, FileStat Stat, TreeNode? Before, LinkGroup? Link);

/// <summary>A builder whose sink changes: a long directory is encoded by several threads, one at a time, each with a sink of its own.</summary>
internal sealed class DirectoryEncoder
{
    [ThreadStatic]
    private static DirectoryEncoder? s_spare;

    private readonly CurrentSink _sink = new();
    private readonly TreeBuilder _builder;

    public DirectoryEncoder() => _builder = new TreeBuilder(_sink);

    /// <summary>An empty encoder. One that failed halfway is never returned, so none holds another directory's rest.</summary>
    public static DirectoryEncoder Rent()
    {
        DirectoryEncoder encoder = s_spare ?? new DirectoryEncoder();
        s_spare = null;
        return encoder;
    }

    /// <summary>Keeps the buffers for this thread's next directory. Only after <see cref="TreeBuilder.Finish"/>.</summary>
    public void Return()
    {
        _sink.Target = null;
        s_spare = this;
    }

    public TreeBuilder With(ChunkSink sink)
    {
        _sink.Target = sink;
        return _builder;
    }

    private sealed class CurrentSink : ChunkSink
    {
        public ChunkSink? Target { get; set; }

        public override ContentHash Store(ChunkKind kind, ReadOnlySpan<byte> plain) => Target!.Store(kind, plain);
    }
}
