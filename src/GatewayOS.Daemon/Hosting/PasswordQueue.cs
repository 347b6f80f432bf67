using Grpc.Core;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// Where passwords are stretched: one at a time, because each takes 64 MiB and a core, on a thread of its own. Who asks while too many wait is
/// turned away, so that guessing cannot slow the appliance down.
/// </summary>
internal sealed class PasswordQueue : IDisposable
{
    private const int WaitingMax = 16;

    private readonly DataWorkers _worker = new("passwords", threads: 1);
    private int _waiting;

    public async Task<T> RunAsync<T>(Func<T> function)
    {
        try
        {
            return Interlocked.Increment(ref _waiting) <= WaitingMax
                ? await _worker.RunAsync(function).ConfigureAwait(false)
                : throw new RpcException(new Status(StatusCode.ResourceExhausted, "Too many logins wait. Try again in a few seconds."));
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    public void Dispose() => _worker.Dispose();
}
