using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault.Direct;

/// <summary>
/// Counts the bytes of packs that are on this machine and not in the vault yet, and hands sealed ones out to be sent. Whoever begins a pack waits while that would exceed the limit and something is on its way.
/// What waits for the writer alone — packs being filled or sealed — is bounded by the write path to <see cref="OpenPacksMax"/>, so nobody waits for himself. Thread-safe.
/// </summary>
internal sealed class DirectStaging
{
    /// <summary>
    /// Packs that may be open or waiting to be sealed in one writer: two that are filled, two that are full and have ranges outstanding, four in the sealer's queue and one in its hands; and one more, which is about to begin.
    /// </summary>
    public const int OpenPacksMax = 10;

    // A pack's directory comes on top of its records: 4 of 64 MiB in a store of the usual pack size.
    private const int DirectoryShareInverse = 15;

    private readonly long _limitBytes;
    private readonly long _packBytes;
    private readonly object _gate = new();
    private readonly Dictionary<string, long> _open = new(StringComparer.Ordinal);
    private readonly Queue<(SealedFile File, long Bytes)> _waiting = new();
    private long _bytes;
    private int _sending;
    private bool _closed;
    private Exception? _failure;

    /// <summary>Sets the limit.</summary>
    /// <param name="limitBytes">Most bytes.</param>
    /// <param name="packBytes">The store's pack size.</param>
    /// <exception cref="StoreUnusableException">The limit is below <see cref="OpenPacksMax"/> packs.</exception>
    public DirectStaging(long limitBytes, int packBytes)
    {
        (_limitBytes, _packBytes) = (limitBytes, packBytes + (packBytes / DirectoryShareInverse));
        if (limitBytes < _packBytes * OpenPacksMax)
        {
            throw new StoreUnusableException($"Room for {limitBytes} bytes of packs that wait to be sent is too little: this store needs {_packBytes * OpenPacksMax}.");
        }
    }

    /// <summary>Bytes of packs on this machine now.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate)
            {
                return _bytes;
            }
        }
    }

    /// <summary>Most there were at a time.</summary>
    public long BytesPeak { get; private set; }

    /// <summary>Counts a pack that is about to be filled, when there is room for it.</summary>
    /// <exception cref="StoreIoException">What was to be sent could not be.</exception>
    public void Begin(string path, CancellationToken cancellation)
    {
        using CancellationTokenRegistration stop = cancellation.Register(Wake);
        lock (_gate)
        {
            while (_bytes + _packBytes > _limitBytes && _waiting.Count + _sending > 0)
            {
                ThrowIfFailed();
                cancellation.ThrowIfCancellationRequested();
                Monitor.Wait(_gate);
            }

            ThrowIfFailed();
            _open[path] = _packBytes;
            Count(_packBytes);
        }
    }

    /// <summary>Counts a pack by its length, and queues it.</summary>
    /// <param name="path">Its path while it was filled; one that was not begun here is fine.</param>
    /// <param name="file">What it is now.</param>
    /// <param name="bytes">Its length.</param>
    public void Add(string path, SealedFile file, long bytes)
    {
        lock (_gate)
        {
            _open.Remove(path, out long reserved);
            Count(bytes - reserved);
            _waiting.Enqueue((file, bytes));
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Forgets a pack that was given up.</summary>
    public void Drop(string path)
    {
        lock (_gate)
        {
            if (_open.Remove(path, out long reserved))
            {
                Count(-reserved);
                Monitor.PulseAll(_gate);
            }
        }
    }

    /// <summary>Takes the next pack to send; waits for one.</summary>
    /// <returns>False when there will be none: all is sent and <see cref="Close"/> was called, or something failed.</returns>
    public bool TryTake(out SealedFile file, out long bytes)
    {
        lock (_gate)
        {
            while (_failure is null && _waiting.Count == 0 && !_closed)
            {
                Monitor.Wait(_gate);
            }

            if (_failure is not null || _waiting.Count == 0)
            {
                (file, bytes) = (default, 0);
                return false;
            }

            _sending++;
            (file, bytes) = _waiting.Dequeue();
            return true;
        }
    }

    /// <summary>Notes that a pack has been seen to and is not on this machine any more.</summary>
    public void Done(long bytes)
    {
        lock (_gate)
        {
            _sending--;
            Count(-bytes);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Notes that a pack could not be sent: everybody who waits, or comes, gets the cause.</summary>
    public void Fail(Exception cause)
    {
        lock (_gate)
        {
            _sending--;
            _failure ??= cause;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits until everything that was queued has been sent.</summary>
    /// <exception cref="StoreIoException">Something could not be.</exception>
    public void Drain(CancellationToken cancellation)
    {
        using CancellationTokenRegistration stop = cancellation.Register(Wake);
        lock (_gate)
        {
            while (_waiting.Count + _sending > 0)
            {
                ThrowIfFailed();
                cancellation.ThrowIfCancellationRequested();
                Monitor.Wait(_gate);
            }

            ThrowIfFailed();
        }
    }

    /// <summary>Lets those who take end when nothing waits any more.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    private void Wake()
    {
        lock (_gate)
        {
            Monitor.PulseAll(_gate);
        }
    }

    private void Count(long bytes)
    {
        _bytes += bytes;
        BytesPeak = Math.Max(BytesPeak, _bytes);
    }

    private void ThrowIfFailed()
    {
        switch (_failure)
        {
            case null:
                return;
            case OperationCanceledException:
                throw new OperationCanceledException("Sending was stopped.", _failure);
            default:
                throw new StoreIoException(StoreIoFailure.Device, "packs", _failure.Message, _failure);
        }
    }
}
