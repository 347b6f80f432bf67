using GatewayOS.Appliance.Ingest;

namespace GatewayOS.Web.Overview;

/// <summary>How fast bytes come in, from one look to the next. Thread-safe.</summary>
internal sealed class WireRate(TimeProvider time)
{
    /// <summary>Looks that are closer together give the same answer: a shorter time says little.</summary>
    public static readonly TimeSpan LookMin = TimeSpan.FromSeconds(1);

    /// <summary>What was seen longer ago says nothing about now.</summary>
    public static readonly TimeSpan LookMax = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private Dictionary<Guid, long> _before = [];
    private long _lookedAt;
    private double? _rate;

    /// <summary>Looks.</summary>
    /// <returns>Bytes a second since the last look; null when that is too long ago to say.</returns>
    public double? Of(IReadOnlyList<IngestSession> runs)
    {
        lock (_gate)
        {
            TimeSpan elapsed = _lookedAt == 0 ? TimeSpan.MaxValue : time.GetElapsedTime(_lookedAt);
            if (elapsed < LookMin)
            {
                return _rate;
            }

            var now = runs.ToDictionary(run => run.Id, run => run.ReceivedBytes);
            long bytes = now.Sum(run => run.Value - _before.GetValueOrDefault(run.Key));
            _rate = elapsed > LookMax ? null : bytes / elapsed.TotalSeconds;
            (_before, _lookedAt) = (now, time.GetTimestamp());
            return _rate;
        }
    }
}
