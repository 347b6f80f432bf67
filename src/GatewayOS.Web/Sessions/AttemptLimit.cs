using System.Net;
using System.Net.Sockets;

namespace GatewayOS.Web.Sessions;

/// <summary>Counts failures by where they come from, and says when there were enough. Thread-safe.</summary>
/// <param name="failuresMax">So many are let pass within the window.</param>
/// <param name="window">The window.</param>
/// <param name="time">The clock.</param>
internal sealed class AttemptLimit(int failuresMax, TimeSpan window, TimeProvider time)
{
    /// <summary>Most origins that are kept; beyond, the one that failed longest ago is forgotten.</summary>
    public const int OriginsMax = 10_000;

    private const int NetworkBytes = 8;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<long>> _failures = new(StringComparer.Ordinal);

    /// <summary>The origin of a request: its address; of IPv6 the network, whose addresses one machine can have all.</summary>
    public static string OriginOf(HttpContext http)
    {
        if (http.Connection.RemoteIpAddress is not { } address)
        {
            return "";
        }

        return address is { AddressFamily: AddressFamily.InterNetworkV6, IsIPv4MappedToIPv6: false }
            ? new IPAddress([.. address.GetAddressBytes().Take(NetworkBytes), .. new byte[NetworkBytes]]).ToString()
            : address.ToString();
    }

    /// <summary>How long an origin has to wait before it may try.</summary>
    /// <returns>Null when it may now.</returns>
    public TimeSpan? WaitOf(string origin)
    {
        lock (_gate)
        {
            return Recent(origin) is { } recent && recent.Count >= failuresMax ? window - time.GetElapsedTime(recent.Peek()) : null;
        }
    }

    /// <summary>Counts a failure.</summary>
    public void Failed(string origin)
    {
        lock (_gate)
        {
            if (!_failures.TryGetValue(origin, out Queue<long>? failures))
            {
                if (_failures.Count >= OriginsMax)
                {
                    _failures.Remove(_failures.MinBy(pair => pair.Value.Last()).Key);
                }

                _failures.Add(origin, failures = new Queue<long>());
            }

            failures.Enqueue(time.GetTimestamp());
            if (failures.Count > failuresMax)
            {
                failures.Dequeue();
            }
        }
    }

    /// <summary>Forgets an origin's failures.</summary>
    public void Succeeded(string origin)
    {
        lock (_gate)
        {
            _failures.Remove(origin);
        }
    }

    // Under the gate.
    private Queue<long>? Recent(string origin)
    {
        if (!_failures.TryGetValue(origin, out Queue<long>? failures))
        {
            return null;
        }

        while (failures.TryPeek(out long oldest) && time.GetElapsedTime(oldest) >= window)
        {
            failures.Dequeue();
        }

        if (failures.Count == 0)
        {
            _failures.Remove(origin);
            return null;
        }

        return failures;
    }
}
