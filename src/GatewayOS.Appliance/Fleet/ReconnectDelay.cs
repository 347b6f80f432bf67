namespace GatewayOS.Appliance.Fleet;

/// <summary>
/// How long to wait before the control plane is dialled again: a second, doubled up to five minutes, and of that a random part. When it comes back after an
/// outage, not all appliances come at once. For one thread.
/// </summary>
/// <param name="seed">Of the randomness: a hash of what tells appliances apart, for neighbouring seeds give similar waits.</param>
public sealed class ReconnectDelay(int seed)
{
    /// <summary>Longest wait after the first failure.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(1);

    /// <summary>Longest wait at all.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromMinutes(5);

    private readonly Random _random = new(seed);
    private TimeSpan _most = First;

    /// <summary>The conversation got on: the next failure is the first again.</summary>
    public void Reset() => _most = First;

    /// <summary>How long to wait now, from half of the present most to all of it.</summary>
    public TimeSpan Next()
    {
        TimeSpan wait = _most * (0.5 + (_random.NextDouble() / 2));
        _most = _most * 2 < Max ? _most * 2 : Max;
        return wait;
    }
}
