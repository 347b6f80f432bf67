using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Cloud.Tests.Vault;

public sealed class VaultSyncTests : IDisposable
{
    private readonly VaultRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_vault_restores_what_the_store_would_when_the_store_is_gone()
    {
        _rig.Write(1);
        _rig.Backup();
        _rig.Write(2);
        _rig.Backup();
        VaultSyncReport report = _rig.Sync();
        Assert.True(report.Complete);
        Assert.Equal(2, report.Snapshots);
        Directory.Delete(_rig.StorePath, recursive: true);
        Assert.Equal("", _rig.DifferencesAfterRestore(VaultRig.Open(_rig.Medium), _rig.Recovery));
        Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
        Assert.Equal(2, snapshots);
    }

    [Fact]
    public void A_second_sync_puts_nothing_and_a_third_only_what_is_new()
    {
        _rig.Write(1);
        _rig.Backup();
        int first = _rig.Sync().Put;
        Assert.True(first > 10);
        Assert.Equal(0, _rig.Sync().Put);
        _rig.Write(2, files: 1);
        _rig.Backup();
        VaultSyncReport third = _rig.Sync();
        Assert.Equal(1, third.Snapshots);
        Assert.InRange(third.Put, 2, first / 2);
        Assert.Equal(0, third.Mended);
    }

    [Fact]
    public void Without_the_ledger_what_is_there_is_looked_at_and_kept()
    {
        _rig.Write(1);
        _rig.Backup();
        int put = _rig.Sync().Put;
        VaultRig.Rot(Directory.GetFiles(Path.Join(_rig.VaultPath, "snapshots"))[0]);
        File.WriteAllBytes(_rig.Packs(_rig.VaultPath)[0], [1, 2, 3]);
        _rig.Ledger = VaultLedger.InMemory();
        VaultSyncReport again = _rig.Sync();
        Assert.Equal((put - 2, 2, 2), (again.Adopted, again.Put, again.Mended));
        Assert.Empty(VaultRig.Faults(_rig.Medium, out _));
    }

    [Fact]
    public void A_snapshot_is_put_after_everything_else()
    {
        _rig.Write(1);
        _rig.Backup();
        var medium = new HookedMedium(_rig.Medium);
        _rig.Sync(medium);
        SealedKind[] kinds = [.. medium.Puts.Where(name => SealedFile.TryParse(name, out _)).Select(name => SealedFile.TryParse(name, out SealedFile file) ? file.Kind : default)];
        Assert.Equal(kinds.Order(), kinds);
        Assert.Equal(SealedKind.KeySlot, kinds[0]);
        Assert.Equal(SealedKind.Snapshot, kinds[^1]);
    }

    [Fact]
    public void What_vanished_from_the_vault_or_was_cut_short_is_put_again()
    {
        _rig.Write(1);
        _rig.Backup();
        _rig.Sync();
        string[] packs = _rig.Packs(_rig.VaultPath);
        File.Delete(packs[0]);
        File.WriteAllBytes(packs[1], File.ReadAllBytes(packs[1])[..100]);
        File.Delete(Directory.GetFiles(Path.Join(_rig.VaultPath, "keys"))[0]);
        using (SealedStore store = SealedStore.Open(_rig.Disk, "status", TimeProvider.System))
        {
            Assert.Equal(3, VaultBacklog.Measure(store, VaultRig.Open(_rig.Medium).Listing, _rig.Ledger, VaultScope.Everything, TimeProvider.System, CancellationToken.None).Altered);
        }

        VaultSyncReport report = _rig.Sync();
        Assert.Equal(3, report.Mended);
        Assert.Equal(3, report.Findings.Count);
        Assert.Empty(VaultRig.Faults(_rig.Medium, out _));
    }

    [Fact]
    public void A_sync_that_breaks_anywhere_leaves_a_whole_vault_and_the_next_one_goes_on()
    {
        _rig.Write(1);
        _rig.Backup();
        _rig.Sync();
        _rig.Write(2, files: 3);
        _rig.Backup();
        for (int puts = 0; ; puts++)
        {
            int left = puts;
            var medium = new HookedMedium(_rig.Medium, _ =>
            {
                if (Interlocked.Decrement(ref left) < 0)
                {
                    throw new VaultException(VaultFailure.Full, "no room");
                }
            });
            bool whole;
            try
            {
                _rig.Sync(medium);
                whole = true;
            }
            catch (VaultException)
            {
                whole = false;
            }

            Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
            Assert.Equal(whole ? 2 : 1, snapshots);
            if (whole)
            {
                break;
            }
        }
    }

