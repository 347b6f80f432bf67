using GatewayOS.Store.Profiling;

namespace GatewayOS.Store.Pipeline;

/// <summary>What one worker or lane spends its time on and gets done: written by its thread alone and read by anyone.</summary>
internal sealed class WriterCounters(StageCounters stages)
{
    private long _plainBytes;
    private long _chunks;
    private long _newBytes;
    private long _newChunks;
    private long _storedBytes;

    /// <summary>Where its time is counted.</summary>
    public StageCounters Stages => stages;

    public void Named(ref long start, long bytes, int chunks)
    {
        stages.Busy(Stage.Hash, ref start, bytes);
        _plainBytes += bytes;
        _chunks += chunks;
    }

    public void LookedUp(ref long start) => stages.Busy(Stage.LookUp, ref start);

    public void Compressed(ref long start, int plainBytes)
    {
        stages.Busy(Stage.Compress, ref start, plainBytes);
        _newBytes += plainBytes;
        _newChunks++;
    }

    public void Sealed(ref long start, int bytes) => stages.Busy(Stage.Encrypt, ref start, bytes);

    public void Written(ref long start, int bytes)
    {
        stages.Busy(Stage.Write, ref start, bytes);
        _storedBytes += bytes;
    }

    /// <summary>Counts the completing of files, less the ticks that storing directories has counted elsewhere.</summary>
    public void Completed(ref long start, long countedElsewhere)
    {
        stages.Busy(Stage.Complete, ref start);
        stages.TakeOff(Stage.Complete, countedElsewhere);
    }

    /// <summary>Counts waiting for a batch: the work begins with hashing it.</summary>
    public void Stalled(ref long start) => stages.Stalled(Stage.Hash, ref start);

    /// <summary>Sums the counters of all workers.</summary>
    public static WriterStatistics Sum(IReadOnlyList<WriterCounters> workers, StageProfile profile) => new()
    {
        PlainBytes = workers.Sum(worker => worker._plainBytes),
        Chunks = workers.Sum(worker => worker._chunks),
        NewChunks = workers.Sum(worker => worker._newChunks),
        NewBytes = workers.Sum(worker => worker._newBytes),
        StoredBytes = workers.Sum(worker => worker._storedBytes),
        Stages = profile.Stages,
    };
}
