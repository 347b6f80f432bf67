namespace GatewayOS.Store.Profiling;

/// <summary>Collects the counters of all threads of a job. Thread-safe.</summary>
public sealed class StageProfile
{
    private readonly List<StageCounters> _threads = [];

    /// <summary>Makes counters for one thread.</summary>
    public StageCounters NewCounters()
    {
        var counters = new StageCounters();
        lock (_threads)
        {
            _threads.Add(counters);
        }

        return counters;
    }

    /// <summary>The sums now; cheap enough to poll.</summary>
    public IReadOnlyList<StageStatistics> Stages
    {
        get
        {
            lock (_threads)
            {
                return StageCounters.Sum(_threads);
            }
        }
    }
}
