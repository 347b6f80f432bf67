using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>What is done with a vault when something is lost.</summary>
public sealed class VaultRecoveryTests : IDisposable
{
    private readonly VaultRig _rig = new();

    public VaultRecoveryTests()
    {
        _rig.Write(1);
        _rig.Backup();
        _rig.Write(2);
        _rig.Backup();
        _rig.Sync();
    }

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_store_is_made_of_a_vault_and_goes_on()
    {
        Directory.Delete(_rig.StorePath, recursive: true);
        var target = new PosixDisk(_rig.StorePath);
        VaultAttachReport report = VaultAttach.Run(VaultRig.Open(_rig.Medium), _rig.Recovery, target, new VaultSyncOptions { Threads = 2 }, CancellationToken.None);
        Assert.Equal(2, report.Snapshots);
        Assert.Empty(report.Findings);
        using (BackupStore store = BackupStore.Open(target, VaultRig.Secret, new OpenOptions()))
        {
            Assert.Empty(StoreVerifier.Run(store, new VerifyOptions { ReadData = true }, CancellationToken.None).Findings);
        }

        Assert.Equal("", _rig.DifferencesAfterRestore(target));
        _rig.Write(3);
        _rig.Backup();
        _rig.ForgetAndCollect(keep: 1);
        VaultSyncReport sync = _rig.Sync();
        Assert.Equal((1, true), (sync.Snapshots, sync.Complete));
        Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
        Assert.Equal(3, snapshots);
    }

    [Fact]
    public void An_interrupted_attach_is_no_store_and_goes_on()
    {
        var target = new PosixDisk(_rig["new"]);
        using var stop = new CancellationTokenSource();
        var progress = new VaultSyncProgress();
        var slow = new CountingMedium(_rig.Medium, reads: 40, stop);
        Assert.ThrowsAny<OperationCanceledException>(() => VaultAttach.Run(VaultRig.Open(slow), _rig.Recovery, target, new VaultSyncOptions { Threads = 1, Progress = progress }, stop.Token));
        Assert.False(File.Exists(_rig["new/config.json"]));
        Assert.True(progress.Bytes > 0);
        VaultRig.Rot(_rig.Packs(_rig["new"])[0]);
        File.WriteAllBytes(_rig.Packs(_rig["new"])[0], File.ReadAllBytes(_rig.Packs(_rig["new"])[0])[..200]);
        VaultAttachReport report = VaultAttach.Run(VaultRig.Open(_rig.Medium), _rig.Recovery, target, new VaultSyncOptions(), CancellationToken.None);
        Assert.True(report.Kept > 0);
        Assert.Equal("", _rig.DifferencesAfterRestore(target));
    }

