using System.Diagnostics;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Compression;
using GatewayOS.Store.Packs;

namespace GatewayOS.Store.Tuning;

/// <summary>How fast one core does one stage of the pipeline, alone.</summary>
/// <param name="Name">The stage.</param>
/// <param name="BytesPerSecond">Its rate.</param>
/// <param name="OfStored">True when the bytes are stored ones, false for plain ones.</param>
public sealed record StageRate(string Name, double BytesPerSecond, bool OfStored);

/// <summary>What one core does.</summary>
/// <param name="StoredShare">Bytes in packs for each plain byte of the sample.</param>
/// <param name="MeanChunkBytes">Mean length of the sample's chunks.</param>
/// <param name="Stages">The stages in the order in which data passes them; then those of reading.</param>
public sealed record StageRates(double StoredShare, double MeanChunkBytes, IReadOnlyList<StageRate> Stages)
{
    /// <summary>A stage's rate in plain bytes a second.</summary>
    public double PlainRate(string stage)
    {
        StageRate rate = Stages.First(entry => entry.Name == stage);
        return rate.OfStored ? rate.BytesPerSecond / StoredShare : rate.BytesPerSecond;
    }

    /// <summary>Plain bytes a second when one core does all of these, one after the other.</summary>
    public double Together(params string[] stages) => 1 / stages.Sum(stage => 1 / PlainRate(stage));
}

/// <summary>Runs each stage of the pipeline alone, on one thread and on data in memory: the very code that backups and restores run.</summary>
public static class StageProbe
{
    /// <summary>Names of the stages.</summary>
    public const string Chunk = "chunk", Hash = "hash", LookUp = "look up", Compress = "compress", Seal = "seal", Open = "open", Decompress = "decompress";

    /// <summary>Stages that a worker does with data the store does not have.</summary>
    public static readonly string[] WorkerStages = [Hash, LookUp, Compress, Seal];

    /// <summary>Stages of a restore.</summary>
    public static readonly string[] RestoreStages = [Open, Decompress, Hash];

    /// <summary>Measures.</summary>
    /// <param name="store">Whose keys, chunk sizes and index are used; nothing is written to it.</param>
    /// <param name="sample">The data, at least one chunk long; some tens of MiB, so that no cache holds it.</param>
    /// <param name="each">How long to run each stage.</param>
    /// <param name="cancellation">Stops between passes.</param>
    public static StageRates Run(BackupStore store, ReadOnlyMemory<byte> sample, TimeSpan each, CancellationToken cancellation)
    {
        using var work = new Work(store, sample);
        StageRate Rate(string name, bool ofStored, Func<long> pass)
        {
            // Once before the clock runs: a first touch of memory is not the stage's work, and costs more than some stages.
            pass();
            long bytes = 0;
            long start = Stopwatch.GetTimestamp();
            do
            {
                cancellation.ThrowIfCancellationRequested();
                bytes += pass();
            }
            while (Stopwatch.GetElapsedTime(start) < each);

            return new StageRate(name, bytes / Stopwatch.GetElapsedTime(start).TotalSeconds, ofStored);
        }

        StageRate[] stages =
        [
            Rate(Chunk, ofStored: false, work.ChunkAll),
            Rate(Hash, ofStored: false, work.HashAll),
            Rate(LookUp, ofStored: false, work.LookUpAll),
            Rate(Compress, ofStored: false, work.CompressAll),
        ];

        // Sealing works in place, so what was compressed is decompressed before.
        StageRate decompress = Rate(Decompress, ofStored: false, work.DecompressAll);
        stages = [.. stages, Rate(Seal, ofStored: true, work.SealAll), Rate(Open, ofStored: true, work.OpenAll), decompress];
        return new StageRates((double)work.RecordBytes / sample.Length, (double)sample.Length / work.ChunkCount, stages);
    }

    /// <summary>Data about as compressible as program files are: three stretches of words to one of noise. The same for the same seed.</summary>
    /// <param name="bytes">How much.</param>
    /// <param name="seed">The seed.</param>
    public static byte[] Sample(int bytes, int seed)
    {
        const int stretchBytes = 512, words = 256, wordBytes = 8, stretchesPerNoise = 4;
        var random = new Random(seed);
        byte[] vocabulary = new byte[words * wordBytes];
        random.NextBytes(vocabulary);
        byte[] sample = new byte[bytes];
        random.NextBytes(sample);
        for (int at = 0; at + stretchBytes <= bytes; at += stretchBytes)
        {
            for (int word = 0; word < stretchBytes && at / stretchBytes % stretchesPerNoise != 0; word += wordBytes)
            {
                vocabulary.AsSpan(random.Next(words) * wordBytes, wordBytes).CopyTo(sample.AsSpan(at + word));
            }
        }

        return sample;
    }