    [Fact]
    public void A_power_cut_at_any_change_leaves_every_snapshot_of_the_vault_whole()
    {
        _rig.Write(1, files: 3);
        _rig.Backup();
        var disk = new SimulatedDisk(1);
        _rig.Sync(new DirectoryMedium(disk.NewProcess("first")), ledger: VaultLedger.InMemory());
        long first = disk.ChangesMade;
        _rig.Write(2, files: 3);
        _rig.Backup();
        int cuts = 0;
        for (long change = 0; ; change += 3)
        {
            // The same sync each time, on the disk as the first one left it.
            SimulatedDisk victim = disk.Image(ImageMode.Everything, seed: 0);
            victim.Arm(new ArmedFault(RunningFault.PowerCut, null, change));
            bool cut = false;
            try
            {
                _rig.Sync(new DirectoryMedium(victim.NewProcess("second")), new VaultSyncOptions { Threads = 1 }, VaultLedger.InMemory());
            }
            catch (PowerCutException)
            {
                cut = true;
            }

            if (!cut)
            {
                break;
            }

            cuts++;
            SimulatedDisk after = victim.Crash();
            Assert.Empty(VaultRig.Faults(new DirectoryMedium(after.NewProcess("reader")), out int snapshots));
            Assert.InRange(snapshots, 1, 2);
            _rig.Sync(new DirectoryMedium(after.NewProcess("third")), ledger: VaultLedger.InMemory());
            Assert.Empty(VaultRig.Faults(new DirectoryMedium(after.NewProcess("reader")), out snapshots));
            Assert.Equal(2, snapshots);
        }

        Assert.True(first > 50 && cuts > 15, $"{first} changes, {cuts} cuts");
    }

    [Fact]
    public void What_gc_takes_and_backups_add_during_a_sync_does_no_harm()
    {
        for (int at = 1; at < 30; at += 5)
        {
            _rig.Write(100 + at);
            _rig.Backup();

            // What was condemned before the sync began is not its business.
            _rig.ForgetAndCollect(keep: 1);
            _rig.ForgetAndCollect(keep: 1);
            Assert.Empty(Directory.GetFiles(Path.Join(_rig.StorePath, "condemned")));
            int puts = 0;
            bool kept = true;
            var medium = new HookedMedium(_rig.Medium, _ =>
            {
                if (Interlocked.Increment(ref puts) == at)
                {
                    string[] listed = _rig.Packs(_rig.StorePath);
                    File.Delete(Directory.GetFiles(_rig.Source, "*", SearchOption.AllDirectories)[0]);
                    _rig.Write(200 + at, files: 2);
                    _rig.Backup();
                    _rig.ForgetAndCollect(keep: 1);
                    _rig.ForgetAndCollect(keep: 1);
                    kept = Array.TrueForAll(listed, File.Exists);
                }
            });
            VaultSyncReport report = _rig.Sync(medium);
            Assert.True(report.Complete);
            Assert.True(kept, "gc took a pack from under a sync");
            Assert.Empty(VaultRig.Faults(_rig.Medium, out _));
            Assert.Equal("", _rig.DifferencesAfterRestore(VaultRig.Open(_rig.Medium)));
        }
    }

