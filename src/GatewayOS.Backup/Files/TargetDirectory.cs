using GatewayOS.Backup.Posix;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>A directory being restored into, known by its parent and name; opened when needed.</summary>
internal sealed class TargetDirectory(TargetDirectory? parent, byte[] name, TreeNode? node)
{
    public TargetDirectory? Parent { get; } = parent;

    public byte[] Name { get; } = name;

    /// <summary>Its entry in the snapshot; null for the target itself.</summary>
    public TreeNode? Node { get; } = node;

    /// <summary>Made by this restore, rather than found.</summary>
    public bool IsOurs { get; set; }

    /// <summary>What is made in it inherits an access list (acl(5), default ACL), which then has to be taken off where none belongs.</summary>
    public bool HandsDown { get; set; }

    /// <summary>Held by the cache; null when closed. Under the cache's lock.</summary>
    public DirectoryHandle? Open { get; set; }

    public LinkedListNode<TargetDirectory>? Recent { get; set; }

    /// <summary>Path in the snapshot, escaped.</summary>
    public string PathOf(ReadOnlySpan<byte> child)
    {
        var names = new Stack<string>();
        names.Push(ByteName.Escape(child));
        for (TargetDirectory? directory = this; directory?.Node is not null; directory = directory.Parent)
        {
            names.Push(ByteName.Escape(directory.Name));
        }

        return "/" + string.Join('/', names);
    }
}

/// <summary>
/// Keeps the most recently used target directories open. Every directory is opened by name in its parent and never through a link, so
/// whatever somebody plants in the target, nothing is written outside it.
/// </summary>
internal sealed class TargetDirectories(DirectoryHandle root) : IDisposable
{
    private const int OpenMax = 512;

    private readonly Lock _gate = new();
    private readonly LinkedList<TargetDirectory> _recent = new();

    /// <summary>Opens a directory, or finds it open.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="error">The error number when it cannot be opened.</param>
    /// <returns>A hold the caller releases, or null.</returns>
    public DirectoryHandle? Get(TargetDirectory directory, out int error)
    {
        error = 0;
        lock (_gate)
        {
            var chain = new Stack<TargetDirectory>();
            TargetDirectory? at = directory;
            while (at.Parent is not null && at.Open is null)
            {
                chain.Push(at);
                at = at.Parent;
            }

            DirectoryHandle handle = at.Parent is null ? root : at.Open!;
            Touch(at);
            while (chain.TryPop(out TargetDirectory? next))
            {
                int fd = Sys.OpenDirectory(handle.Fd, next.Name);
                if (fd < 0)
                {
                    error = -fd;
                    return null;
                }

                next.Open = handle = new DirectoryHandle(fd);
                Touch(next);
            }

            handle.Hold();
            Trim();
            return handle;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (TargetDirectory directory in _recent)
            {
                directory.Open?.Release();
                directory.Open = null;
            }

            _recent.Clear();
        }

        root.Release();
    }

    private void Touch(TargetDirectory directory)
    {
        if (directory.Parent is null)
        {
            return;
        }

        if (directory.Recent is null)
        {
            directory.Recent = _recent.AddLast(directory);
        }
        else if (!ReferenceEquals(_recent.Last, directory.Recent))
        {
            _recent.Remove(directory.Recent);
            _recent.AddLast(directory.Recent);
        }
    }

    private void Trim()
    {
        while (_recent.Count > OpenMax)
        {
            TargetDirectory oldest = _recent.First!.Value;
            _recent.RemoveFirst();
            oldest.Open?.Release();
            oldest.Open = null;
            oldest.Recent = null;
        }
    }
}
