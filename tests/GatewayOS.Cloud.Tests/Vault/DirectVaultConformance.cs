using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>What backing up straight into a vault must do alike wherever that is.</summary>
public abstract class DirectVaultConformance
{
    // Packs of 16 files of noise, each longer than what a batch takes; a run of the failing backup puts at least these before any record.
    private const int PutsBeforeRecordMin = 3;

    private protected abstract DirectRig Rig { get; }

    [Fact]
    public void A_backup_is_restored_with_the_vault_and_the_recovery_key_alone()
    {
        Rig.Write(1);
        DirectRun run = Rig.Backup();
        Assert.True(run.Report.Complete);
        Assert.Empty(run.Findings);
        Assert.Empty(Rig.NearPacks());
        Rig.LoseCache();
        Directory.Delete(Rig.StatePath, recursive: true);
        Assert.Equal(1, Rig.WholeSnapshots());
        Assert.Equal("", Rig.DifferencesAfterRestore());
        Assert.Empty(Rig.Faults());
    }

    [Fact]
    public void The_second_backup_sends_what_is_new()
    {
        Rig.Write(1);
        Rig.Backup();
        Rig.Write(2, files: 1);
        DirectRun run = Rig.Backup();
        Assert.InRange(run.Snapshot.Draft.Counts.NewBytes, 20_000, 40_000);
        Assert.Equal(2, Rig.WholeSnapshots());
        Assert.Equal("", Rig.DifferencesAfterRestore());
    }

    [Fact]
    public void A_lost_cache_comes_back_from_the_vault_and_nothing_is_sent_twice()
    {
        Rig.Write(1, files: 16);
        Rig.Backup();
        int packs = Rig.Packs().Length;
        Rig.LoseCache();
        Rig.Write(2, files: 1);
        DirectRun run = Rig.Backup();
        Assert.Empty(run.Findings);
        Assert.InRange(run.Snapshot.Draft.Counts.NewBytes, 20_000, 40_000);
        Assert.InRange(Rig.Packs().Length, packs + 1, packs + 6);
        Assert.Equal(2, Rig.WholeSnapshots());
        Assert.Equal("", Rig.DifferencesAfterRestore());
    }

    [Fact]
    public void What_has_gone_from_the_vault_is_not_referred_to_and_is_sent_again()
    {
        Rig.Write(1, files: 60);
        Rig.Backup();

        // Files, and no trees: those of the directories above change by what others do there, and what the old ones were nobody knows any more.
        VaultObject[] taken = [.. Rig.Packs().OrderByDescending(pack => pack.LengthBytes).Take(2)];
        foreach (VaultObject pack in taken)
        {
            Rig.Purge(pack.Name);
        }

        DirectRun run = Rig.Backup();
        Assert.Equal(taken.Select(pack => pack.Name).Order(), run.Findings.Select(finding => finding.Object).Order());
        Assert.All(run.Findings, finding => Assert.Contains("gone from the vault", finding.Detail, StringComparison.Ordinal));
        Assert.True(run.Snapshot.Draft.Counts.NewBytes > 0);
        Assert.Equal("", Rig.DifferencesAfterRestore());

        // What the first one needed is there again too, and nobody tells of it once more.
        using BackupStore store = BackupStore.Open(VaultRig.Open(Rig.Medium), Rig.Recovery, new OpenOptions());
        Assert.DoesNotContain(StoreVerifier.Run(store, new VerifyOptions { ReadData = true }, CancellationToken.None).Findings, finding => finding.Kind != FindingKind.PackMissing);
        Assert.Empty(Rig.Backup().Findings);
    }

