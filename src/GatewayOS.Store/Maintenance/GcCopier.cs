using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>Copies records into new packs: read, authenticated, decompressed, chunk ID checked, and only then sealed under a new key.</summary>
internal sealed class GcCopier(BackupStore store, GcOptions options, FindingList findings, CancellationToken cancellation)
{
    private long _bytesCopied;

    public long BytesCopied => _bytesCopied;

    /// <summary>Copies entries and makes the copies durable and indexed.</summary>
    /// <param name="entries">The entries.</param>
    /// <returns>Packs with a record that could not be copied: they must stay.</returns>
    public HashSet<int> Copy(List<IndexEntry> entries)
    {
        var untouched = new HashSet<int>();
        List<List<IndexEntry>> byPack = [.. entries.GroupBy(entry => entry.Location.Pack).OrderBy(group => group.Key).Select(group => group.OrderBy(entry => entry.Location).ToList())];
        long done = 0;
        using var writer = store.OpenWriter(new WriterOptions { Workers = options.Threads == 0 ? 0 : 1, Time = store.Options.Time, MergesIndex = false });
        OwnedThreads.Run(
            options.Threads,
            byPack,
            () => new Copying(store.OpenReader(), writer.OpenPath()),
            (copying, pack) =>
            {
                if (!CopyPack(copying, pack))
                {
                    lock (untouched)
                    {
                        untouched.Add(pack[0].Location.Pack);
                    }
                }

                options.Progress?.Report(new MaintenanceProgress("copying", Interlocked.Read(ref _bytesCopied), 0, Interlocked.Increment(ref done), byPack.Count));
            },
            cancellation);
        writer.Flush();
        return untouched;
    }

    private bool CopyPack(Copying copying, List<IndexEntry> entries)
    {
        bool whole = true;
        foreach (IndexEntry entry in entries)
        {
            cancellation.ThrowIfCancellationRequested();
            try
            {
                copying.Path.Store(entry.Location.Kind, copying.Reader.Read(entry.Id, entry.Location), copy: true);
                Interlocked.Add(ref _bytesCopied, entry.Location.RecordBytes);
            }
            catch (StoreDamagedException error)
            {
                whole = false;
                findings.Add(FindingKind.RecordDamaged, store.Packs.Id(entry.Location.Pack) + StoreLayout.PackSuffix, error.Message, StoreVerifier.Remedy);
            }
        }

        return whole;
    }

    private sealed record Copying(ChunkReader Reader, WritePath Path) : IDisposable
    {
        public void Dispose() => Reader.Dispose();
    }
}
