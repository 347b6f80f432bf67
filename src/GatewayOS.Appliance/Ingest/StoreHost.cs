using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Pipeline;

namespace GatewayOS.Appliance.Ingest;

/// <summary>
/// The appliance's store, opened once for all who use it. An opened store is a session that keeps gc from deleting what it might read
/// (LOCKING.md), so no opening lasts for ever: after <see cref="OpeningAgeMax"/> new users get a new one, and the old one is closed with its
/// last user. A store that failed is likewise replaced.
/// </summary>
public sealed class StoreHost : IDisposable
{
    /// <summary>Age after which an opening takes no new users.</summary>
    public static readonly TimeSpan OpeningAgeMax = TimeSpan.FromHours(1);

    /// <summary>How long an opening stays when nobody uses it.</summary>
    public static readonly TimeSpan IdleMax = TimeSpan.FromSeconds(20);

    private readonly Func<BackupStore> _open;
    private readonly WriterOptions _options;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private Opening? _current;
    private bool _disposed;

    /// <summary>Makes a host; the store is opened when it is first needed.</summary>
    /// <param name="open">Opens the store.</param>
    /// <param name="options">How its writer works.</param>
    /// <param name="time">The clock.</param>
    public StoreHost(Func<BackupStore> open, WriterOptions options, TimeProvider time)
    {
        (_open, _options, _time) = (open, options, time);
        _timer = time.CreateTimer(_ => CloseIdle(), null, IdleMax, IdleMax);
    }

    /// <summary>Takes the store for a while. Dispose of the lease soon: hours, not days.</summary>
    public StoreLease Lease()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_current is { } old && (_time.GetElapsedTime(old.OpenedAt) > OpeningAgeMax || old.HasFailed))
            {
                Retire(old);
            }

            _current ??= new Opening(_open(), _options, _time.GetTimestamp());
            _current.Users++;
            return new StoreLease(this, _current);
        }
    }

    /// <summary>Makes a key that opens the store, and gives it out this once. Reads and writes the store's key slots: seconds.</summary>
    /// <param name="label">What it is called, up to <see cref="KeySlotInfo.LabelLengthMax"/> characters.</param>
    public (StoreSecret.Recovery Secret, KeySlotInfo Slot) AddRecoveryKey(string label)
    {
        var secret = StoreSecret.Recovery.Generate();
        using StoreLease lease = Lease();
        return (secret, lease.Store.AddKeySlot(secret, label));
    }

    /// <summary>Makes durable what the writer has taken, if the store is open and has one. Opens nothing.</summary>
    public void FlushOpened()
    {
        using StoreLease? lease = LeaseOpened();
        if (lease is { HasWriter: true })
        {
            lease.Writer.Flush();
        }
    }

    /// <summary>Takes the store if it is open.</summary>
    /// <returns>Null when it is not: it is not opened for that.</returns>
    public StoreLease? LeaseOpened()
    {
        lock (_gate)
        {
            if (_disposed || _current is not { } opened)
            {
                return null;
            }

            opened.Users++;
            return new StoreLease(this, opened);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _disposed = true;
            if (_current is { } current)
            {
                Retire(current);
            }
        }
    }

    internal void Return(Opening opening)
    {
        lock (_gate)
        {
            opening.Users--;
            opening.IdleSince = _time.GetTimestamp();
            if (opening.Users == 0 && opening.IsRetired)
            {
                opening.Close();
            }
        }
    }

    private void CloseIdle()
    {
        lock (_gate)
        {
            if (_current is { Users: 0 } idle && _time.GetElapsedTime(idle.IdleSince) >= IdleMax)
            {
                Retire(idle);
            }
        }
    }

    private void Retire(Opening opening)
    {
        _current = null;
        opening.IsRetired = true;
        if (opening.Users == 0)
        {
            opening.Close();
        }
    }

    internal sealed class Opening(BackupStore store, WriterOptions options, long openedAt)
    {
        private readonly Lazy<StoreWriter> _writer = new(() => store.OpenWriter(options));

        public BackupStore Store { get; } = store;

        public StoreWriter Writer => _writer.Value;

        public long OpenedAt { get; } = openedAt;

        public long IdleSince { get; set; } = openedAt;

        public int Users { get; set; }

        public bool IsRetired { get; set; }

        public bool HasWriter => _writer.IsValueCreated;

        public bool HasFailed => _writer is { IsValueCreated: true, Value.HasFailed: true };

        public void Close()
        {
            if (_writer.IsValueCreated)
            {
                _writer.Value.Dispose();
            }

            Store.Dispose();
        }
    }
}

/// <summary>The right to use the store until disposal.</summary>
public sealed class StoreLease : IDisposable
{
    private readonly StoreHost _host;
    private readonly StoreHost.Opening _opening;
    private int _returned;

    internal StoreLease(StoreHost host, StoreHost.Opening opening) => (_host, _opening) = (host, opening);

    /// <summary>The store; borrowed.</summary>
    public BackupStore Store => _opening.Store;

    /// <summary>True when the writer is open already.</summary>
    public bool HasWriter => _opening.HasWriter;

    /// <summary>The writer that all sessions share; borrowed. Opened on first use.</summary>
    public StoreWriter Writer => _opening.Writer;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _returned, 1) == 0)
        {
            _host.Return(_opening);
        }
    }
}
