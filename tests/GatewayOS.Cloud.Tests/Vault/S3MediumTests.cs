using Amazon.S3.Model;
using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Sealed;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cloud.Tests.Vault;

[Collection(S3Tests.Name)]
public sealed class S3MediumTests(S3Fixture s3) : VaultMediumConformance, IAsyncLifetime
{
    private S3Settings _settings = null!;
    private S3Medium _medium = null!;

    protected override IVaultMedium Medium => _medium;

    public async Task InitializeAsync()
    {
        _settings = await s3.NewBucketAsync();
        _medium = new S3Medium(_settings, TimeProvider.System);
    }

    public Task DisposeAsync()
    {
        _medium.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Parts_that_have_arrived_are_not_sent_again()
    {
        const int bytes = 60 * 1024 * 1024;
        byte[] content = Bytes(7, bytes);
        string key = "site/a/packs/aa/half";
        await Assert.ThrowsAnyAsync<IOException>(() => _medium.PutAsync("packs/aa/half", new BreakingContent(bytes, breaksAt: 40 * 1024 * 1024), CancellationToken.None));

        // Another process finds two whole parts, and takes those that are as they are here.
        using var uploads = new S3Uploads(s3.Client, _settings.Bucket, "site/a/");
        S3Upload open = (await uploads.TakeUpAsync(key, CancellationToken.None))!;
        Assert.Equal([1, 2], open.Parts.Keys.Order());
        const int part = 16 * 1024 * 1024;
        byte[] digest = new S3Body(new BreakingContent(bytes, bytes), 0, part, null).Digest();
        Assert.NotNull(open.TagOf(1, part, digest));
        Assert.Null(open.TagOf(2, part, digest));
        Assert.Null(open.TagOf(3, part, digest));

        // Other content under the same name: nothing of the old gets into it.
        using var next = new S3Medium(_settings, TimeProvider.System);
        using var whole = new SealedContent();
        whole.Load(content);
        VaultObject put = await next.PutAsync("packs/aa/half", whole, CancellationToken.None);
        byte[] buffer = new byte[bytes];
        await next.ReadAsync(put, 0, buffer, CancellationToken.None);
        Assert.True(content.AsSpan().SequenceEqual(buffer));
        Assert.Empty((await s3.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = _settings.Bucket })).MultipartUploads ?? []);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(40 * 1024 * 1024)]
    public async Task What_is_altered_on_the_way_is_refused(int bytes)
    {
        VaultException error = await Assert.ThrowsAsync<VaultException>(() => _medium.PutAsync("packs/aa/altered", new AlteringContent(bytes), CancellationToken.None));
        Assert.Equal(VaultFailure.Corrupted, error.Failure);
        Assert.Empty(await NamesAsync("packs/aa/"));
    }

    [Fact]
    public async Task A_service_that_says_nothing_counts_as_unreachable()
    {
        using var content = new SealedContent();
        content.Load(Bytes(5, 2_000_000));
        VaultObject put = await _medium.PutAsync("packs/aa/there", content, CancellationToken.None);
        using var link = new BadLink(s3.Address);
        using var medium = new S3Medium(_settings with { Endpoint = $"http://{link.Address}" }, TimeProvider.System) { SilentMax = TimeSpan.FromMilliseconds(300) };
        link.Cut(silently: true);
        Func<Task>[] requests =
        [
            () => medium.PutAsync("packs/aa/new", content, CancellationToken.None),
            () => medium.ReadAsync(put, 0, new byte[2_000_000], CancellationToken.None),
            () => medium.DeleteAsync("packs/aa/there", CancellationToken.None),
            async () => await medium.ListAsync("", CancellationToken.None).GetAsyncEnumerator().MoveNextAsync(),
        ];
        foreach (Func<Task> request in requests)
        {
            VaultException error = await Assert.ThrowsAsync<VaultException>(request);
            Assert.Equal(VaultFailure.Unreachable, error.Failure);
            Assert.Contains("no answer", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(20 * 1024 * 1024)]
    public async Task Over_TLS_it_is_the_same(int bytes)
    {
        using var front = new TlsFront(s3.Address);
        using var medium = new S3Medium(_settings with { Endpoint = front.Endpoint, CaFile = front.CaFile }, TimeProvider.System);
        using var content = new SealedContent();
        content.Load(Bytes(3, bytes));
        VaultObject put = await medium.PutAsync("packs/aa/secured", content, CancellationToken.None);
        byte[] buffer = new byte[bytes];
        await medium.ReadAsync(put, 0, buffer, CancellationToken.None);
        Assert.True(content.Bytes.SequenceEqual(buffer));
        VaultException altered = await Assert.ThrowsAsync<VaultException>(() => medium.PutAsync("packs/aa/altered", new AlteringContent(bytes), CancellationToken.None));
        Assert.Equal(VaultFailure.Corrupted, altered.Failure);
    }

    [Fact]
    public async Task A_certificate_of_nobody_is_not_trusted()
    {
        using var front = new TlsFront(s3.Address);
        using var medium = new S3Medium(_settings with { Endpoint = front.Endpoint }, TimeProvider.System);
        VaultException error = await Assert.ThrowsAsync<VaultException>(() => medium.PutAsync("keys/one", Content(), CancellationToken.None));
        Assert.Equal(VaultFailure.Invalid, error.Failure);
        Assert.Contains("--ca", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tidying_up_ends_uploads_that_nobody_goes_on_with()
    {
        await Assert.ThrowsAnyAsync<IOException>(() => _medium.PutAsync("packs/aa/left", new BreakingContent(60 * 1024 * 1024, breaksAt: 40 * 1024 * 1024), CancellationToken.None));
        using var next = new S3Medium(_settings, TimeProvider.System);
        await next.TidyAsync(CancellationToken.None);
        Assert.Empty((await s3.Client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = _settings.Bucket })).MultipartUploads ?? []);
    }

    [Fact]
    public async Task A_wrong_key_is_refused_and_not_tried_again()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "aws_access_key_id = AKTEST\naws_secret_access_key = wrong\n");
        using var medium = new RetryingMedium(new S3Medium(_settings with { CredentialsFile = file }, TimeProvider.System), new RetryPolicy(), TimeProvider.System);
        VaultException error = await Assert.ThrowsAsync<VaultException>(() => medium.PutAsync("keys/one", Content(), CancellationToken.None));
        Assert.Equal(VaultFailure.Refused, error.Failure);
        Assert.Equal(0, medium.Retries);
        File.Delete(file);
    }

    [Fact]
    public async Task A_bucket_that_is_not_there_is_missing()
    {
        using var medium = new S3Medium(_settings with { Bucket = "no-such-bucket" }, TimeProvider.System);
        VaultException error = await Assert.ThrowsAsync<VaultException>(() => medium.PutAsync("keys/one", Content(), CancellationToken.None));
        Assert.Equal(VaultFailure.Missing, error.Failure);
        Assert.Contains("Make the bucket first", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_that_comes_back_is_used_again()
    {
        using var link = new BadLink(s3.Address);
        using var medium = new RetryingMedium(new S3Medium(_settings with { Endpoint = $"http://{link.Address}" }, TimeProvider.System), new RetryPolicy { PauseMs = 20, PauseMsMax = 100 }, TimeProvider.System);
        await medium.PutAsync("keys/one", Content(), CancellationToken.None);
        link.Cut(silently: false);
        Task<VaultObject> second = medium.PutAsync("keys/two", Content(), CancellationToken.None);
        Until.Holds(() => medium.Retries >= 2, "it tries again");
        link.Mend();
        Assert.Equal("keys/two", (await second).Name);
    }

    [Fact]
    public async Task A_link_that_stays_away_is_given_up()
    {
        using var link = new BadLink(s3.Address);
        link.Cut(silently: false);
        using var medium = new RetryingMedium(new S3Medium(_settings with { Endpoint = $"http://{link.Address}" }, TimeProvider.System), new RetryPolicy { AttemptsMax = 3, PauseMs = 1 }, TimeProvider.System);
        VaultException error = await Assert.ThrowsAsync<VaultException>(() => medium.PutAsync("keys/one", Content(), CancellationToken.None));
        Assert.Equal((VaultFailure.Unreachable, 2), (error.Failure, (int)medium.Retries));
    }

    [Theory]
    [InlineData("ftp://host", "bucket-1", "", "endpoint")]
    [InlineData("http://host", "B", "", "bucket name")]
    [InlineData("http://host", "bucket-1", "/a", "prefix")]
    public void Settings_that_make_no_sense_are_refused(string endpoint, string bucket, string prefix, string named)
    {
        VaultException error = Assert.Throws<VaultException>(() => new S3Medium(new S3Settings { Endpoint = endpoint, Bucket = bucket, Prefix = prefix }, TimeProvider.System));
        Assert.Contains(named, error.Message, StringComparison.Ordinal);
    }

    private static SealedContent Content()
    {
        var content = new SealedContent();
        content.Load([1, 2, 3]);
        return content;
    }
}
