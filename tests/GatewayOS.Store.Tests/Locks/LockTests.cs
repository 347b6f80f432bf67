using FsCheck;
using FsCheck.Fluent;
using GatewayOS.Store.Locks;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Locks;

/// <summary>Locks on snapshots hold against everybody and every setting of the clock.</summary>
public sealed class LockTests
{
    private static readonly DateTimeOffset s_start = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void No_setting_of_the_clock_and_no_restart_brings_trusted_time_ahead()
    {
        // Steps of an adversary: run for a while, restart after a while, and set the clock to anything at any time.
        Gen<(int RunMinutes, int OffMinutes, int WallMinutes)> step =
            from run in Gen.Choose(0, 5000)
            from off in Gen.Frequency((2, Gen.Constant(-1)), (1, Gen.Choose(0, 20_000)))
            from wall in Gen.OneOf(Gen.Choose(-10_000_000, 10_000_000), Gen.Choose(-60, 60))
            select (run, off, wall);
        Property property = Prop.ForAll(step.ArrayOf().ToArbitrary(), steps =>
        {
            var clock = new Clocks();
            TrustedMark mark = TrustedTime.Begin(clock.Read(), null);
            TimeSpan run = TimeSpan.Zero;
            foreach ((int runMinutes, int offMinutes, int wallMinutes) in steps)
            {
                clock.Set(wallMinutes);
                clock.Run(TimeSpan.FromMinutes(runMinutes));
                run += TimeSpan.FromMinutes(runMinutes);
                if (offMinutes >= 0)
                {
                    clock.Restart(TimeSpan.FromMinutes(offMinutes));
                    clock.Set(wallMinutes);
                }

                TrustedMark next = TrustedTime.Advance(mark, clock.Read());
                if (next.Trusted < mark.Trusted || next.Trusted - s_start > run * (1 + (1.0 / TrustedTime.RunPerMadeUp)) + TimeSpan.FromSeconds(1))
                {
                    return false;
                }

                mark = next;
            }

            return true;
        });
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(500), property);
    }

    [Fact]
    public void Time_off_that_was_real_counts_in_the_end_and_never_more()
    {
        var clock = new Clocks();
        TrustedMark mark = TrustedTime.Begin(clock.Read(), null);
        for (int day = 0; day < 200; day++)
        {
            clock.Run(TimeSpan.FromHours(23.5));
            mark = TrustedTime.Advance(mark, clock.Read());
            clock.Restart(TimeSpan.FromHours(0.5));
            mark = TrustedTime.Advance(mark, clock.Read());
            Assert.True(mark.Trusted <= clock.Read().Wall);
        }

        Assert.True(clock.Read().Wall - mark.Trusted < TimeSpan.FromHours(1));
    }

    [Fact]
    public void A_locked_snapshot_cannot_be_removed_before_its_time()
    {
        using var test = new TestStore();
        var clock = new Clocks();
        SnapshotRecord snapshot;
        using (BackupStore store = Open(test, clock))
        {
            snapshot = TestStore.Commit(store, ("file", [1, 2, 3]));
            Assert.Equal(s_start.AddDays(30), store.LockSnapshot(snapshot, TimeSpan.FromDays(30)).Until);
            Assert.Equal(s_start.AddDays(30), store.LockSnapshot(snapshot, TimeSpan.FromDays(1)).Until);
            Refused(store, snapshot);
        }

        // Set far ahead, while running and across a restart; set back; without the clock's file.
        clock.Set(10 * 365 * 24 * 60);
        RefusedAnew(test, clock, snapshot);
        clock.Restart(TimeSpan.FromMinutes(5));
        RefusedAnew(test, clock, snapshot);
        clock.Set(-10 * 365 * 24 * 60);
        RefusedAnew(test, clock, snapshot);
        File.Delete(test.PathOf("retention/clock.json"));
        clock.Set(10 * 365 * 24 * 60);
        RefusedAnew(test, clock, snapshot);

        // What cannot be read is not taken for no lock.
        string path = test.PathOf($"retention/{snapshot.Id}.lock");
        string good = File.ReadAllText(path);
        File.WriteAllText(path, good[..20]);
        using (BackupStore store = Open(test, clock))
        {
            Assert.Throws<StoreDamagedException>(() => store.DeleteSnapshot(snapshot));
        }

        File.WriteAllText(path, good);
        clock.Run(TimeSpan.FromDays(31));
        using (BackupStore store = Open(test, clock))
        {
            Assert.Empty(store.HoldingLocks());
            store.DeleteSnapshot(snapshot);
            Assert.Empty(store.Snapshots().Records);
            Assert.Null(store.LockOf(snapshot));
        }
    }

    private static BackupStore Open(TestStore test, Clocks clock) => BackupStore.Open(test.Posix, TestStore.Secret, new OpenOptions { BootClock = clock });

    private static void RefusedAnew(TestStore test, Clocks clock, SnapshotRecord snapshot)
    {
        using BackupStore store = Open(test, clock);
        Refused(store, snapshot);
    }

    private static void Refused(BackupStore store, SnapshotRecord snapshot)
    {
        Assert.Contains("locked until", Assert.Throws<StoreUnusableException>(() => store.DeleteSnapshot(snapshot)).Message, StringComparison.Ordinal);
        Assert.Contains(snapshot.Id, store.HoldingLocks().Keys);
        Assert.Single(store.Snapshots().Records);
    }

    /// <summary>A machine's clocks: one that runs, and one that anybody sets.</summary>
    private sealed class Clocks : IBootClock
    {
        private DateTimeOffset _real = s_start;
        private TimeSpan _sinceBoot;
        private TimeSpan _wallOff;
        private int _boot;

        public ClockReading Read() => new($"boot {_boot}", _sinceBoot, _real + _wallOff);

        public void Run(TimeSpan time) => (_real, _sinceBoot) = (_real + time, _sinceBoot + time);

        public void Restart(TimeSpan off) => (_real, _sinceBoot, _boot) = (_real + off, TimeSpan.Zero, _boot + 1);

        public void Set(int minutesOff) => _wallOff = TimeSpan.FromMinutes(minutesOff);
    }
}
