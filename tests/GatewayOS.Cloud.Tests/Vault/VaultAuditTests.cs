using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Cloud.Tests.Vault;

public sealed class VaultAuditTests : IDisposable
{
    private const int PeriodDays = 10;

    private readonly VaultRig _rig = new();
    private readonly SimulatedClock _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public VaultAuditTests()
    {
        _rig.Write(1, files: 24);
        _rig.Backup();
        _rig.Sync();
    }

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Everything_is_read_once_in_a_period_a_little_each_day()
    {
        DateTimeOffset began = _clock.GetUtcNow();
        Assert.Equal((0, (DateTimeOffset?)null), (Audit().Checked, Audit().WholeUntil));
        VaultObject[] objects = [.. VaultRig.Open(_rig.Medium).Listing.Objects.Where(found => !found.Name.StartsWith("recovery/", StringComparison.Ordinal))];
        long most = (objects.Sum(found => found.LengthBytes) / PeriodDays) + objects.Max(found => found.LengthBytes);
        int read = 0;
        for (int day = 1; day <= PeriodDays; day++)
        {
            _clock.Advance(TimeSpan.FromDays(1));
            VaultAuditReport report = Audit();
            Assert.InRange(report.Bytes, 0, most);
            Assert.Equal(0, Audit().Checked);
            read += report.Checked;
            Assert.Equal(day == PeriodDays ? (DateTimeOffset?)began : null, report.WholeUntil);
        }

        Assert.Equal(objects.Length, read);
        _clock.Advance(TimeSpan.FromDays(1));
        Assert.True(Audit().Checked > 0);
    }

    [Fact]
    public void After_a_long_pause_it_catches_up_a_day_at_a_time()
    {
        Audit();
        _clock.Advance(TimeSpan.FromDays(100));
        int runs = 0;
        while (Audit() is { WholeUntil: null } report)
        {
            Assert.True(report.Checked > 0);
            Assert.True(++runs <= PeriodDays, "the pass does not end");
        }

        Assert.True(runs > 2, $"{runs} runs read it all");
    }

    [Fact]
    public void What_has_rotted_is_found_and_the_next_sync_puts_it_again()
    {
        string[] rotten = [_rig.Packs(_rig.VaultPath)[3], Directory.GetFiles(Path.Join(_rig.VaultPath, "snapshots"))[0]];
        Array.ForEach(rotten, VaultRig.Rot);
        VaultAuditReport report = Audit(all: true);
        string[] names = [.. rotten.Select(path => Path.GetRelativePath(_rig.VaultPath, path)).Order(StringComparer.Ordinal)];
        Assert.Equal(names, report.Findings.Select(finding => finding.Object));
        Assert.Equal(names, _rig.Ledger.Damaged);
        Assert.Equal(2, _rig.Sync().Mended);
        Assert.Empty(_rig.Ledger.Damaged);
        Assert.Empty(Audit(all: true).Findings);
        Assert.Equal(_clock.GetUtcNow(), Audit().WholeUntil);
    }

    [Fact]
    public void What_the_store_has_no_more_stays_noted_until_another_vault_gives_it()
    {
        _rig.Write(2);
        _rig.Backup();
        _rig.Sync();
        string only = _rig.Packs(_rig.VaultPath)[0];
        File.Delete(Path.Join(_rig.StorePath, Path.GetRelativePath(_rig.VaultPath, only)));
        VaultRig.Rot(only);
        Audit(all: true);
        _rig.Sync();
        Assert.Equal(Path.GetRelativePath(_rig.VaultPath, only), Assert.Single(_rig.Ledger.Damaged));
    }

    private VaultAuditReport Audit(bool all = false) => VaultAudit.Run(
        _rig.Medium,
        _rig.Ledger,
        new VaultAuditNote(new StateDirectory(_rig["state"]), "audit"),
        new VaultAuditOptions { PeriodDays = PeriodDays, All = all, Time = _clock },
        CancellationToken.None);
}
