using System.Security.Cryptography;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Store;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Appliance.Drills;

/// <summary>
/// Rehearses a restore: goes through a restore point's whole tree, reads a sample of its files into memory as a restore does — every chunk is
/// decrypted, decompressed and its hash checked — and says from the time that took how long restoring all of it would take.
/// </summary>
/// <remarks>
/// The prediction is of reading on the appliance: time of the walk, plus that of the files, by their number or by their bytes, whichever is
/// more. The way to the node and the node's disk are not in it.
/// </remarks>
public static class RestoreDrill
{
    /// <summary>Rehearses.</summary>
    /// <param name="store">The store.</param>
    /// <param name="snapshot">The restore point.</param>
    /// <param name="filesMax">Size of the sample.</param>
    /// <param name="seed">Chooses the sample: the same seed takes the same files.</param>
    /// <param name="time">Measures.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="StoreDamagedException">Something cannot be restored.</exception>
    public static DrillFigures Run(BackupStore store, SnapshotRecord snapshot, int filesMax, int seed, TimeProvider time, Action<JobFigures> progress, CancellationToken cancellation)
    {
        using ContentReader reader = store.OpenReader();
        long walkBegun = time.GetTimestamp();
        (List<TreeNode> sample, long files) = Choose(reader, snapshot, filesMax, seed, cancellation);
        double walkSeconds = time.GetElapsedTime(walkBegun).TotalSeconds;
        long readBegun = time.GetTimestamp();
        using var hasher = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long bytes = 0;
        for (int i = 0; i < sample.Count; i++)
        {
            bytes += ReadFile(reader, sample[i], hasher, cancellation);
            progress(new JobFigures(i + 1, bytes));
        }

        double readSeconds = time.GetElapsedTime(readBegun).TotalSeconds;
        double byFiles = sample.Count > 0 ? readSeconds / sample.Count * files : 0;
        double byBytes = bytes > 0 ? readSeconds / bytes * snapshot.Draft.Counts.Bytes : 0;
        return new DrillFigures(sample.Count, bytes, walkSeconds + readSeconds, files, snapshot.Draft.Counts.Bytes, walkSeconds + Math.Max(byFiles, byBytes), Convert.ToHexStringLower(hasher.GetHashAndReset()));
    }

    // A reservoir: each file of the tree is in the sample with the same chance, whatever their number (Vitter's algorithm R).
    private static (List<TreeNode> Sample, long Files) Choose(ContentReader reader, SnapshotRecord snapshot, int filesMax, int seed, CancellationToken cancellation)
    {
        var random = new Random(seed);
        var sample = new List<TreeNode>();
        var pending = new Stack<ContentRef>();
        pending.Push(snapshot.Draft.Root);
        long files = 0;
        while (pending.TryPop(out ContentRef directory))
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (TreeNode node in reader.Entries(directory))
            {
                if (node.Type == NodeType.Directory)
                {
                    pending.Push(node.Content);
                }
                else if (node.Type == NodeType.File)
                {
                    files++;
                    long place = sample.Count < filesMax ? sample.Count : random.NextInt64(files);
                    if (place == sample.Count)
                    {
                        sample.Add(node);
                    }
                    else if (place < filesMax)
                    {
                        sample[(int)place] = node;
                    }
                }
            }
        }

        return (sample, files);
    }

    private static long ReadFile(ContentReader reader, TreeNode file, IncrementalHash hasher, CancellationToken cancellation)
    {
        long bytes = 0;
        ContentPart[] parts = [.. reader.Leaves(file.Content)];
        reader.Expect(parts);
        foreach (ContentPart part in parts)
        {
            cancellation.ThrowIfCancellationRequested();
            if (part.Kind == PartKind.Lost)
            {
                throw new StoreDamagedException(ByteName.Escape(file.Name), $"{part.LengthBytes} bytes of the file '{ByteName.Escape(file.Name)}' are lost.");
            }

            if (part.Kind == PartKind.Chunk)
            {
                ReadOnlySpan<byte> content = reader.Read(part.Hash);
                if (content.Length != part.LengthBytes)
                {
                    throw new StoreDamagedException(ByteName.Escape(file.Name), $"A chunk of the file '{ByteName.Escape(file.Name)}' has another length than its tree says.");
                }

                hasher.AppendData(content);
            }

            bytes += part.LengthBytes;
        }

        return bytes;
    }
}
