using GatewayOS.Backup.Posix;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>What becomes of a further name of an inode.</summary>
internal enum LinkJoin
{
    /// <summary>It has the content now.</summary>
    Taken,

    /// <summary>It is completed when the content is known; the group holds its frame.</summary>
    Waiting,

    /// <summary>All names before it failed: it is the one to read.</summary>
    ReadIt,
}

/// <summary>
/// The content of an inode with several names: read once, under the first name that can be read. When that name is lost before it was read
/// (removed, replaced), the next takes its place: the content is still there.
/// </summary>
internal sealed class LinkGroup(BackupProgress progress)
{
    private readonly Lock _gate = new();
    private readonly Queue<LinkWaiter> _waiting = new();
    private ContentRef _content = ContentRef.Empty;
    private NodeFlags _flags;
    private bool _done;
    private bool _failed;

    /// <summary>Asks for the content for another name.</summary>
    public LinkJoin Join(DirectoryFrame frame, int slot, TreeNode node)
    {
        lock (_gate)
        {
            if (_failed)
            {
                _failed = false;
                return LinkJoin.ReadIt;
            }

            if (!_done)
            {
                frame.Expect(slot);
                _waiting.Enqueue(new LinkWaiter(frame, slot, node));
                return LinkJoin.Waiting;
            }
        }

        Give(node);
        return LinkJoin.Taken;
    }

    /// <summary>Makes the content known.</summary>
    public void Complete(ContentRef content, NodeFlags flags, ChunkSink sink)
    {
        LinkWaiter[] waiting;
        lock (_gate)
        {
            (_content, _flags, _done) = (content, flags & (NodeFlags.ChangedWhileRead | NodeFlags.Incomplete), true);
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (LinkWaiter waiter in waiting)
        {
            Give(waiter.Node);
            waiter.Frame.Set(waiter.Slot, waiter.Node);
            waiter.Frame.Release(sink);
        }
    }

    /// <summary>The name being read cannot be read.</summary>
    /// <returns>The name to read instead, or null when none waits: then the next to join is told to.</returns>
    public LinkWaiter? Fail()
    {
        lock (_gate)
        {
            if (_waiting.TryDequeue(out LinkWaiter? next))
            {
                return next;
            }

            _failed = true;
            return null;
        }
    }

    private void Give(TreeNode node)
    {
        node.Content = _content;
        node.Flags |= _flags;
        progress.AddFile(inParent: false);
        progress.AddBytes(node.SizeBytes);
    }
}

/// <summary>A name that waits for its group's content. Its frame is held.</summary>
internal sealed record LinkWaiter(DirectoryFrame Frame, int Slot, TreeNode Node);

/// <summary>The groups of a walk, by inode. Walk's thread only.</summary>
internal sealed class LinkTable(BackupProgress progress)
{
    private readonly Dictionary<(ulong Device, ulong Inode), (LinkGroup Group, uint Left)> _links = [];

    /// <summary>Finds the group of an inode with several names.</summary>
    /// <returns>True when another name of it was met before.</returns>
    public bool Find(in FileStat stat, out LinkGroup group)
    {
        (ulong, ulong) key = (stat.Device, stat.Inode);
        bool known = _links.TryGetValue(key, out (LinkGroup Group, uint Left) entry);
        if (!known)
        {
            entry = (new LinkGroup(progress), stat.LinkCount);
        }

        // When all names were met the entry goes, or a tree full of hard links would fill the memory.
        group = entry.Group;
        if (--entry.Left == 0)
        {
            _links.Remove(key);
        }
        else
        {
            _links[key] = entry;
        }

        return known;
    }
}
