using GatewayOS.Backup.Posix;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>
/// A directory being backed up. Its entries fill in on any thread; whoever brings the last one encodes the directory and goes on with the
/// parent, in a loop, so a tree of any depth needs no stack.
/// </summary>
internal sealed class DirectoryFrame
{
    private readonly TreeNode?[] _children;
    private readonly TreeNode? _node;
    private readonly int _slotInParent;
    private int _outstanding = 1;

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

    /// <summary>The way to the sources, where only some children count; null inside a source.</summary>
    public SourceTree? Restrict { get; init; }

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

    /// <summary>Promises an entry that arrives later.</summary>
    public void Expect() => Interlocked.Increment(ref _outstanding);

    public void Set(int slot, TreeNode? node) => _children[slot] = node;

    /// <summary>Lets go of one promise, or of the walk's hold; completes the directory and its parents as far as that completes them.</summary>
    public void Release(ChunkSink sink)
    {
        DirectoryFrame? frame = this;
        while (frame is not null && Interlocked.Decrement(ref frame._outstanding) == 0)
        {
            var builder = new TreeBuilder(sink);
            foreach (TreeNode? child in frame._children)
            {
                if (child is not null)
                {
                    builder.Add(child);
                }
            }

            ContentRef content = builder.Finish();
            Array.Clear(frame._children);
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
internal sealed record FileTask(DirectoryFrame Frame, int Slot, DirectoryHandle Directory, FileStat Stat, bool InParent, LinkGroup? Link);

/// <summary>The content of an inode with several names: read once, wherever it is met first.</summary>
internal sealed class LinkGroup
{
    private readonly Lock _gate = new();
    private readonly List<(DirectoryFrame Frame, int Slot, TreeNode Node)> _waiting = [];
    private ContentRef _content = ContentRef.Empty;
    private NodeFlags _flags;
    private bool _done;

    /// <summary>Asks for the content for another name.</summary>
    /// <returns>True when the node has it now; else it is set, and its frame released, when the first name's content is known.</returns>
    public bool TryTake(DirectoryFrame frame, int slot, TreeNode node)
    {
        lock (_gate)
        {
            if (!_done)
            {
                frame.Expect();
                _waiting.Add((frame, slot, node));
                return false;
            }
        }

        Give(node);
        return true;
    }

    /// <summary>Makes the content known.</summary>
    public void Complete(ContentRef content, NodeFlags flags, ChunkSink sink)
    {
        List<(DirectoryFrame Frame, int Slot, TreeNode Node)> waiting;
        lock (_gate)
        {
            (_content, _flags, _done) = (content, flags & (NodeFlags.ChangedWhileRead | NodeFlags.Incomplete), true);
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach ((DirectoryFrame frame, int slot, TreeNode node) in waiting)
        {
            Give(node);
            frame.Set(slot, node);
            frame.Release(sink);
        }
    }

    private void Give(TreeNode node)
    {
        node.Content = _content;
        node.Flags |= _flags;
    }
}
