using System.Diagnostics;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// What one worker spends its time on. Written by that worker alone and read by anyone, so plain fields of one object per worker do:
/// readers may see figures a moment old.
/// </summary>
internal sealed class StageCounters
{
    private long _nameTicks;
    private long _lookUpTicks;
    private long _compressTicks;
    private long _sealTicks;
    private long _writeTicks;
    private long _completeTicks;
    private long _stalledTicks;
    private long _plainBytes;
    private long _chunks;
    private long _newBytes;
    private long _newChunks;
    private long _compressedBytes;
    private long _storedBytes;

    public long Start() => Stopwatch.GetTimestamp();

    public void Named(ref long start, long bytes, int chunks)
    {
        Add(ref _nameTicks, ref start);
        _plainBytes += bytes;
        _chunks += chunks;
    }

    public void LookedUp(ref long start) => Add(ref _lookUpTicks, ref start);

    public void Compressed(ref long start, int plainBytes, int writtenBytes)
    {
        Add(ref _compressTicks, ref start);
        _newBytes += plainBytes;
        _newChunks++;
        _compressedBytes += writtenBytes;
    }

    public void Sealed(ref long start, int bytes) => Add(ref _sealTicks, ref start);

    public void Written(ref long start, int bytes, int records)
    {
        Add(ref _writeTicks, ref start);
        _storedBytes += bytes;
    }

    /// <summary>Counts the completing of files, less the ticks that storing directories has counted elsewhere.</summary>
    public void Completed(ref long start, long countedElsewhere)
    {
        Add(ref _completeTicks, ref start);
        _completeTicks -= countedElsewhere;
    }

    public void Stalled(ref long start) => Add(ref _stalledTicks, ref start);

    /// <summary>Sums the counters of all workers.</summary>
    public static WriterStatistics Sum(IReadOnlyList<StageCounters> workers) => new()
    {
        PlainBytes = workers.Sum(worker => worker._plainBytes),
        Chunks = workers.Sum(worker => worker._chunks),
        NewChunks = workers.Sum(worker => worker._newChunks),
        NewBytes = workers.Sum(worker => worker._newBytes),
        StoredBytes = workers.Sum(worker => worker._storedBytes),
        Stages =
        [
            Stage("name (BLAKE3)", workers, worker => worker._nameTicks, worker => worker._plainBytes),
            Stage("look up", workers, worker => worker._lookUpTicks, worker => worker._plainBytes),
            Stage("compress (LZ4)", workers, worker => worker._compressTicks, worker => worker._newBytes),
            Stage("seal (AES-GCM, hash)", workers, worker => worker._sealTicks, worker => worker._storedBytes),
            Stage("write", workers, worker => worker._writeTicks, worker => worker._storedBytes),
            Stage("complete files and trees", workers, worker => worker._completeTicks, worker => worker._plainBytes),
            new StageStatistics("wait for input", TimeSpan.Zero, Stopwatch.GetElapsedTime(0, workers.Sum(worker => worker._stalledTicks)), 0),
        ],
    };

    private static StageStatistics Stage(string name, IReadOnlyList<StageCounters> workers, Func<StageCounters, long> ticks, Func<StageCounters, long> bytes) =>
        new(name, Stopwatch.GetElapsedTime(0, workers.Sum(ticks)), TimeSpan.Zero, workers.Sum(bytes));

    private static void Add(ref long counter, ref long start)
    {
        long now = Stopwatch.GetTimestamp();
        counter += now - start;
        start = now;
    }
}
