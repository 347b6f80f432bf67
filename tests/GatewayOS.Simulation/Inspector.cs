using System.Text;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Simulation;

/// <summary>The store broke a promise.</summary>
public sealed class InvariantException(string message) : Exception(message);

/// <summary>Compares a store with the truth.</summary>
internal static class Inspector
{
    /// <summary>
    /// Everything promised is there and reads back, everything there is wholly good, nothing forgotten is back, and a full verification is clean.
    /// </summary>
    /// <returns>Tags of the snapshots that are there.</returns>
    public static HashSet<string> Check(BackupStore store, Truth truth)
    {
        HashSet<string> listed = CheckReads(store, truth);
        VerifyReport report = StoreVerifier.Run(store, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None);
        Require(report.Clean, () => $"verify found {Text(report.Findings)}");
        Require(report.Affected.Count == 0, () => $"verify is clean and reports {report.Affected.Count} affected paths");
        return listed;
    }

    /// <summary>The same without the verification, for use while others work.</summary>
    public static HashSet<string> CheckReads(BackupStore store, Truth truth)
    {
        // Others may commit and forget while this looks: only what was promised before counts.
        KnownSnapshot[] promised = [.. truth.In(SnapshotState.Acknowledged)];
        KnownSnapshot[] forgotten = [.. truth.In(SnapshotState.Forgotten)];
        SnapshotList list = store.Snapshots();
        HashSet<string> still = [.. truth.In(SnapshotState.Acknowledged).Select(snapshot => snapshot.Tag)];
        if (list.Damaged.Count > 0 && list.Damaged[0].ReadFailure is { } failure)
        {
            throw failure;
        }

        Require(list.Damaged.Count == 0, () => $"snapshot file {list.Damaged[0].FileName} is damaged: {list.Damaged[0].Reason}");
        var listed = new HashSet<string>(StringComparer.Ordinal);
        using ChunkReader reader = store.OpenReader();
        foreach (SnapshotRecord record in list.Records)
        {
            string tag = record.Draft.Tags[0];
            (KnownSnapshot Snapshot, SnapshotState State)? known = truth.Find(tag);
            Require(known is not null, () => $"snapshot {tag} was never made");
            Require(!forgotten.Contains(known!.Value.Snapshot), () => $"snapshot {tag} was forgotten and is back");
            Require(listed.Add(tag), () => $"snapshot {tag} is there twice");
            Require(ReadsBack(reader, record, known.Value.Snapshot, out string what), () => $"snapshot {tag} ({known.Value.State}): {what}");
        }

        foreach (KnownSnapshot snapshot in promised)
        {
            Require(listed.Contains(snapshot.Tag) || !still.Contains(snapshot.Tag), () => $"snapshot {snapshot.Tag} was acknowledged and is gone");
        }

        return listed;
    }

    /// <summary>Reads a snapshot against its tree.</summary>
    /// <returns>False when it cannot be read.</returns>
    /// <exception cref="InvariantException">It reads, and reads wrong: that is never allowed, whatever happened to the disk.</exception>
    public static bool ReadsBack(ChunkReader reader, SnapshotRecord record, KnownSnapshot known, out string what)
    {
        try
        {
            Compare(reader, record.Draft.Root, known.Tree, "");
            what = "";
            return true;
        }
        catch (StoreDamagedException error)
        {
            what = error.Message;
            return false;
        }
    }

    public static void Require(bool holds, Func<string> message)
    {
        if (!holds)
        {
            throw new InvariantException(message());
        }
    }

    public static string Text(IEnumerable<Finding> findings) =>
        string.Join("; ", findings.Where(finding => finding.IsDamage).Take(3).Select(finding => $"{finding.Kind} {finding.Object}: {finding.Detail}"));

    private static void Compare(ChunkReader reader, ContentRef content, VirtualDirectory directory, string path)
    {
        // The reader's enumeration shares its buffers with content reads, so the entries come first.
        TreeNode[] nodes = [.. reader.Entries(content)];
        Require(nodes.Length == directory.Entries.Count, () => $"directory '{path}' has {nodes.Length} entries instead of {directory.Entries.Count}");
        int next = 0;
        foreach ((string name, object entry) in directory.Entries)
        {
            TreeNode node = nodes[next++];
            string here = $"{path}/{name}";
            Require(Encoding.ASCII.GetString(node.Name) == name, () => $"'{here}' has another name");
            Require(node.Type == (entry is VirtualFile ? NodeType.File : NodeType.Directory), () => $"'{here}' has another type");
            if (entry is VirtualFile file)
            {
                CompareFile(reader, node, file, here);
            }
            else
            {
                Compare(reader, node.Content, (VirtualDirectory)entry, here);
            }
        }
    }

    private static void CompareFile(ChunkReader reader, TreeNode node, VirtualFile file, string path)
    {
        Require(node.SizeBytes == file.LengthBytes && node.Content.LengthBytes == file.LengthBytes, () => $"'{path}' has another length");
        byte[] expected = file.Content();
        long offset = 0;
        foreach (ContentPart part in reader.Leaves(node.Content).ToArray())
        {
            Require(part.Kind != PartKind.Lost, () => $"'{path}' has a lost part");
            Require(offset + part.LengthBytes <= expected.Length, () => $"'{path}' is longer than it was");
            ReadOnlySpan<byte> wanted = expected.AsSpan((int)offset, (int)part.LengthBytes);
            bool equal = part.Kind == PartKind.Hole ? !wanted.ContainsAnyExcept((byte)0) : reader.Read(part.Hash).SequenceEqual(wanted);
            Require(equal, () => $"'{path}' reads back differently at {offset}");
            offset += part.LengthBytes;
        }
    }
}
