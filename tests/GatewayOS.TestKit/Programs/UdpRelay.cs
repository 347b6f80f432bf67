using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace GatewayOS.TestKit.Programs;

/// <summary>
/// The net between two ends that speak UDP, as bad as a test wants: lossy, late, slow, cut, silent about what is too large. Does what tc-netem(8) and a router without ICMP do, on kernels without them, and
/// with a seed. Hides the ends' addresses from each other as a router with address translation does.
/// </summary>
public sealed class UdpRelay : IDisposable
{
    private const int QueueMax = 1000;
    private const int DatagramMax = 65536;
    private const int SocketBufferBytes = 4 * 1024 * 1024;
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(2);

    private readonly NetworkSpace _space;
    private readonly IPEndPoint _target;
    private readonly Random _random;
    private readonly Socket _near;
    private readonly ConcurrentDictionary<EndPoint, Socket> _far = new();
    private readonly Lane _out = new();
    private readonly Lane _back = new();
    private readonly CancellationTokenSource _end = new();
    private long _passed;

    /// <summary>Starts it.</summary>
    /// <param name="space">Where it stands.</param>
    /// <param name="port">Where it listens, on all addresses there.</param>
    /// <param name="target">Where it leads.</param>
    /// <param name="seed">Chooses what is lost.</param>
    public UdpRelay(NetworkSpace space, int port, string target, int seed)
    {
        (_space, _target, _random) = (space, IPEndPoint.Parse(target), new Random(seed));
        _near = MakeSocket(socket => socket.Bind(new IPEndPoint(IPAddress.Any, port)));
        _ = AcceptAsync();
        _ = _out.PumpAsync(_end.Token);
        _ = _back.PumpAsync(_end.Token);
    }

    /// <summary>How many datagrams of a hundred are lost, each way.</summary>
    public int LossPercent { get; set; }

    /// <summary>How late they arrive, in milliseconds, each way.</summary>
    public int DelayMs { get; set; }

    /// <summary>Longer ones vanish; in bytes of UDP payload, 0 for no limit.</summary>
    public int DatagramBytesMax { get; set; }

    /// <summary>How many bytes a second pass, each way; 0 for no limit.</summary>
    public int BytesPerSecond { get; set; }

    /// <summary>True while nothing passes.</summary>
    public bool IsCut { get; set; }

    /// <summary>Bytes that have passed, both ways.</summary>
    public long PassedBytes => Interlocked.Read(ref _passed);

    /// <summary>From here on the near ends seem to be elsewhere, as after a router got another address.</summary>
    public void ChangeSource()
    {
        foreach (EndPoint client in _far.Keys)
        {
            if (_far.TryRemove(client, out Socket? far))
            {
                far.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _near.Dispose();
        ChangeSource();
    }

    private Socket MakeSocket(Action<Socket> prepare) => _space.Enter(() =>
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = SocketBufferBytes, SendBufferSize = SocketBufferBytes };
        prepare(socket);
        return socket;
    });

    private async Task AcceptAsync()
    {
        byte[] buffer = new byte[DatagramMax];
        while (!_end.IsCancellationRequested)
        {
            try
            {
                SocketReceiveFromResult got = await _near.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), _end.Token).ConfigureAwait(false);
                Socket far = _far.GetOrAdd(got.RemoteEndPoint, Connect);
                Pass(_out, buffer.AsSpan(0, got.ReceivedBytes), datagram => far.Send(datagram));
            }
            catch (SocketException)
            {
                // The other end is not there, or was told so: the next datagram.
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                // Ended, or the source was just changed.
            }
        }
    }

    private Socket Connect(EndPoint client)
    {
        Socket far = MakeSocket(socket => socket.Connect(_target));
        _ = ReturnAsync(far, client);
        return far;
    }

    private async Task ReturnAsync(Socket far, EndPoint client)
    {
        byte[] buffer = new byte[DatagramMax];
        while (!_end.IsCancellationRequested)
        {
            try
            {
                int length = await far.ReceiveAsync(buffer, _end.Token).ConfigureAwait(false);
                Pass(_back, buffer.AsSpan(0, length), datagram => _near.SendTo(datagram, client));
            }
            catch (SocketException error) when (error.SocketErrorCode != SocketError.OperationAborted)
            {
                // As above.
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                return;
            }
        }
    }

    private void Pass(Lane lane, ReadOnlySpan<byte> datagram, Action<byte[]> send)
    {
        bool isLost;
        lock (_random)
        {
            isLost = _random.Next(100) < LossPercent;
        }

        if (isLost || IsCut || (DatagramBytesMax > 0 && datagram.Length > DatagramBytesMax))
        {
            return;
        }

        Interlocked.Add(ref _passed, datagram.Length);
        lane.Add(datagram.ToArray(), DelayMs, BytesPerSecond, send);
    }

    /// <summary>A direction: what came first leaves first.</summary>
    private sealed class Lane
    {
        private readonly Channel<(TimeSpan Due, byte[] Datagram, Action<byte[]> Send)> _queue = Channel.CreateBounded<(TimeSpan, byte[], Action<byte[]>)>(new BoundedChannelOptions(QueueMax) { FullMode = BoundedChannelFullMode.DropWrite });
        private readonly Lock _gate = new();
        private readonly long _begun = Stopwatch.GetTimestamp();
        private TimeSpan _free;

        public void Add(byte[] datagram, int delayMs, int bytesPerSecond, Action<byte[]> send)
        {
            lock (_gate)
            {
                TimeSpan now = Stopwatch.GetElapsedTime(_begun);
                _free = (_free > now ? _free : now) + (bytesPerSecond > 0 ? TimeSpan.FromSeconds((double)datagram.Length / bytesPerSecond) : TimeSpan.Zero);
                _queue.Writer.TryWrite((_free + TimeSpan.FromMilliseconds(delayMs), datagram, send));
            }
        }

        public async Task PumpAsync(CancellationToken end)
        {
            try
            {
                await foreach ((TimeSpan due, byte[] datagram, Action<byte[]> send) in _queue.Reader.ReadAllAsync(end).ConfigureAwait(false))
                {
                    TimeSpan wait = due - Stopwatch.GetElapsedTime(_begun);
                    if (wait > s_shortest)
                    {
                        await Task.Delay(wait, TimeProvider.System, end).ConfigureAwait(false);
                    }

                    Send(datagram, send);
                }
            }
            catch (OperationCanceledException)
            {
                // The end.
            }
        }

        private static void Send(byte[] datagram, Action<byte[]> send)
        {
            try
            {
                send(datagram);
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // A link that is down loses what is sent.
            }
        }
    }
}
