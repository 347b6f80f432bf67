using GatewayOS.Store.Compression;
using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>
/// Copies records into new packs: read, authenticated, decompressed, chunk ID checked, and only then sealed under a new key, in the form they had or
/// compressed anew.
/// </summary>
internal sealed class GcCopier(BackupStore store, GcOptions options, FindingList findings, CancellationToken cancellation)
{
    // Chunks that one thread copies in a row, and that stand together in the new pack: long enough to be read in one go.
    private const long SliceBytesMax = 1024 * 1024;

    // Chunks that LZ4 could not shrink seldom yield to zstd; a look at their beginning tells for a fiftieth of the time.
    private const int SampleBytes = 16 * 1024;

    private readonly HashSet<int> _untouched = [];
    private long _bytesCopied;
    private long _bytesRecompressed;
    private long _bytesSaved;

    /// <summary>Copies chunks and makes the copies durable and indexed.</summary>
    /// <param name="chunks">The chunks, in the order in which they are to lie.</param>
    /// <param name="report">Gets what was copied.</param>
    /// <returns>Packs with a record that could not be copied: they must stay.</returns>
    public HashSet<int> Copy(List<GcCopy> chunks, GcReport report)
    {
        List<Range> slices = Slices(chunks);
        long done = 0;
        using var writer = store.OpenWriter(new WriterOptions { Workers = options.Threads == 0 ? 0 : 1, Time = store.Options.Time, MergesIndex = false });
        OwnedThreads.Run(
            options.Threads,
            slices,
            () => new Copying(store.OpenReader(), writer.OpenPath()),
            (copying, slice) =>
            {
                foreach (GcCopy chunk in System.Runtime.InteropServices.CollectionsMarshal.AsSpan(chunks)[slice])
                {
                    cancellation.ThrowIfCancellationRequested();
                    Copy(copying, chunk);
                }

                copying.Path.EndCopies();
                options.Progress?.Report(new MaintenanceProgress("copying", Interlocked.Read(ref _bytesCopied), 0, Interlocked.Increment(ref done), slices.Count));
            },
            cancellation);
        writer.Flush();
        report.BytesCopied += _bytesCopied;
        report.BytesRecompressed += _bytesRecompressed;
        report.BytesSaved += _bytesSaved;
        return _untouched;
    }

    private void Copy(Copying copying, in GcCopy chunk)
    {
        (ChunkId id, ChunkLocation location) = chunk.Entry;
        try
        {
            ReadOnlySpan<byte> plain = copying.Reader.Read(id, location, out Codec codec, out ReadOnlySpan<byte> stored);
            if (options.Recompress == Recompression.All || (options.Recompress == Recompression.Cold && chunk.IsCold))
            {
                stored = copying.Recompressed(plain, stored, ref codec, out int saved);
                Interlocked.Add(ref _bytesRecompressed, saved > 0 ? plain.Length : 0);
                Interlocked.Add(ref _bytesSaved, saved);
            }

            copying.Path.Copy(location.Kind, id, plain.Length, codec, stored);
            Interlocked.Add(ref _bytesCopied, location.RecordBytes);
        }
        catch (StoreDamagedException error)
        {
            findings.Add(FindingKind.RecordDamaged, store.Packs.Id(location.Pack) + StoreLayout.PackSuffix, error.Message, StoreVerifier.Remedy);
            lock (_untouched)
            {
                _untouched.Add(location.Pack);
            }
        }
    }

    // Data never shares a slice with trees, and a slice is no longer than a pack.
    private List<Range> Slices(List<GcCopy> chunks)
    {
        long bytesMax = Math.Min(SliceBytesMax, store.PackBytes / 2);
        var slices = new List<Range>();
        int first = 0;
        long bytes = 0;
        for (int i = 0; i < chunks.Count; i++)
        {
            ChunkLocation location = chunks[i].Entry.Location;
            bool other = i > first && location.Kind == ChunkKind.Data != (chunks[first].Entry.Location.Kind == ChunkKind.Data);
            if (i > first && (other || bytes + location.RecordBytes > bytesMax))
            {
                slices.Add(first..i);
                (first, bytes) = (i, 0);
            }

            bytes += location.RecordBytes;
        }

        slices.Add(first..chunks.Count);
        return slices;
    }

    private sealed record Copying(ChunkReader Reader, WritePath Path) : IDisposable
    {
        private byte[] _smaller = [];

        /// <summary>The stored form, or a shorter one.</summary>
        public ReadOnlySpan<byte> Recompressed(ReadOnlySpan<byte> plain, ReadOnlySpan<byte> stored, scoped ref Codec codec, out int saved)
        {
            saved = 0;
            ReadWindow.Grow(ref _smaller, Math.Max(plain.Length, 1));
            bool hopeless = codec == Codec.Raw && plain.Length > SampleBytes && ChunkCodec.CompressSmaller(plain[..SampleBytes], _smaller, out _) == Codec.Raw;
            if (codec == Codec.Zstd || hopeless
                || ChunkCodec.CompressSmaller(plain, _smaller, out int written) != Codec.Zstd || written + ChunkCodec.SmallestGainBytes(stored.Length) > stored.Length)
            {
                return stored;
            }

            saved = stored.Length - written;
            codec = Codec.Zstd;
            return _smaller.AsSpan(0, written);
        }

        public void Dispose() => Reader.Dispose();
    }
}