    // Each pass goes over the whole sample; what one stage makes, the next one takes.
    private sealed class Work : IDisposable
    {
        private readonly BackupStore _store;
        private readonly ReadOnlyMemory<byte> _sample;
        private readonly GearChunker _chunker;
        private readonly RecordCipher _cipher = new();
        private readonly PackKey _key;
        private readonly List<(int Offset, int Length)> _chunks = [];
        private readonly List<RecordHead> _records = [];
        private readonly ContentHash[] _hashes;
        private readonly byte[] _sealed;
        private readonly byte[] _plain;

        public Work(BackupStore store, ReadOnlyMemory<byte> sample)
        {
            (_store, _sample) = (store, sample);
            _chunker = new GearChunker(store.Chunker, store.Keys.ChunkerKey);
            _key = store.Keys.PackKey(new byte[PackFormat.SaltBytes]);
            ChunkAll();
            _hashes = new ContentHash[_chunks.Count];
            _sealed = new byte[sample.Length + (_chunks.Count * (PackFormat.RecordHeadBytes + PackFormat.TagBytes))];
            _plain = new byte[_chunks.Max(chunk => chunk.Length)];
        }

        public int ChunkCount => _chunks.Count;

        public long RecordBytes => _records.Sum(record => record.TotalBytes);

        public long ChunkAll()
        {
            _chunks.Clear();
            for (int at = 0; at < _sample.Length;)
            {
                int cut = _chunker.FindCut(_sample.Span[at..]);
                int length = cut == GearChunker.NoCut ? _sample.Length - at : cut;
                _chunks.Add((at, length));
                at += length;
            }

            return _sample.Length;
        }

        public long HashAll()
        {
            for (int i = 0; i < _chunks.Count; i++)
            {
                _hashes[i] = _store.ComputeHash(PlainOf(i));
            }

            return _sample.Length;
        }

        public long LookUpAll()
        {
            foreach (ContentHash hash in _hashes)
            {
                _store.IsReferable(_store.IdOf(hash));
            }

            return _sample.Length;
        }

        public long CompressAll()
        {
            _records.Clear();
            uint offset = 0;
            for (int i = 0; i < _chunks.Count; i++)
            {
                Codec codec = ChunkCodec.Compress(PlainOf(i), _sealed.AsSpan((int)offset + PackFormat.RecordHeadBytes), out int written);
                var record = new RecordHead(ChunkKind.Data, codec, offset, _chunks[i].Length, written + PackFormat.TagBytes, default);
                _records.Add(record);
                offset += (uint)record.TotalBytes;
            }

            return _sample.Length;
        }

        // Sealing what is sealed already costs the same. The key is made for this measurement and nothing sealed with it is kept.
        public long SealAll()
        {
            foreach (RecordHead record in _records)
            {
                Span<byte> bytes = BytesOf(record);
                record.Write(bytes);
                _cipher.Seal(_key, bytes);
            }

            return RecordBytes;
        }

        public long OpenAll()
        {
            foreach (RecordHead record in _records)
            {
                if (!_cipher.TryOpen(_key, BytesOf(record), _plain.AsSpan(0, record.StoredBytes - PackFormat.TagBytes)))
                {
                    throw new InvalidOperationException("A record that was sealed just now does not open: this machine's processor or memory is faulty.");
                }
            }

            return RecordBytes;
        }

        public long DecompressAll()
        {
            for (int i = 0; i < _records.Count; i++)
            {
                RecordHead record = _records[i];
                if (!ChunkCodec.TryDecompress(record.Codec, BytesOf(record).Slice(PackFormat.RecordHeadBytes, record.StoredBytes - PackFormat.TagBytes), _plain.AsSpan(0, record.PlainBytes)))
                {
                    throw new InvalidOperationException("A chunk that was compressed just now does not decompress: this machine's processor or memory is faulty.");
                }
            }

            return _sample.Length;
        }

        public void Dispose() => _cipher.Dispose();

        private ReadOnlySpan<byte> PlainOf(int chunk) => _sample.Span.Slice(_chunks[chunk].Offset, _chunks[chunk].Length);

        private Span<byte> BytesOf(in RecordHead record) => _sealed.AsSpan((int)record.Offset, (int)record.TotalBytes);
    }
}