    [Fact]
    public void No_record_is_put_before_everything_it_needs()
    {
        Rig.Write(1, files: 16);
        var seen = new List<string>();
        var watched = new HookedMedium(Rig.Medium, name =>
        {
            lock (seen)
            {
                if (SealedFile.TryParse(name, out SealedFile file) && file.Kind == SealedKind.Snapshot)
                {
                    // At this moment a record that is on its way must find all of it there.
                    VaultListing listing = VaultRig.Open(Rig.Medium).Listing;
                    Assert.All(seen.Where(put => put.StartsWith("packs/", StringComparison.Ordinal) || put.StartsWith("index/", StringComparison.Ordinal)), put => Assert.NotNull(listing.Find(put)));
                    Assert.Empty(Rig.NearPacks());
                }

                seen.Add(name);
            }
        });
        Rig.Backup(watched);
        Assert.Equal(SealedKind.Snapshot, Last(seen));

        static SealedKind Last(List<string> names) => names.Select(name => SealedFile.TryParse(name, out SealedFile file) ? file : default).Last(file => file.Name is not null).Kind;
    }

    [Fact]
    public void Sending_that_fails_anywhere_leaves_a_right_vault_and_the_next_backup_goes_on()
    {
        Rig.Write(1, files: 16);
        int done = 0, failures = 0;
        for (int puts = 1; puts < 200; puts++)
        {
            int left = puts;
            var failing = new HookedMedium(Rig.Medium, _ =>
            {
                if (Interlocked.Decrement(ref left) < 0)
                {
                    throw new VaultException(VaultFailure.Full, "The bucket is full.");
                }
            });
            try
            {
                Rig.Backup(failing);
                done++;
                break;
            }
            catch (Exception error) when (error is VaultException or StoreIoException)
            {
                Assert.Contains("The bucket is full.", error.Message, StringComparison.Ordinal);
                failures++;

                // After the record only the recovery kit is left to be put.
                Assert.InRange(Rig.WholeSnapshots(), 0, puts < PutsBeforeRecordMin ? 0 : failures);
            }
        }

        Assert.True(done == 1 && failures >= PutsBeforeRecordMin, $"{failures} failures");
        Assert.InRange(Rig.WholeSnapshots(), 1, 30);
        Assert.Equal("", Rig.DifferencesAfterRestore());
        Assert.Empty(Rig.Faults());
        Assert.Empty(Rig.NearPacks());
    }

    [Fact]
    public void What_waits_in_the_cache_and_has_rotted_is_not_sent()
    {
        Rig.Write(1, files: 16);
        Abandon();
        string[] packs = Rig.NearPacks();
        string rotten = packs.First(pack => pack.Contains("/packs/", StringComparison.Ordinal));
        VaultRig.Rot(rotten);
        DirectRun run = Rig.Backup();

        // Where everything had been read before sending failed, the record that waited too goes.
        Assert.Contains("damaged on this machine", Assert.Single(run.Findings, finding => finding.Object.StartsWith("packs/", StringComparison.Ordinal)).Detail, StringComparison.Ordinal);
        Assert.All(run.Findings, finding => Assert.True(finding.Object.StartsWith("packs/", StringComparison.Ordinal) || finding.Object.StartsWith("snapshots/", StringComparison.Ordinal)));
        Assert.Equal(1, Rig.WholeSnapshots());
        Assert.Equal("", Rig.DifferencesAfterRestore());
        Assert.Empty(Rig.Faults());
    }

    [Fact]
    public void A_snapshot_that_was_cut_off_before_its_record_is_put_by_the_next_run()
    {
        Rig.Write(1);
        using (DirectVault vault = Rig.Open())
        {
            Rig.BackUp(vault);
        }

        Assert.Equal(0, Rig.WholeSnapshots());
        using (DirectVault vault = Rig.Open())
        {
            Assert.Empty(vault.Findings);
            vault.Finish();
        }

        Assert.Equal(1, Rig.WholeSnapshots());
        Assert.Equal("", Rig.DifferencesAfterRestore());
    }

    [Fact]
    public void A_snapshot_that_was_cut_off_and_lacks_something_by_now_is_none()
    {
        Rig.Write(1);
        using (DirectVault vault = Rig.Open())
        {
            Rig.BackUp(vault);
            Until(() => vault.StagedBytes == 0);
        }

        Rig.Purge(Rig.Packs()[2].Name);
        File.Delete(Directory.GetFiles(Rig.Source, "*", SearchOption.AllDirectories)[0]);
        using (DirectVault vault = Rig.Open())
        {
            Assert.Contains(vault.Findings, finding => finding.Object.StartsWith("snapshots/", StringComparison.Ordinal));
            vault.Finish();
        }

        Assert.Equal(0, Snapshots());
        Rig.Backup();
        Assert.Equal(1, Snapshots());
        Assert.Equal("", Rig.DifferencesAfterRestore());
    }

