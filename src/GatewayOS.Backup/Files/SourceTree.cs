using GatewayOS.Backup.Posix;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>
/// The sources as a tree of names from the root: directories on the way to a source are entered for the named children only, so a snapshot
/// holds the path to each source with its metadata.
/// </summary>
internal sealed class SourceTree
{
    private readonly SortedList<byte[], SourceTree> _children = new(Comparer<byte[]>.Create(static (left, right) => left.AsSpan().SequenceCompareTo(right)));

    /// <summary>True when this is a source: everything in it belongs to the backup.</summary>
    public bool Whole { get; private set; }

    /// <summary>Names of the children that lead to sources.</summary>
    public IEnumerable<byte[]> Names => _children.Keys;

    public SourceTree? Child(byte[] name) => _children.GetValueOrDefault(name);

    /// <summary>Resolves sources to canonical paths. A missing one is a problem while others are there.</summary>
    /// <param name="sources">Paths as given.</param>
    /// <param name="progress">Gets the problems.</param>
    /// <param name="paths">The canonical paths, escaped.</param>
    /// <exception cref="InvalidJobException">No source is there.</exception>
    public static SourceTree Resolve(IReadOnlyList<byte[]> sources, BackupProgress progress, out IReadOnlyList<string> paths)
    {
        var root = new SourceTree();
        var found = new List<byte[]>();
        var missing = new List<string>();
        foreach (byte[] source in sources)
        {
            if (Sys.RealPath(source, out int error) is { } path)
            {
                found.Add(path);
                root.Add(path);
            }
            else
            {
                missing.Add($"'{ByteName.Escape(source)}' cannot be backed up: {Sys.Message(error)}.");
                progress.AddProblem(source, $"this source cannot be backed up: {Sys.Message(error)}");
            }
        }

        paths = [.. found.Select(path => ByteName.Escape(path)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return found.Count > 0 ? root : throw new InvalidJobException(string.Join(' ', missing) + " Check the path.");
    }

    private void Add(byte[] path)
    {
        SourceTree node = this;
        int start = 0;
        while (start < path.Length)
        {
            int slash = path.AsSpan(start).IndexOf((byte)'/');
            int end = slash < 0 ? path.Length : start + slash;
            if (end > start)
            {
                byte[] name = path[start..end];
                if (!node._children.TryGetValue(name, out SourceTree? child))
                {
                    child = new SourceTree();
                    node._children.Add(name, child);
                }

                node = child;
            }

            start = end + 1;
        }

        node.Whole = true;
    }
}
