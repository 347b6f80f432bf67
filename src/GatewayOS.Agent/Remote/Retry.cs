using GatewayOS.Agent.Connection;
using Grpc.Core;

namespace GatewayOS.Agent.Remote;

/// <summary>Waits between attempts to reach the appliance: half a second, doubled up to half a minute, for ten minutes in all.</summary>
internal sealed class Retry(TimeProvider time, CancellationToken cancellation)
{
    public static readonly TimeSpan PatienceMax = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_first = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_last = TimeSpan.FromSeconds(30);

    private long? _since;
    private TimeSpan _next = s_first;

    /// <summary>It works again.</summary>
    public void Succeeded() => (_since, _next) = (null, s_first);

    /// <summary>Waits before the next attempt.</summary>
    /// <returns>False when the error is none that passes, or patience is at an end.</returns>
    public bool WaitAfter(RpcException error)
    {
        _since ??= time.GetTimestamp();
        if (!ApplianceConnection.IsRetryable(error.StatusCode) || cancellation.IsCancellationRequested || time.GetElapsedTime(_since.Value) > PatienceMax)
        {
            return false;
        }

        bool ended = cancellation.WaitHandle.WaitOne(_next);
        _next = _next * 2 < s_last ? _next * 2 : s_last;
        return !ended;
    }
}