    [Fact]
    public void A_long_sync_lets_go_of_the_store_in_between_and_puts_snapshots_last()
    {
        _rig.Write(1);
        _rig.Backup();
        var sessions = new HashSet<string>(StringComparer.Ordinal);
        var clock = new HourClock();
        int packs = 0;
        var medium = new HookedMedium(_rig.Medium, name =>
        {
            sessions.Add(string.Join(' ', Directory.GetFiles(Path.Join(_rig.StorePath, "locks"), "*.session")));
            if (name.StartsWith("packs/", StringComparison.Ordinal) && ++packs % 3 == 0)
            {
                clock.Hours += 2;
            }
        });
        Assert.True(_rig.Sync(medium, new VaultSyncOptions { Threads = 1, Time = clock }).Complete);
        Assert.InRange(sessions.Count, packs / 3, (packs / 3) + 2);
        Assert.True(packs > 6);
        string[] order = [.. medium.Puts.Where(name => SealedFile.TryParse(name, out SealedFile file) && file.Kind is SealedKind.Pack or SealedKind.Snapshot)];
        Assert.StartsWith("snapshots/", order[^1], StringComparison.Ordinal);
        Assert.Equal(1, order.Count(name => name.StartsWith("snapshots/", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_pack_that_goes_under_the_listing_keeps_snapshots_back_until_the_next_one()
    {
        _rig.Write(1);
        _rig.Backup();
        string pack = _rig.Packs(_rig.StorePath)[^1];
        byte[] content = File.ReadAllBytes(pack);
        bool gone = false, snapshotWhileGone = false;
        var medium = new HookedMedium(_rig.Medium, name =>
        {
            if (name == "config.json")
            {
                File.Delete(pack);
                gone = true;
            }
            else if (gone && name.StartsWith("index/", StringComparison.Ordinal))
            {
                File.WriteAllBytes(pack, content);
                gone = false;
            }
            else if (name.StartsWith("snapshots/", StringComparison.Ordinal))
            {
                snapshotWhileGone |= !File.Exists(Path.Join(_rig.VaultPath, Path.GetRelativePath(_rig.StorePath, pack)));
            }
        });
        Assert.True(_rig.Sync(medium, new VaultSyncOptions { Threads = 1 }).Complete);
        Assert.False(snapshotWhileGone);
        Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
        Assert.Equal(1, snapshots);
    }

    [Fact]
    public void Rot_in_the_store_is_told_and_does_not_spread()
    {
        _rig.Write(1);
        _rig.Backup();
        _rig.Sync();
        _rig.Write(2);
        _rig.Backup();
        string bad = _rig.Packs(_rig.StorePath).First(pack => !File.Exists(Path.Join(_rig.VaultPath, Path.GetRelativePath(_rig.StorePath, pack))));
        VaultRig.Rot(bad);
        VaultSyncReport report = _rig.Sync();
        Assert.True(report.StoreDamaged);
        Assert.False(report.Complete);
        Assert.Contains(report.Findings, finding => finding.Object.EndsWith(Path.GetFileName(bad), StringComparison.Ordinal));
        Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
        Assert.Equal(1, snapshots);
    }

    [Fact]
    public void A_snapshot_that_the_store_forgot_stays_in_the_vault()
    {
        _rig.Write(1);
        _rig.Backup();
        _rig.Sync();
        Shell.Run($"rm -r '{_rig.Source}'/*");
        _rig.Write(2);
        _rig.Backup();
        _rig.ForgetAndCollect(keep: 1);
        _rig.ForgetAndCollect(keep: 1);
        _rig.Sync();
        Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
        Assert.Equal(2, snapshots);

        // And its packs are covered: opening the vault reads none of their directories.
        VaultDisk disk = VaultRig.Open(_rig.Medium);
        using var check = new SealedCheck(new Guid(StoreIdOf(disk)), File.ReadAllBytes(Path.Join(_rig.VaultPath, "config.json")));
        HashSet<ChunkId> covered = [];
        foreach (StoreEntry segment in disk.List("index").Where(entry => entry.Name.EndsWith(".idx", StringComparison.Ordinal)))
        {
            using IStoreFile file = disk.OpenRead($"index/{segment.Name}");
            covered.UnionWith(check.PacksOf(file));
        }

        Assert.All(_rig.Packs(_rig.VaultPath), pack => Assert.Contains(new ChunkId(Convert.FromHexString(Path.GetFileNameWithoutExtension(pack))), covered));
    }

    private static string StoreIdOf(IStoreDisk disk)
    {
        using BackupStore store = BackupStore.Open(disk, VaultRig.Secret, new OpenOptions());
        return store.StoreId;
    }

    [Fact]
    public void Another_stores_vault_is_refused()
    {
        _rig.Write(1);
        _rig.Backup();
        _rig.Sync();
        using var other = new VaultRig();
        other.Write(2);
        other.Backup();
        StoreUnusableException error = Assert.Throws<StoreUnusableException>(() => other.Sync(_rig.Medium));
        Assert.Contains("another store", error.Message, StringComparison.Ordinal);
        Assert.Empty(VaultRig.Faults(_rig.Medium, out _));
    }

    [Fact]
    public void A_first_sync_that_was_cut_off_at_any_object_goes_on_without_the_ledger()
    {
        _rig.Write(1, files: 2);
        _rig.Backup();
        for (int puts = 0, left = -1; left < 0; puts++)
        {
            left = puts;
            var medium = new HookedMedium(_rig.Medium, _ =>
            {
                if (Interlocked.Decrement(ref left) < 0)
                {
                    throw new VaultException(VaultFailure.Full, "no room");
                }
            });
            try
            {
                _rig.Sync(medium, ledger: VaultLedger.InMemory());
            }
            catch (VaultException)
            {
                // As if it had been killed: the ledger is gone too.
            }

            if (File.Exists(Path.Join(_rig.VaultPath, "config.json")))
            {
                Assert.Empty(VaultRig.Faults(_rig.Medium, out _));
            }
        }

        Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
        Assert.Equal(1, snapshots);
    }

    [Fact]
    public void A_disk_that_is_not_mounted_is_not_filled_anew()
    {
        _rig.Write(1);
        _rig.Backup();
        _rig.Sync();
        Directory.Delete(_rig.VaultPath, recursive: true);
        Directory.CreateDirectory(_rig.VaultPath);
        StoreUnusableException error = Assert.Throws<StoreUnusableException>(() => _rig.Sync());
        Assert.Contains("--refill", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_rig.VaultPath));
        _rig.Sync(new DirectoryMedium(new PosixDisk(_rig.VaultPath)), new VaultSyncOptions { Refill = true });
        Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
        Assert.Equal(1, snapshots);
    }

    [Fact]
    public void The_ledger_survives_and_a_damaged_one_is_empty()
    {
        var directory = new StateDirectory(_rig["state"]);
        _rig.Ledger = VaultLedger.Open(directory, "v.ledger");
        _rig.Write(1);
        _rig.Backup();
        _rig.Sync();
        VaultLedger read = VaultLedger.Open(directory, "v.ledger");
        Assert.Equal(_rig.Ledger.Count, read.Count);
        Assert.Equal(_rig.Ledger.CompleteUntil, read.CompleteUntil);
        Assert.Equal(_rig.Ledger.Find("config.json"), read.Find("config.json"));
        directory.Replace("v.ledger", [0, 1, 2]);
        Assert.Equal(0, VaultLedger.Open(directory, "v.ledger").Count);
    }

    [Fact]
    public void A_vault_knows_how_far_it_is_behind()
    {
        _rig.Write(1);
        _rig.Backup();
        using SealedStore store = SealedStore.Open(_rig.Disk, "status", TimeProvider.System);
        VaultBacklog never = VaultBacklog.Measure(store, VaultRig.Open(_rig.Medium).Listing, _rig.Ledger, VaultScope.Everything, TimeProvider.System, CancellationToken.None);
        Assert.Null(never.Behind);
        Assert.Equal((1, 0), (never.Snapshots, never.SnapshotsThere));
        Assert.True(never.Packs > 0 && never.Bytes > 100_000);
        _rig.Sync();
        Assert.Equal(TimeSpan.Zero, VaultBacklog.Measure(store, VaultRig.Open(_rig.Medium).Listing, _rig.Ledger, VaultScope.Everything, TimeProvider.System, CancellationToken.None).Behind);
        _rig.Write(2);
        _rig.Backup();
        VaultBacklog behind = VaultBacklog.Measure(store, VaultRig.Open(_rig.Medium).Listing, _rig.Ledger, VaultScope.Everything, new SimulatedClock(_rig.Ledger.CompleteUntil!.Value.AddHours(3)), CancellationToken.None);
        Assert.Equal((1, 1, TimeSpan.FromHours(3)), (behind.Snapshots, behind.SnapshotsThere, behind.Behind!.Value));
    }

    private sealed class HourClock : TimeProvider
    {
        public long Hours { get; set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Hours * 3600;
    }
}
