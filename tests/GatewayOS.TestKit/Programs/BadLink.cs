using System.Net;
using System.Net.Sockets;

namespace GatewayOS.TestKit.Programs;

/// <summary>
/// A TCP link that is as bad as a test wants: late, slow, silent or cut. Stands between two programs as an address of its own; what runs through it
/// stays encrypted. Does what tc-netem(8) does, on kernels without it.
/// </summary>
public sealed class BadLink : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Lock _gate = new();
    private readonly HashSet<TcpClient> _open = [];
    private TaskCompletionSource _passes = new();
    private volatile IPEndPoint _target;
    private volatile bool _refuses;

    /// <summary>Makes a link.</summary>
    /// <param name="target">Where it leads.</param>
    public BadLink(string target)
    {
        _target = IPEndPoint.Parse(target);
        _passes.SetResult();
        _listener.Start();
        Address = _listener.LocalEndpoint.ToString()!;
        _ = AcceptAsync();
    }

    /// <summary>Its own address.</summary>
    public string Address { get; }

    /// <summary>How late bytes arrive, in milliseconds.</summary>
    public int DelayMs { get; set; }

    /// <summary>How many bytes a second pass, each way of each connection; 0 for no limit.</summary>
    public int BytesPerSecond { get; set; }

    /// <summary>Cuts it.</summary>
    /// <param name="silently">True swallows nothing and passes nothing on; false resets what is open and refuses what is new.</param>
    public void Cut(bool silently)
    {
        lock (_gate)
        {
            if (silently)
            {
                _passes = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return;
            }

            _refuses = true;
            foreach (TcpClient client in _open)
            {
                // With a reset, not a farewell.
                client.Client?.Close(0);
                client.Dispose();
            }

            _open.Clear();
        }
    }

    /// <summary>Has it lead elsewhere, from the next connection on: what a name's new address or a balancer does.</summary>
    public void LeadTo(string target) => _target = IPEndPoint.Parse(target);

    /// <summary>Mends it.</summary>
    public void Mend()
    {
        lock (_gate)
        {
            _refuses = false;
            _passes.TrySetResult();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _listener.Stop();
        Mend();
        Cut(silently: false);
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            TcpClient near;
            try
            {
                near = await _listener.AcceptTcpClientAsync(_end.Token).ConfigureAwait(false);
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                return;
            }

            _ = ServeAsync(near);
        }
    }

    private async Task ServeAsync(TcpClient near)
    {
        using var far = new TcpClient { NoDelay = true };
        near.NoDelay = true;
        try
        {
            if (_refuses)
            {
                return;
            }

            await far.ConnectAsync(_target, _end.Token).ConfigureAwait(false);
            lock (_gate)
            {
                _open.Add(near);
                _open.Add(far);
            }

            await Task.WhenAny(PassAsync(near.GetStream(), far.GetStream()), PassAsync(far.GetStream(), near.GetStream())).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // A broken link is what this is for.
        }
        finally
        {
            near.Dispose();
            lock (_gate)
            {
                _open.Remove(near);
                _open.Remove(far);
            }
        }
    }

    private async Task PassAsync(NetworkStream from, NetworkStream to)
    {
        byte[] buffer = new byte[64 * 1024];
        while (await from.ReadAsync(buffer, _end.Token).ConfigureAwait(false) is int read and > 0)
        {
            double seconds = (DelayMs / 1000.0) + (BytesPerSecond > 0 ? (double)read / BytesPerSecond : 0);
            if (seconds > 0)
            {
                await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System, _end.Token).ConfigureAwait(false);
            }

            await _passes.Task.ConfigureAwait(false);
            await to.WriteAsync(buffer.AsMemory(0, read), _end.Token).ConfigureAwait(false);
        }
    }
}
