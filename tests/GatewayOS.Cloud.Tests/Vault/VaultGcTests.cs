using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Cloud.Tests.Vault;

public sealed class VaultGcTests : IDisposable
{
    private readonly VaultRig _rig = new();
    private readonly SimulatedClock _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void What_the_store_forgot_goes_when_its_days_are_over_and_not_before()
    {
        Change(1);
        _rig.Sync();
        Change(2);
        _rig.Sync();
        Forget(keep: 1);
        Assert.Equal((0, 0, 1), Counts(Collect(keepDays: 7)));
        _clock.Advance(TimeSpan.FromDays(6));
        Assert.Equal((0, 0, 1), Counts(Collect(keepDays: 7)));
        Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
        Assert.Equal(2, snapshots);
        _clock.Advance(TimeSpan.FromDays(2));
        VaultGcReport report = Collect(keepDays: 7);
        Assert.Equal((1, 0), (report.Snapshots, report.SnapshotsWaiting));
        Assert.True(report.Packs > 3 && report.PacksWaiting == 0 && report.Bytes > 50_000, report.ToString());
        Assert.Empty(VaultRig.Faults(_rig.Medium, out snapshots));
        Assert.Equal(1, snapshots);
        Assert.Equal(_rig.Packs(_rig.StorePath).Length, _rig.Packs(_rig.VaultPath).Length);
    }

    [Fact]
    public void A_pack_stays_while_a_forgotten_snapshot_that_needs_it_does()
    {
        // Snapshots share packs in every way, and are forgotten one by one, with a run of gc here and there.
        var random = new Random(5);
        for (int i = 0; i < 6; i++)
        {
            _rig.Write(i, files: 3);
            _rig.Backup();
            _rig.Sync();
        }

        for (int day = 0; day < 30; day++)
        {
            _clock.Advance(TimeSpan.FromDays(1));
            switch (random.Next(4))
            {
                case 0:
                    string[] files = Directory.GetFiles(_rig.Source, "*", SearchOption.AllDirectories);
                    File.Delete(files[random.Next(files.Length)]);
                    _rig.Write(1000 + day, files: 2);
                    _rig.Backup();
                    break;
                case 1:
                    Forget(keep: Math.Max(1, 5 - (day / 6)));
                    break;
            }

            _rig.Sync();
            Collect(keepDays: random.Next(6));
            Assert.Empty(VaultRig.Faults(_rig.Medium, out int _));
        }

        Forget(keep: 1);
        _rig.Sync();
        Collect(keepDays: 0);
        Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
        Assert.Equal(1, snapshots);
        Assert.Equal("", _rig.DifferencesAfterRestore(VaultRig.Open(_rig.Medium)));
    }

    [Fact]
    public void Without_the_ledger_everything_stays_the_longer()
    {
        Change(1);
        _rig.Sync();
        Change(2);
        _rig.Sync();
        Forget(keep: 1);
        Collect(keepDays: 7);
        _clock.Advance(TimeSpan.FromDays(8));
        _rig.Ledger = VaultLedger.InMemory();
        Assert.Equal((0, 0, 1), Counts(Collect(keepDays: 7)));
        Assert.Empty(VaultRig.Faults(_rig.Medium, out _));
    }

    [Fact]
    public void A_vault_that_is_behind_is_not_collected()
    {
        Change(1);
        _rig.Sync();
        Change(2);
        StoreUnusableException error = Assert.Throws<StoreUnusableException>(() => Collect(keepDays: 0));
        Assert.Contains("Sync first", error.Message, StringComparison.Ordinal);
    }

    // Nothing of the snapshot before is in the next.
    private void Change(int seed)
    {
        Shell.Run($"rm -rf '{_rig.Source}'/*");
        _rig.Write(seed);
        _rig.Backup();
    }

    private void Forget(int keep)
    {
        _rig.ForgetAndCollect(keep);
        _rig.ForgetAndCollect(keep);
        _rig.Sync();
    }

    private VaultGcReport Collect(int keepDays)
    {
        using SealedStore store = SealedStore.Open(_rig.Disk, "vault gc", TimeProvider.System);
        return VaultGc.Run(store, _rig.Medium, _rig.Ledger, new VaultGcOptions { KeepDays = keepDays, Time = _clock }, CancellationToken.None);
    }

    private static (int Snapshots, int Packs, int Waiting) Counts(VaultGcReport report) => (report.Snapshots, report.Packs, report.SnapshotsWaiting);
}
