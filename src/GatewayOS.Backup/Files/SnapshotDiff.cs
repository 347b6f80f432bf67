using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>How an entry differs between two snapshots.</summary>
public enum DiffKind
{
    /// <summary>Only in the second.</summary>
    Added,

    /// <summary>Only in the first.</summary>
    Removed,

    /// <summary>Content differs.</summary>
    Modified,

    /// <summary>Only metadata differs.</summary>
    Metadata,

    /// <summary>The type differs, for instance a file became a link.</summary>
    Type,
}

/// <summary>A difference.</summary>
/// <param name="Kind">What differs.</param>
/// <param name="Path">Escaped path.</param>
/// <param name="Before">Entry in the first snapshot, if any.</param>
/// <param name="After">Entry in the second, if any.</param>
public sealed record DiffEntry(DiffKind Kind, string Path, TreeNode? Before, TreeNode? After);

/// <summary>An entry of a directory that differs, itself or in anything below it.</summary>
/// <param name="Before">Entry in the first directory, if any.</param>
/// <param name="After">Entry in the second, if any.</param>
public sealed record DirectoryDifference(TreeNode? Before, TreeNode? After);

/// <summary>Compares snapshots. Directories with equal content are skipped unread, so it costs what has changed.</summary>
public static class SnapshotDiff
{
    /// <summary>Compares.</summary>
    /// <param name="reader">Reader of the store; borrowed while the result is enumerated.</param>
    /// <param name="before">The first snapshot.</param>
    /// <param name="after">The second.</param>
    /// <returns>Differences in byte order of their paths, an added or removed directory with everything below.</returns>
    public static IEnumerable<DiffEntry> Compare(ContentReader reader, SnapshotRecord before, SnapshotRecord after)
    {
        var pending = new Stack<IEnumerator<(string Path, TreeNode? Before, TreeNode? After)>>();
        pending.Push(Merge(reader, "", before.Draft.Root, after.Draft.Root).GetEnumerator());
        while (pending.TryPeek(out IEnumerator<(string Path, TreeNode? Before, TreeNode? After)>? level))
        {
            if (!level.MoveNext())
            {
                pending.Pop();
                level.Dispose();
                continue;
            }

            (string path, TreeNode? old, TreeNode? now) = level.Current;
            if (Judge(old, now) is { } kind)
            {
                yield return new DiffEntry(kind, path, old, now);
            }

            ContentRef oldInside = Inside(old);
            ContentRef nowInside = Inside(now);
            if (!Same(oldInside, nowInside))
            {
                pending.Push(Merge(reader, path, oldInside, nowInside).GetEnumerator());
            }
        }
    }

    /// <summary>Compares two directories, and does not go down: a directory in them differs when anything below it does.</summary>
    /// <param name="reader">Reader of the store; borrowed while the result is enumerated.</param>
    /// <param name="before">Content of the first.</param>
    /// <param name="after">Content of the second.</param>
    /// <returns>Differences in byte order of the names.</returns>
    public static IEnumerable<DirectoryDifference> CompareDirectory(ContentReader reader, ContentRef before, ContentRef after) =>
        from entry in Merge(reader, "", before, after)
        where Judge(entry.Before, entry.After) is not null || !Same(Inside(entry.Before), Inside(entry.After))
        select new DirectoryDifference(entry.Before, entry.After);

    private static ContentRef Inside(TreeNode? node) => node is { Type: NodeType.Directory } ? node.Content : ContentRef.Empty;

    private static bool Same(ContentRef left, ContentRef right) => left.Depth == right.Depth && left.Parts.AsSpan().SequenceEqual(right.Parts);

    private static DiffKind? Judge(TreeNode? old, TreeNode? now)
    {
        if (old is null || now is null)
        {
            return old is null ? DiffKind.Added : DiffKind.Removed;
        }

        if (old.Type != now.Type)
        {
            return DiffKind.Type;
        }

        if (old.Type == NodeType.File && (old.SizeBytes != now.SizeBytes || !Same(old.Content, now.Content)))
        {
            return DiffKind.Modified;
        }

        if (!old.LinkTarget.AsSpan().SequenceEqual(now.LinkTarget) || old.DeviceNumber != now.DeviceNumber)
        {
            return DiffKind.Modified;
        }

        bool sameMetadata = old.Mode == now.Mode && old.UserId == now.UserId && old.GroupId == now.GroupId && old.ModifiedNs == now.ModifiedNs
            && old.Flags == now.Flags && old.Attributes.Length == now.Attributes.Length
            && old.Attributes.Zip(now.Attributes).All(pair => pair.First.Name.AsSpan().SequenceEqual(pair.Second.Name) && pair.First.Value.AsSpan().SequenceEqual(pair.Second.Value));
        return sameMetadata ? null : DiffKind.Metadata;
    }

    private static IEnumerable<(string Path, TreeNode? Before, TreeNode? After)> Merge(ContentReader reader, string path, ContentRef before, ContentRef after)
    {
        using IEnumerator<TreeNode> olds = reader.Entries(before).GetEnumerator();
        using IEnumerator<TreeNode> nows = reader.Entries(after).GetEnumerator();
        bool hasOld = olds.MoveNext();
        bool hasNow = nows.MoveNext();
        while (hasOld || hasNow)
        {
            int order = !hasOld ? 1 : !hasNow ? -1 : olds.Current.Name.AsSpan().SequenceCompareTo(nows.Current.Name);
            TreeNode? old = order <= 0 ? olds.Current : null;
            TreeNode? now = order >= 0 ? nows.Current : null;
            yield return ($"{path}/{ByteName.Escape((old ?? now)!.Name)}", old, now);
            hasOld = order <= 0 ? olds.MoveNext() : hasOld;
            hasNow = order >= 0 ? nows.MoveNext() : hasNow;
        }
    }
}