    [Fact]
    public void What_goes_while_a_backup_runs_stops_its_record()
    {
        Rig.Write(1);
        Rig.Backup();
        Rig.Write(2, files: 2);
        using (DirectVault vault = Rig.Open())
        {
            Rig.BackUp(vault);
            Rig.Purge(Rig.Packs()[1].Name);
            StoreUnusableException error = Assert.Throws<StoreUnusableException>(vault.Finish);
            Assert.Contains("Run the same command again", error.Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, Snapshots());
        Rig.Backup();
        Assert.Equal("", Rig.DifferencesAfterRestore());
    }

    [Fact]
    public void Another_machine_is_refused_until_it_takes_over_and_then_the_first_one_is()
    {
        Rig.Write(1);
        Rig.Backup();
        Guid other = Guid.NewGuid();
        DirectOptions options = Rig.Options with { Cache = Rig["other-cache"] };
        StoreUnusableException error = Assert.Throws<StoreUnusableException>(() => Rig.Open(options: options, writer: Rig.Writer(Rig["other-state"], other)));
        Assert.Contains("the vault of another machine", error.Message, StringComparison.Ordinal);
        Assert.Contains("take-over", error.Message, StringComparison.Ordinal);

        // Taken while the first one is at work: that notices before its record.
        using (DirectVault first = Rig.Open())
        {
            Rig.Write(2, files: 2);
            Rig.BackUp(first);
            using (DirectVault second = Rig.Open(options: options with { TakeOver = true }, writer: Rig.Writer(Rig["other-state"], other)))
            {
                second.Finish();
            }

            Assert.Contains("another machine", Assert.Throws<StoreUnusableException>(first.Finish).Message, StringComparison.Ordinal);
        }

        Assert.Equal(1, Rig.WholeSnapshots());
        Assert.Throws<StoreUnusableException>(() => Rig.Open());
        using DirectVault third = Rig.Open(options: options, writer: Rig.Writer(Rig["other-state"], other));
        Rig.BackUp(third);
        third.Finish();
        Assert.Equal(2, Rig.WholeSnapshots());
    }

    [Fact]
    public void A_copy_of_the_machine_is_refused_and_so_is_one_that_was_set_back()
    {
        Rig.Write(1);
        Rig.Backup();
        Copy(Rig.StatePath, Rig["copied-state"]);
        Copy(Rig.CachePath, Rig["copied-cache"]);
        Rig.Backup();
        DirectOptions options = Rig.Options with { Cache = Rig["copied-cache"] };
        StoreUnusableException error = Assert.Throws<StoreUnusableException>(() => Rig.Open(options: options, writer: Rig.Writer(Rig["copied-state"])));
        Assert.Contains("copied, or set back", error.Message, StringComparison.Ordinal);

        // Taken over, it goes on with what the other one has put since.
        using DirectVault vault = Rig.Open(options: options with { TakeOver = true }, writer: Rig.Writer(Rig["copied-state"]));
        Assert.Equal(2, vault.Store.Snapshots().Records.Count);

        // Nothing is new but the times of directories above, in which others work too.
        Assert.InRange(Rig.BackUp(vault).Snapshot.Draft.Counts.NewBytes, 0, 4096);
        vault.Finish();
        Assert.Equal(3, Rig.WholeSnapshots());
    }

    [Fact]
    public void A_place_with_a_store_is_never_made_anew()
    {
        Rig.Write(1);
        Rig.Backup();
        Assert.Throws<StoreUnusableException>(() => DirectVault.Make(Rig.Medium, Rig.Secret, Rig.Recovery, Rig.Writer(), new StoreOptions(), Rig.Options, CancellationToken.None));
        Rig.Purge("config.json");
        Assert.Throws<StoreUnusableException>(() => DirectVault.Make(Rig.Medium, Rig.Secret, Rig.Recovery, Rig.Writer(), new StoreOptions(), Rig.Options, CancellationToken.None));
        Assert.Throws<StoreUnusableException>(() => Rig.Backup());

        // The cache knows the config file.
        Rig.Backup(options: Rig.Options with { Refill = true });
        Assert.Equal(2, Rig.WholeSnapshots());
    }

    [Fact]
    public void An_appliance_keeps_out_of_such_a_vault()
    {
        using var appliance = new VaultRig();
        appliance.Write(1);
        appliance.Backup();
        Assert.Contains("backs up straight into", Assert.Throws<StoreUnusableException>(() => appliance.Sync(Rig.Medium)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_forgotten_goes_and_what_stays_is_whole()
    {
        for (int i = 0; i < 4; i++)
        {
            Rig.Write(i, files: 4);
            Rig.Backup();
            foreach (string old in Directory.GetFiles(Rig.Source, $"f{i - 1}-*", SearchOption.AllDirectories))
            {
                File.Delete(old);
            }
        }

        long before = Rig.Packs().Sum(pack => pack.LengthBytes);
        using (DirectVault vault = Rig.Open())
        {
            foreach (SnapshotRecord old in vault.Store.Snapshots().Records.SkipLast(1))
            {
                vault.Forget(old);
            }
        }

        // Cut off between: what was forgotten stays so.
        Assert.Equal(4, Snapshots());
        using (DirectVault vault = Rig.Open())
        {
            Assert.Single(vault.Store.Snapshots().Records);
            (GcReport store, VaultGcReport? gone) = vault.Collect(new GcOptions { MaxUnusedPercent = 0, MaxReclusterPercent = 0, Threads = 2 }, keepDays: 0);
            Assert.True(store.PacksDeleted > 3 && gone is { Snapshots: 3, SnapshotsWaiting: 0, PacksWaiting: 0 }, $"{store.PacksDeleted} {gone}");
        }

        Assert.Equal(1, Rig.WholeSnapshots());
        Assert.Empty(Rig.Faults());
        Assert.True(Rig.Packs().Sum(pack => pack.LengthBytes) < before * 0.6);
        Assert.Empty(Rig.NearPacks());
        Rig.LoseCache();
        Rig.Write(9, files: 1);
        Rig.Backup();
        Assert.Equal(2, Rig.WholeSnapshots());
        Assert.Equal("", Rig.DifferencesAfterRestore());
    }

    [Fact]
    public void Nothing_is_deleted_while_snapshots_lack_something()
    {
        Rig.Write(1);
        Rig.Backup();
        foreach (string old in Directory.GetFiles(Rig.Source, "*", SearchOption.AllDirectories))
        {
            File.Delete(old);
        }

        Rig.Write(2);
        Rig.Backup();
        Rig.Write(3);
        Rig.Backup();
        using (DirectVault vault = Rig.Open())
        {
            vault.Forget(vault.Store.Snapshots().Records[1]);
        }

        VaultObject[] packs = Rig.Packs();
        Rig.Purge(DataPackOfFirst().Name);
        int left = Rig.Packs().Length;
        using (DirectVault vault = Rig.Open())
        {
            try
            {
                (GcReport _, VaultGcReport? gone) = vault.Collect(new GcOptions { MaxUnusedPercent = 0, Threads = 2 }, keepDays: 0);
                Assert.Null(gone);
            }
            catch (StoreDamagedException)
            {
                // A tree: as good.
            }
        }

        Assert.True(Rig.Packs().Length >= left);
        Assert.Equal(3, Snapshots());

        VaultObject DataPackOfFirst() => packs.MaxBy(pack => pack.LengthBytes)!;
    }

    private protected int Snapshots()
    {
        using BackupStore store = BackupStore.Open(VaultRig.Open(Rig.Medium), Rig.Recovery, new OpenOptions());
        return store.Snapshots().Records.Count;
    }

    private protected static void Copy(string from, string to) => GatewayOS.TestKit.Programs.Shell.Run($"cp -a '{from}' '{to}'");

    private protected static void Until(Func<bool> holds) => GatewayOS.TestKit.Programs.Until.Holds(holds, "everything has been sent");

    // A run that ends with packs in the cache, as by a power cut.
    private void Abandon()
    {
        var full = new HookedMedium(Rig.Medium, name =>
        {
            if (name.StartsWith("packs/", StringComparison.Ordinal))
            {
                throw new VaultException(VaultFailure.Full, "The bucket is full.");
            }
        });
        Assert.Throws<StoreIoException>(() => Rig.Backup(full));
        Assert.NotEmpty(Rig.NearPacks());
    }
}

public sealed class DirectToDirectoryTests : DirectVaultConformance, IDisposable
{
    private protected override DirectRig Rig { get; } = new();

    public void Dispose() => Rig.Dispose();
}

[Collection(S3Tests.Name)]
public sealed class DirectToS3Tests : DirectVaultConformance, IDisposable
{
    private readonly S3Fixture _s3;
    private readonly S3Medium _medium;

    public DirectToS3Tests(S3Fixture s3)
    {
        _s3 = s3;
        _medium = new S3Medium(s3.NewBucketAsync().GetAwaiter().GetResult(), TimeProvider.System);
        Rig = new DirectRig(_medium);
    }

    private protected override DirectRig Rig { get; }

    // A bucket shows its objects' tags, so what was altered is noticed though its length is the same.
    [Fact]
    public async Task What_was_altered_in_the_vault_is_not_referred_to_and_is_sent_again()
    {
        Rig.Write(1, files: 60);
        Rig.Backup();
        VaultObject pack = Rig.Packs().MaxBy(found => found.LengthBytes)!;
        byte[] content = new byte[pack.LengthBytes];
        await _medium.ReadAsync(pack, 0, content, CancellationToken.None);
        content[content.Length / 2] ^= 8;
        using var altered = new SealedContent();
        altered.Load(content);
        await _medium.PutAsync(pack.Name, altered, CancellationToken.None);
        DirectRun run = Rig.Backup();
        Assert.Equal(pack.Name, Assert.Single(run.Findings).Object);

        // All but a record or two was taken out of it, and it is there no more: nobody meets the bad one.
        Assert.InRange(run.Snapshot.Draft.Counts.NewBytes, 1, 4096);
        Assert.DoesNotContain(Rig.Packs(), there => there.Name == pack.Name);
        Assert.Equal("", Rig.DifferencesAfterRestore());
        using BackupStore store = BackupStore.Open(VaultRig.Open(Rig.Medium), Rig.Recovery, new OpenOptions());
        Assert.Equal(2, store.Snapshots().Records.Count);
        Assert.DoesNotContain(StoreVerifier.Run(store, new VerifyOptions { ReadData = true }, CancellationToken.None).Findings, finding => finding.Kind != FindingKind.PackMissing);
        Assert.Empty(Rig.Backup().Findings);
    }

    [Fact]
    public async Task What_is_locked_stays_though_it_was_forgotten()
    {
        using var locking = new S3Medium(await _s3.NewBucketAsync(lockDays: 1), TimeProvider.System);
        using var rig = new DirectRig(locking);
        rig.Write(1, files: 2);
        rig.Backup();
        rig.Write(2, files: 2);
        rig.Backup();
        using (DirectVault vault = rig.Open())
        {
            vault.Forget(vault.Store.Snapshots().Records[0]);
            (GcReport _, VaultGcReport? gone) = vault.Collect(new GcOptions { Threads = 2 }, keepDays: 0);
            Assert.Equal((0, 1), (gone!.Snapshots, gone.SnapshotsWaiting));
        }

        Assert.Equal(2, rig.WholeSnapshots());
        rig.Write(3, files: 2);
        rig.Backup();
        using DirectVault later = rig.Open();
        Assert.Equal(2, later.Store.Snapshots().Records.Count);
    }

    public void Dispose()
    {
        Rig.Dispose();
        _medium.Dispose();
    }
}
