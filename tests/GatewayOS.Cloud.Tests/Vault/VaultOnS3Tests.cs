using Amazon.S3;
using Amazon.S3.Model;
using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Sealed;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>A vault in a real bucket.</summary>
[Collection(S3Tests.Name)]
public sealed class VaultOnS3Tests(S3Fixture s3) : IDisposable
{
    private readonly VaultRig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public async Task A_link_that_is_cut_ten_times_only_delays_a_sync()
    {
        S3Settings settings = await s3.NewBucketAsync();
        _rig.Write(1, files: 24);
        _rig.Backup();
        using var link = new BadLink(s3.Address);
        using var medium = new RetryingMedium(new S3Medium(settings with { Endpoint = $"http://{link.Address}" }, TimeProvider.System), new RetryPolicy { PauseMs = 20, PauseMsMax = 100 }, TimeProvider.System);
        int cuts = 0, puts = 0;
        var cutting = new HookedMedium(medium, _ =>
        {
            if (Interlocked.Increment(ref puts) % 3 == 0 && Interlocked.Increment(ref cuts) <= 10)
            {
                long before = medium.Retries;
                link.Cut(silently: false);
                var mending = new Thread(() =>
                {
                    Until.Holds(() => medium.Retries > before, "somebody meets the cut link");
                    link.Mend();
                });
                mending.Start();
            }
        });
        VaultSyncReport report = _rig.Sync(cutting, new VaultSyncOptions { Threads = 3 });
        Assert.True(report.Complete);
        Assert.True(cuts >= 10 && medium.Retries >= 10, $"{cuts} cuts, {medium.Retries} retries");
        using var direct = new S3Medium(settings, TimeProvider.System);
        Assert.Empty(StoreVerifier.RunKeyless(VaultRig.Open(direct), new VerifyOptions { ReadData = true }, CancellationToken.None).Findings);
        Directory.Delete(_rig.StorePath, recursive: true);
        Assert.Equal("", _rig.DifferencesAfterRestore(VaultRig.Open(direct), _rig.Recovery));
    }

    [Fact]
    public async Task An_object_that_was_altered_keeping_its_length_is_noticed_by_the_next_sync()
    {
        S3Settings settings = await s3.NewBucketAsync();
        using var medium = new S3Medium(settings, TimeProvider.System);
        _rig.Write(1);
        _rig.Backup();
        _rig.Sync(medium);
        string name = Path.GetRelativePath(_rig.StorePath, _rig.Packs(_rig.StorePath)[0]);
        byte[] content = File.ReadAllBytes(Path.Join(_rig.StorePath, name));
        content[^200] ^= 1;
        await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = settings.Bucket, Key = $"{settings.Prefix}/{name}", InputStream = new MemoryStream(content), UseChunkEncoding = false });
        VaultSyncReport report = _rig.Sync(medium);
        Assert.Equal(name, Assert.Single(report.Findings).Object);
        Assert.Empty(VaultRig.Faults(medium, out _));
    }

    [Fact]
    public async Task Whoever_has_the_access_key_cannot_take_the_locked_past()
    {
        S3Settings settings = await s3.NewBucketAsync(lockDays: 30);
        using var medium = new S3Medium(settings, TimeProvider.System);
        _rig.Write(1);
        _rig.Backup();
        Assert.True(_rig.Sync(medium).Complete);
        DateTimeOffset before = await NowThereAsync(settings);
        List<S3ObjectVersion> versions = (await s3.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = settings.Bucket })).Versions;
        foreach (S3ObjectVersion version in versions)
        {
            await RefusedAsync(() => s3.Client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = settings.Bucket, Key = version.Key, VersionId = version.VersionId }));
            await RefusedAsync(() => s3.Client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = settings.Bucket, Key = version.Key, VersionId = version.VersionId, BypassGovernanceRetention = true }));
        }

        var sooner = new ObjectLockRetention { Mode = ObjectLockRetentionMode.Compliance, RetainUntilDate = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(1) };
        await RefusedAsync(() => s3.Client.PutObjectRetentionAsync(new PutObjectRetentionRequest { BucketName = settings.Bucket, Key = versions[0].Key, VersionId = versions[0].VersionId, Retention = sooner, BypassGovernanceRetention = true }));

        // Hidden and covered, everything of it; and then the vault as it was.
        foreach (S3ObjectVersion version in versions)
        {
            await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = settings.Bucket, Key = version.Key, ContentBody = "ransom", UseChunkEncoding = false });
            await s3.Client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = settings.Bucket, Key = version.Key });
        }

        Assert.Equal(0, VaultRig.Open(medium).Listing.Count);
        Directory.Delete(_rig.StorePath, recursive: true);
        using var past = new S3Medium(settings, TimeProvider.System, before);
        Assert.Empty(VaultRig.Faults(past, out int snapshots));
        Assert.Equal(1, snapshots);
        Assert.Equal("", _rig.DifferencesAfterRestore(VaultRig.Open(past), _rig.Recovery));
    }

    [Fact]
    public async Task A_lock_is_made_longer_while_the_store_has_the_object()
    {
        S3Settings settings = await s3.NewBucketAsync(lockDays: 30);
        var clock = new MovedClock();
        using var medium = new S3Medium(settings, clock);
        _rig.Write(1);
        _rig.Backup();
        VaultSyncReport first = _rig.Sync(medium, new VaultSyncOptions { Time = clock });
        Assert.Equal(0, first.LocksExtended);
        clock.Days = 10;
        Assert.Equal(0, _rig.Sync(medium, new VaultSyncOptions { Time = clock }).LocksExtended);
        clock.Days = 20;
        using SealedStore store = SealedStore.Open(_rig.Disk, "list", TimeProvider.System);
        string pack = store.List().First(file => file.Kind == SealedKind.Pack).Name;
        Assert.Equal(store.List().Count, _rig.Sync(medium, new VaultSyncOptions { Time = clock }).LocksExtended);
        GetObjectRetentionResponse held = await s3.Client.GetObjectRetentionAsync(new GetObjectRetentionRequest { BucketName = settings.Bucket, Key = $"{settings.Prefix}/{pack}" });
        Assert.Equal(ObjectLockRetentionMode.Compliance, held.Retention.Mode);
        Assert.True(held.Retention.RetainUntilDate!.Value.ToUniversalTime() > TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(45));
    }

    // The service's own idea of now, a little after everything that was put.
    private async Task<DateTimeOffset> NowThereAsync(S3Settings settings)
    {
        DateTime last = (await s3.Client.ListVersionsAsync(new ListVersionsRequest { BucketName = settings.Bucket })).Versions.Max(version => version.LastModified!.Value.ToUniversalTime());
        Until.Holds(() => TimeProvider.System.GetUtcNow().UtcDateTime > last.AddSeconds(2), "two seconds pass");
        return new DateTimeOffset(last.AddSeconds(1), TimeSpan.Zero);
    }

    private static async Task RefusedAsync(Func<Task> action)
    {
        AmazonS3Exception error = await Assert.ThrowsAsync<AmazonS3Exception>(action);
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, error.StatusCode);
    }

    private sealed class MovedClock : TimeProvider
    {
        public int Days { get; set; }

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow().AddDays(Days);
    }
}
