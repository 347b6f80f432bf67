using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Retention;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Retention;

/// <summary>What a run of retention looks at before it forgets.</summary>
public sealed class RetentionRunTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("retentionrun");
    private readonly HandSetClock _clock = new(new DateTimeOffset(2026, 6, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly BackupStore _store;
    private readonly StateDirectory _state;
    private readonly PolicyBook _book;
    private readonly SnapshotHolds _holds;
    private readonly AlertCentre _alerts;
    private readonly SnapshotGuard _guard;

    public RetentionRunTests()
    {
        _store = BackupStore.Create(new PosixDisk(_scratch["store"]), new StoreOptions(), new StoreSecret.KeyFile(KeyFile.Generate()), "test", new OpenOptions { Time = _clock, BootClock = _clock });
        _state = new StateDirectory(_scratch["state"]);
        _book = new PolicyBook(_state, _clock);
        _holds = new SnapshotHolds(_state, _clock);
        _alerts = new AlertCentre(_scratch["alerts.db"], "test", () => [], Assert.Fail, _clock);
        _guard = new SnapshotGuard(new SnapshotWatch(_alerts, _holds), new LockWatch(_state, _clock, _alerts), id => id);
        Assert.Empty(_book.Set("""{"name": "p", "sources": ["/x"], "schedule": {"every": "1d"}, "retention": {"last": 1}}""", 0, "test").Errors);
        Assert.Empty(_book.Assign("p", "n", follows: true).Errors);
    }

    public void Dispose()
    {
        _alerts.Dispose();
        _store.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void An_anomaly_that_nobody_has_seen_yet_holds_the_good_restore_points()
    {
        SnapshotRecord[] good = [.. Enumerable.Range(0, 10).Select(_ => Make(newBytes: 10_000_000, changed: 20, storedShare: 0.5))];
        SnapshotRecord bad = Make(newBytes: 1_000_000_000, changed: 1000, storedShare: 1);
        Assert.Equal(0, Forget());
        Assert.Equal([.. good.Select(record => record.Id), bad.Id], _store.Snapshots().Records.Select(record => record.Id));
        _holds.Release("n");
        Assert.Equal(10, Forget());
        Assert.Equal(bad.Id, Assert.Single(_store.Snapshots().Records).Id);
    }

    [Fact]
    public void A_lock_that_was_taken_off_is_back_before_anything_goes()
    {
        SnapshotRecord locked = Make(newBytes: 0, changed: 0, storedShare: 1);
        _store.LockSnapshot(locked, TimeSpan.FromDays(9));
        Make(newBytes: 0, changed: 0, storedShare: 1);
        Assert.Equal(0, Forget());
        File.Delete(_scratch[$"store/retention/{locked.Id}.lock"]);
        Assert.Equal(0, Forget());
        Assert.Contains(_alerts.List(withCleared: false, 10), alert => alert.Event.Kind == AlertKind.LockTampering);
        _clock.Pass(TimeSpan.FromDays(10));
        Assert.Equal(1, Forget());
    }

    [Fact]
    public void A_damaged_record_or_copy_of_the_locks_stops_it()
    {
        Make(newBytes: 0, changed: 0, storedShare: 1);
        SnapshotRecord newest = Make(newBytes: 0, changed: 0, storedShare: 1);
        File.WriteAllText(_scratch["state/locks.json"], "{");
        Assert.Throws<InvalidDataException>(() => Forget());
        File.Delete(_scratch["state/locks.json"]);
        string file = _scratch[$"store/snapshots/{newest.Id}.snap"];
        byte[] content = File.ReadAllBytes(file);
        File.WriteAllBytes(file, content[..^1]);
        Assert.Throws<StoreDamagedException>(() => Forget());
        Assert.Equal(2, Directory.GetFiles(_scratch["store/snapshots"]).Length);
        File.WriteAllBytes(file, content);
        Assert.Equal(1, Forget());
    }

    private int Forget() => RetentionRun.Forget(_store, _book, _holds, _guard, _clock.GetUtcNow(), CancellationToken.None);

    private SnapshotRecord Make(long newBytes, long changed, double storedShare)
    {
        _clock.Pass(TimeSpan.FromDays(1));
        using StoreWriter writer = _store.OpenWriter(new WriterOptions { Workers = 0, Time = _clock });
        return writer.Commit(new SnapshotDraft
        {
            Host = "h",
            NodeId = "n",
            Sources = ["/x"],
            Tags = [RetentionRun.TagOf("p")],
            StartedUtc = _clock.GetUtcNow(),
            Root = ContentRef.Empty,
            Counts = new SnapshotCounts { Files = 1000, FilesChanged = changed, Bytes = 1_000_000_000, NewBytes = newBytes, StoredBytes = (long)(newBytes * storedShare) },
        });
    }
}
