using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using GatewayOS.Cloud.Vault.Classes;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// A vault in a bucket. Small objects are put at once, and larger ones while the link is fast; else in parts, several at a time; parts that arrived before a link broke or the process was killed are not sent again. Every
/// body carries its MD5, which the service compares with what arrived. With an earlier time given it shows the bucket as it was then, read-only: what was deleted or
/// replaced since is still there as a version when the bucket keeps versions, as one with locks does.
/// </summary>
public sealed class S3Medium : IVaultMedium
{
    // Objects up to this are put at once.
    private const int PartBytes = 16 * 1024 * 1024;

    // Longer ones too, when the last body went so fast that this one takes no longer than that: parts cost a service more than one object, and are for links that break.
    private const int AtOnceSecondsMax = 20;
    private const int AtOnceBytesMax = 64 * 1024 * 1024;

    // A body from which the link's rate can be told.
    private const int TellingBytes = 4 * 1024 * 1024;

    // Requests with a body on their way at a time. They are read from where the content is, so none takes memory of its own but a socket's buffer.
    private const int BodiesMax = 16;

    private const int KeysPerListing = 1000;

    // A body counts as sent when the system has it, and may still take a minute to leave over 1 Mbit/s.
    private const int BodyPatience = 3;

    private readonly S3Settings _settings;
    private readonly AmazonS3Client _client;
    private readonly S3Uploads _uploads;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset? _asOf;
    private readonly BandwidthSchedule? _bandwidth;
    private readonly string _prefix;
    private readonly SemaphoreSlim _bodies = new(BodiesMax);
    private readonly TaskCompletionSource _told = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _bytesPerSecond;
    private int _longOnes;

    /// <summary>Makes the client; nothing is asked yet.</summary>
    /// <param name="settings">Where and how.</param>
    /// <param name="time">Clock for the ends of locks.</param>
    /// <param name="asOf">Shows the bucket as it was then; null for now.</param>
    /// <param name="bandwidth">How fast is sent; null for no limit.</param>
    /// <exception cref="VaultException">The settings or the credentials make no sense.</exception>
    public S3Medium(S3Settings settings, TimeProvider time, DateTimeOffset? asOf = null, BandwidthSchedule? bandwidth = null)
    {
        if (settings.Validate() is { Count: > 0 } errors)
        {
            throw new VaultException(VaultFailure.Invalid, string.Join(' ', errors));
        }

        (_settings, _time, _asOf, _bandwidth) = (settings, time, asOf, bandwidth);
        _prefix = settings.Prefix.Length == 0 ? "" : settings.Prefix + "/";
        _client = S3Client.Make(settings);
        _uploads = new S3Uploads(_client, settings.Bucket, _prefix);
        Location = $"{settings.Endpoint.TrimEnd('/')}/{settings.Bucket}{(settings.Prefix.Length == 0 ? "" : "/" + settings.Prefix)}";
    }

    /// <inheritdoc/>
    public string Location { get; }

    /// <inheritdoc/>
    public int LockDays => _settings.LockDays;

    /// <summary>How long the service may be silent in the middle of a request before it counts as unreachable.</summary>
    public TimeSpan SilentMax { get; init; } = S3Client.SilentMax;

    /// <inheritdoc/>
    public IAsyncEnumerable<VaultObject> ListAsync(string prefix, CancellationToken cancellation) =>
        _asOf is { } moment ? ListPastAsync(prefix, moment, cancellation) : ListNowAsync(prefix, cancellation);

