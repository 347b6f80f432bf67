namespace GatewayOS.Appliance.Ingest;

/// <summary>What the data path does.</summary>
/// <param name="InHand">Groups of chunks between received and stored.</param>
/// <param name="Completed">Groups that are through, since the start.</param>
public readonly record struct DataProgress(long InHand, long Completed);

/// <summary>Counts it.</summary>
internal sealed class DataProgressCounter
{
    private long _begun;
    private long _ended;

    public DataProgress Now
    {
        get
        {
            long ended = Interlocked.Read(ref _ended);
            return new DataProgress(Interlocked.Read(ref _begun) - ended, ended);
        }
    }

    public void Begin() => Interlocked.Increment(ref _begun);

    public void End() => Interlocked.Increment(ref _ended);
}
