using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Tests.Retention;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Alerts;

/// <summary>Somebody who writes to the store's disk takes locks off: it is noticed, told and put back.</summary>
public sealed class LockWatchTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("lockwatch");
    private readonly HandSetClock _clock = new(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly AlertSinkProbe _sink = new();
    private readonly BackupStore _store;
    private readonly SnapshotRecord _snapshot;

    public LockWatchTests()
    {
        _store = BackupStore.Create(new PosixDisk(_scratch["store"]), new StoreOptions(), new StoreSecret.KeyFile(KeyFile.Generate()), "test", new OpenOptions { Time = _clock, BootClock = _clock });
        using StoreWriter writer = _store.OpenWriter(new WriterOptions { Workers = 0, Time = _clock });
        _snapshot = writer.Commit(new SnapshotDraft { Host = "h", NodeId = "n", Sources = ["/"], StartedUtc = _clock.GetUtcNow(), Root = ContentRef.Empty });
        _store.LockSnapshot(_snapshot, TimeSpan.FromDays(30));
        Look();
        Assert.Empty(_sink.All);
    }

    private string LockFile => _scratch[$"store/retention/{_snapshot.Id}.lock"];

    public void Dispose()
    {
        _store.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void A_lock_that_was_removed_or_shortened_is_put_back()
    {
        File.Delete(LockFile);
        _clock.Pass(TimeSpan.FromDays(1));
        Look();
        Assert.Contains("put back", Assert.Single(_sink.All).Summary, StringComparison.Ordinal);
        Assert.Throws<StoreUnusableException>(() => _store.DeleteSnapshot(_snapshot));
        Assert.InRange(_store.LockOf(_snapshot)!.Until - _clock.GetUtcNow(), TimeSpan.FromDays(28.9), TimeSpan.FromDays(29.1));
        File.WriteAllText(LockFile, File.ReadAllText(LockFile).Replace("2026-", "2025-", StringComparison.Ordinal));
        Look();
        Assert.Equal(2, _sink.Raised);
        Assert.Throws<StoreUnusableException>(() => _store.DeleteSnapshot(_snapshot));
        _clock.Pass(TimeSpan.FromDays(30));
        Look();
        Assert.Empty(_sink.All);
        _store.DeleteSnapshot(_snapshot);
    }

    [Fact]
    public void A_count_of_time_that_was_moved_on_is_noticed()
    {
        string mark = _scratch["store/retention/clock.json"];
        File.WriteAllText(mark, File.ReadAllText(mark).Replace("2026-", "2036-", StringComparison.Ordinal));
        Look();
        Assert.Equal("store clock", Assert.Single(_sink.All).Subject);
        Assert.Throws<StoreUnusableException>(() => _store.DeleteSnapshot(_snapshot));
        _clock.Pass(TimeSpan.FromDays(30));
        _store.DeleteSnapshot(_snapshot);
    }

    [Fact]
    public void A_locked_restore_point_that_is_gone_is_told_of()
    {
        File.Delete(_scratch[$"store/snapshots/{_snapshot.Id}.snap"]);
        File.Delete(LockFile);
        Look();
        Assert.Contains("is gone", Assert.Single(_sink.All).Summary, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lock_that_cannot_be_read_is_told_of_and_cleared_when_it_can()
    {
        string good = File.ReadAllText(LockFile);
        File.WriteAllText(LockFile, good[..20]);
        Look();
        Assert.Equal(AlertKind.LockTampering, Assert.Single(_sink.All).Kind);
        File.WriteAllText(LockFile, good);
        Look();
        Assert.Empty(_sink.All);
    }

    // As after a restart: what it knows is on disk.
    private void Look() => new LockWatch(new StateDirectory(_scratch["state"]), _clock, _sink).Look(_store, _store.KnownSnapshots());
}