    /// <inheritdoc/>
    public async Task<VaultObject> PutAsync(string name, IStoreFile content, CancellationToken cancellation)
    {
        RefusePast();
        DateTimeOffset? lockedUntil = LockDays > 0 ? _time.GetUtcNow().AddDays(LockDays) : null;
        return await Try($"put {name}", async () =>
        {
            S3Upload? open = content.LengthBytes <= PartBytes ? null : await Ask(limit => _uploads.TakeUpAsync(_prefix + name, limit.Token), cancellation).ConfigureAwait(false);
            string tag = open is null && await GoesAtOnceAsync(content.LengthBytes, cancellation).ConfigureAwait(false)
                ? await PutAtOnceAsync(name, content, lockedUntil, cancellation).ConfigureAwait(false)
                : await PutInPartsAsync(name, content, lockedUntil, open, cancellation).ConfigureAwait(false);
            return new VaultObject(name, content.LengthBytes, tag, null, lockedUntil) { Class = ClassOf(name)?.Value ?? ClassUse.DefaultClass };
        }, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<int> ReadAsync(VaultObject source, long offsetBytes, Memory<byte> buffer, CancellationToken cancellation)
    {
        int wanted = (int)Math.Clamp(source.LengthBytes - offsetBytes, 0, buffer.Length);
        if (wanted == 0)
        {
            return 0;
        }

        return await Try($"read {source.Name}", async () =>
        {
            var request = new GetObjectRequest { BucketName = _settings.Bucket, Key = _prefix + source.Name, VersionId = source.Version, ByteRange = new ByteRange(offsetBytes, offsetBytes + wanted - 1) };
            int read = await Ask(limit => FillAsync(request, buffer[..wanted], limit), cancellation).ConfigureAwait(false);
            return read == wanted ? read : throw new VaultException(VaultFailure.Corrupted, $"{source.Name} in {Location} ended after {offsetBytes + read} of {source.LengthBytes} bytes.");
        }, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string name, CancellationToken cancellation)
    {
        RefusePast();
        await Try($"delete {name}", () => Ask(limit => _client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = _settings.Bucket, Key = _prefix + name }, limit.Token), cancellation), cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task PurgeAsync(string name, CancellationToken cancellation)
    {
        await DeleteAsync(name, cancellation).ConfigureAwait(false);
        (string? key, string? version) = (_prefix + name, null);
        ListVersionsResponse page;
        do
        {
            var request = new ListVersionsRequest { BucketName = _settings.Bucket, Prefix = _prefix + name, KeyMarker = version is null ? null : key, VersionIdMarker = version };
            page = await Try("list versions", () => Ask(limit => _client.ListVersionsAsync(request, limit.Token), cancellation), cancellation).ConfigureAwait(false);
            foreach (S3ObjectVersion found in (page.Versions ?? []).Where(found => found.Key == _prefix + name && found.VersionId is not (null or "null")))
            {
                try
                {
                    var delete = new DeleteObjectRequest { BucketName = _settings.Bucket, Key = found.Key, VersionId = found.VersionId };
                    await Try($"delete {name}", () => Ask(limit => _client.DeleteObjectAsync(delete, limit.Token), cancellation), cancellation).ConfigureAwait(false);
                }
                catch (VaultException error) when (error.Failure == VaultFailure.Refused && found.IsDeleteMarker != true)
                {
                    // Locked: as it should be.
                }
            }

            (key, version) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }
        while (page.IsTruncated == true);
    }

    /// <inheritdoc/>
    public async Task<DateTimeOffset> ExtendLockAsync(VaultObject locked, CancellationToken cancellation)
    {
        RefusePast();
        DateTimeOffset until = _time.GetUtcNow().AddDays(LockDays);
        var request = new PutObjectRetentionRequest
        {
            BucketName = _settings.Bucket,
            Key = _prefix + locked.Name,
            VersionId = locked.Version,
            Retention = new ObjectLockRetention { Mode = ObjectLockRetentionMode.Compliance, RetainUntilDate = until.UtcDateTime },
        };
        await Try($"lock {locked.Name}", () => Ask(limit => _client.PutObjectRetentionAsync(request, limit.Token), cancellation), cancellation).ConfigureAwait(false);
        return until;
    }

    /// <inheritdoc/>
    public Task TidyAsync(CancellationToken cancellation)
    {
        RefusePast();
        return Try("tidy up", () => Ask(limit => _uploads.AbandonAllAsync(limit.Token), cancellation), cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _uploads.Dispose();
        _bodies.Dispose();
    }

    private async IAsyncEnumerable<VaultObject> ListNowAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? next = null;
        do
        {
            var request = new ListObjectsV2Request { BucketName = _settings.Bucket, Prefix = _prefix + prefix, ContinuationToken = next, MaxKeys = KeysPerListing };
            ListObjectsV2Response page = await Try("list", () => Ask(limit => _client.ListObjectsV2Async(request, limit.Token), cancellation), cancellation).ConfigureAwait(false);
            foreach (S3Object found in page.S3Objects ?? [])
            {
                yield return new VaultObject(found.Key[_prefix.Length..], found.Size ?? 0, Tag(found.ETag)) { Class = found.StorageClass?.Value is { Length: > 0 } named ? named : ClassUse.DefaultClass };
            }

            next = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (next is not null);
    }

    // Versions of a key come newest first. The first that is not younger than the moment is what was there then, unless it is the mark of a deletion.
    private async IAsyncEnumerable<VaultObject> ListPastAsync(string prefix, DateTimeOffset moment, [EnumeratorCancellation] CancellationToken cancellation)
    {
        (string? key, string? version, string decided) = (null, null, "");
        bool more;
        do
        {
            var request = new ListVersionsRequest { BucketName = _settings.Bucket, Prefix = _prefix + prefix, KeyMarker = key, VersionIdMarker = version, MaxKeys = KeysPerListing };
            ListVersionsResponse page = await Try("list versions", () => Ask(limit => _client.ListVersionsAsync(request, limit.Token), cancellation), cancellation).ConfigureAwait(false);
            foreach (S3ObjectVersion found in page.Versions ?? [])
            {
                if (found.Key == decided || found.LastModified is not { } put || put.ToUniversalTime() > moment.UtcDateTime)
                {
                    continue;
                }

                decided = found.Key;
                if (found.IsDeleteMarker != true)
                {
                    yield return new VaultObject(found.Key[_prefix.Length..], found.Size ?? 0, Tag(found.ETag), found.VersionId);
                }
            }

            more = page.IsTruncated == true;
            (key, version) = (page.NextKeyMarker, page.NextVersionIdMarker);
        }
        while (more);
    }

    private async Task<string> PutAtOnceAsync(string name, IStoreFile content, DateTimeOffset? lockedUntil, CancellationToken cancellation)
    {
        await _bodies.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            using S3Body body = Body(content, 0, (int)content.LengthBytes);
            var request = new PutObjectRequest
            {
                BucketName = _settings.Bucket,
                Key = _prefix + name,
                InputStream = body,
                MD5Digest = Convert.ToBase64String(body.Digest()),
                UseChunkEncoding = false,
                StorageClass = ClassOf(name),
                ServerSideEncryptionMethod = Encryption,
                ServerSideEncryptionKeyManagementServiceKeyId = _settings.KmsKey,
            };
            if (lockedUntil is { } until)
            {
                (request.ObjectLockMode, request.ObjectLockRetainUntilDate) = (ObjectLockMode.Compliance, until.UtcDateTime);
            }

            return Tag((await Send(body, limit => _client.PutObjectAsync(request, limit.Token), cancellation).ConfigureAwait(false)).ETag);
        }
        finally
        {
            _bodies.Release();
        }
    }

    // The first long one goes in parts, and tells how fast the link is; the others that come meanwhile wait for its first part.
    private async Task<bool> GoesAtOnceAsync(long lengthBytes, CancellationToken cancellation)
    {
        if (lengthBytes <= PartBytes || lengthBytes > AtOnceBytesMax || Interlocked.Exchange(ref _longOnes, 1) == 0)
        {
            return lengthBytes <= PartBytes;
        }

        await _told.Task.WaitAsync(cancellation).ConfigureAwait(false);
        return lengthBytes <= Interlocked.Read(ref _bytesPerSecond) * AtOnceSecondsMax;
    }

    private async Task<string> PutInPartsAsync(string name, IStoreFile content, DateTimeOffset? lockedUntil, S3Upload? open, CancellationToken cancellation)
    {
        try
        {
            return await PutPartsAsync(name, content, lockedUntil, open, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _told.TrySetResult();
        }
    }

    private async Task<string> PutPartsAsync(string name, IStoreFile content, DateTimeOffset? lockedUntil, S3Upload? open, CancellationToken cancellation)
    {
        long lengthBytes = content.LengthBytes;
        int partBytes = S3Uploads.PartBytesFor(lengthBytes, PartBytes);
        string key = _prefix + name;
        S3Upload upload = open ?? await BeginAsync(key, name, lockedUntil, cancellation).ConfigureAwait(false);

        // One that fails leaves the others to arrive: what has arrived is not sent again.
        int count = (int)((lengthBytes + partBytes - 1) / partBytes);
        PartETag[] parts = await Task.WhenAll(Enumerable.Range(0, count).Select(index =>
            PutPartAsync(upload, key, index + 1, content, (long)index * partBytes, (int)Math.Min(partBytes, lengthBytes - ((long)index * partBytes)), cancellation))).ConfigureAwait(false);
        var whole = new CompleteMultipartUploadRequest { BucketName = _settings.Bucket, Key = key, UploadId = upload.Id, PartETags = [.. parts] };
        string tag = Tag((await Ask(limit => _client.CompleteMultipartUploadAsync(whole, limit.Token), cancellation).ConfigureAwait(false)).ETag);
        _uploads.Done(key);

        // Not every service says it here.
        return tag.Length > 0 ? tag : Tag((await Ask(limit => _client.GetObjectMetadataAsync(_settings.Bucket, key, limit.Token), cancellation).ConfigureAwait(false)).ETag);
    }

    private async Task<PartETag> PutPartAsync(S3Upload upload, string key, int number, IStoreFile content, long offset, int length, CancellationToken cancellation)
    {
        await _bodies.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            using S3Body body = Body(content, offset, length);
            byte[] digest = body.Digest();
            if (upload.TagOf(number, length, digest) is { } there)
            {
                return new PartETag(number, there);
            }

            var request = new UploadPartRequest
            {
                BucketName = _settings.Bucket,
                Key = key,
                UploadId = upload.Id,
                PartNumber = number,
                PartSize = length,
                InputStream = body,
                MD5Digest = Convert.ToBase64String(digest),
                UseChunkEncoding = false,
            };
            return new PartETag(number, (await Send(body, limit => _client.UploadPartAsync(request, limit.Token), cancellation).ConfigureAwait(false)).ETag);
        }
        finally
        {
            _bodies.Release();
        }
    }

    private async Task<S3Upload> BeginAsync(string key, string name, DateTimeOffset? lockedUntil, CancellationToken cancellation)
    {
        var request = new InitiateMultipartUploadRequest
        {
            BucketName = _settings.Bucket,
            Key = key,
            StorageClass = ClassOf(name),
            ServerSideEncryptionMethod = Encryption,
            ServerSideEncryptionKeyManagementServiceKeyId = _settings.KmsKey,
        };
        if (lockedUntil is { } until)
        {
            (request.ObjectLockMode, request.ObjectLockRetainUntilDate) = (ObjectLockMode.Compliance, until.UtcDateTime);
        }

        return _uploads.Begun(key, (await Ask(limit => _client.InitiateMultipartUploadAsync(request, limit.Token), cancellation).ConfigureAwait(false)).UploadId);
    }

    private ServerSideEncryptionMethod? Encryption => _settings.Encryption is { } method ? new ServerSideEncryptionMethod(method) : null;

    private S3StorageClass? ClassOf(string name) =>
        _settings.PackClass is { } named && SealedFile.TryParse(name, out SealedFile file) && file.Kind == SealedKind.Pack ? new S3StorageClass(named) : null;

    // Some answers of some services have it in quotes, some without.
    private static string Tag(string? entityTag) => entityTag?.Trim('"') ?? "";

    private S3Body Body(IStoreFile content, long offset, int length) => new(content, offset, length, _bandwidth);

    private void RefusePast()
    {
        if (_asOf is not null)
        {
            throw new VaultException(VaultFailure.Invalid, $"{Location} is shown as it was at {_asOf:O}; that cannot be changed.");
        }
    }

    private async Task<T> Send<T>(S3Body body, Func<AnswerLimit, Task<T>> request, CancellationToken cancellation)
    {
        long start = _time.GetTimestamp();
        T answer = await S3Client.AskAsync(
            limit =>
            {
                body.Limit = limit;
                return request(limit);
            },
            BodyPatience * SilentMax,
            cancellation).ConfigureAwait(false);
        if (body.Length >= TellingBytes)
        {
            Interlocked.Exchange(ref _bytesPerSecond, (long)(body.Length / Math.Max(_time.GetElapsedTime(start).TotalSeconds, 0.001)));
            _told.TrySetResult();
        }

        return answer;
    }

    private async Task<int> FillAsync(GetObjectRequest request, Memory<byte> buffer, AnswerLimit limit)
    {
        using GetObjectResponse response = await _client.GetObjectAsync(request, limit.Token).ConfigureAwait(false);
        int filled = 0;
        while (filled < buffer.Length && await response.ResponseStream.ReadAsync(buffer[filled..], limit.Token).ConfigureAwait(false) is int read and > 0)
        {
            filled += read;
            limit.Moved();
        }

        return filled;
    }

    // Each request by itself: who waits for a place to send from waits for no service.
    private Task<T> Ask<T>(Func<AnswerLimit, Task<T>> request, CancellationToken cancellation) => S3Client.AskAsync(request, SilentMax, cancellation);

    private Task<T> Try<T>(string action, Func<Task<T>> request, CancellationToken cancellation) => S3Client.TryAsync(action, Location, request, cancellation);
}