    [Fact]
    public void A_restore_beside_an_attach_reads_what_is_there_already_from_there()
    {
        var target = new PosixDisk(_rig["new"]);
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => VaultAttach.Run(VaultRig.Open(new CountingMedium(_rig.Medium, reads: 40, stop)), _rig.Recovery, target, new VaultSyncOptions { Threads = 1 }, stop.Token));
        using var never = new CancellationTokenSource();
        var far = new CountingMedium(_rig.Medium, reads: int.MaxValue, never);
        var both = new CountingMedium(_rig.Medium, reads: int.MaxValue, never);
        VaultListing listing = VaultRig.Open(_rig.Medium).Listing;
        Assert.Equal("", _rig.DifferencesAfterRestore(new VaultDisk(far, listing, CancellationToken.None)));
        Assert.Equal("", _rig.DifferencesAfterRestore(new VaultDisk(both, listing, CancellationToken.None, target)));
        Assert.True(both.Reads < far.Reads && both.Reads > 0, $"{both.Reads} reads instead of {far.Reads}");
    }

    [Fact]
    public void Nothing_is_attached_with_a_wrong_key_or_over_a_store()
    {
        StoreSecret wrong = StoreSecret.Recovery.Generate();
        Assert.Throws<StoreUnusableException>(() => VaultAttach.Run(VaultRig.Open(_rig.Medium), wrong, new PosixDisk(_rig["new"]), new VaultSyncOptions(), CancellationToken.None));
        Assert.False(Directory.Exists(_rig["new"]));
        Assert.Throws<StoreUnusableException>(() => VaultAttach.Run(VaultRig.Open(_rig.Medium), _rig.Recovery, _rig.Disk, new VaultSyncOptions(), CancellationToken.None));
    }

    [Fact]
    public void The_store_is_healed_from_the_vault()
    {
        string[] packs = _rig.Packs(_rig.StorePath);
        VaultRig.Rot(packs[0]);
        File.Delete(packs[1]);
        File.WriteAllBytes(packs[2], []);
        string snapshot = Directory.GetFiles(Path.Join(_rig.StorePath, "snapshots"))[0];
        VaultRig.Rot(snapshot);
        VaultHealReport report = Heal(_rig.Medium);
        Assert.Empty(report.Lost);
        Assert.Equal(4, report.Healed.Count);
        Assert.Empty(StoreVerifier.RunKeyless(_rig.Disk, new VerifyOptions { ReadData = true }, CancellationToken.None).Findings);
        Assert.Equal("", _rig.DifferencesAfterRestore(_rig.Disk));
        Assert.Empty(Heal(_rig.Medium).Healed);
    }

    [Fact]
    public void The_vault_is_healed_from_the_store()
    {
        string[] packs = _rig.Packs(_rig.VaultPath);
        VaultRig.Rot(packs[0]);
        File.Delete(packs[1]);
        VaultHealReport report = Heal(_rig.Medium);
        Assert.Empty(report.Lost);
        Assert.Equal(2, report.Healed.Count);
        Assert.Empty(VaultRig.Faults(_rig.Medium, out _));
    }

    [Fact]
    public void A_damaged_index_segment_of_the_vault_is_put_anew()
    {
        string segment = Directory.GetFiles(Path.Join(_rig.VaultPath, "index"))[0];
        byte[] content = File.ReadAllBytes(segment);
        content[^1] ^= 1;
        File.WriteAllBytes(segment, content);
        Assert.Equal(Path.GetRelativePath(_rig.VaultPath, segment), Assert.Single(Heal(_rig.Medium).Healed).Object);
        Assert.False(File.Exists(segment));
        _rig.Sync();
        Assert.True(File.Exists(segment));
        Assert.Empty(Heal(_rig.Medium).Healed);
    }

    [Fact]
    public void One_of_three_replicas_heals_the_other_two()
    {
        Directory.CreateDirectory(_rig["second"]);
        var second = new DirectoryMedium(new PosixDisk(_rig["second"]));
        _rig.Sync(second, ledger: VaultLedger.InMemory());
        string[] names = [.. _rig.Packs(_rig.StorePath).Select(pack => Path.GetRelativePath(_rig.StorePath, pack))];

        // Each pack is whole in one place only, a different one in turn.
        string[] places = [_rig.StorePath, _rig.VaultPath, _rig["second"]];
        for (int i = 0; i < names.Length; i++)
        {
            VaultRig.Rot(Path.Join(places[i % 3], names[i]));
            VaultRig.Rot(Path.Join(places[(i + 1) % 3], names[i]));
        }

        VaultHealReport report = Heal(_rig.Medium, second);
        Assert.Empty(report.Lost);
        Assert.Equal(2 * names.Length, report.Healed.Count);
        Assert.Empty(StoreVerifier.RunKeyless(_rig.Disk, new VerifyOptions { ReadData = true }, CancellationToken.None).Findings);
        Assert.Empty(VaultRig.Faults(_rig.Medium, out _));
        Assert.Empty(VaultRig.Faults(second, out _));
    }

    [Fact]
    public void What_no_copy_has_whole_is_told_and_left_as_it_is()
    {
        string pack = _rig.Packs(_rig.StorePath)[0];
        VaultRig.Rot(pack);
        VaultRig.Rot(Path.Join(_rig.VaultPath, Path.GetRelativePath(_rig.StorePath, pack)));
        byte[] before = File.ReadAllBytes(pack);
        VaultHealReport report = Heal(_rig.Medium);
        Assert.Empty(report.Healed);
        Assert.Equal(2, report.Lost.Count);
        Assert.Equal(before, File.ReadAllBytes(pack));
    }

    [Fact]
    public void The_kit_tells_a_stranger_what_to_do()
    {
        string text = File.ReadAllText(Path.Join(_rig.VaultPath, "recovery/README.md"));
        Assert.Contains("gatewayctl vault restore latest", text, StringComparison.Ordinal);
        Assert.Contains("GWOSPACK", File.ReadAllText(Path.Join(_rig.VaultPath, "recovery/FORMAT.md")), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Join(_rig.VaultPath, "recovery/VAULT.md")));
    }

    private VaultHealReport Heal(params IVaultMedium[] media)
    {
        using SealedStore store = SealedStore.Open(_rig.Disk, "heal", TimeProvider.System);
        VaultCopy[] copies = [.. media.Select((medium, number) => new VaultCopy($"vault {number}", medium, VaultRig.Open(medium), VaultLedger.InMemory()))];
        using var heal = new VaultHeal(store, _rig.Disk, copies, new VaultSyncOptions { Threads = 2 });
        return heal.Run(readData: true, CancellationToken.None);
    }
}
