using System.Buffers;
using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// A vault in a bucket. Small objects are put at once, larger ones in parts; parts that arrived before a link broke or the process was killed are not sent again. Every
/// body carries its MD5, which the service compares with what arrived. With an earlier time given it shows the bucket as it was then, read-only: what was deleted or
/// replaced since is still there as a version when the bucket keeps versions, as one with locks does.
/// </summary>
public sealed class S3Medium : IVaultMedium
{
    // Objects up to this are put at once. Also the memory of one put.
    private const int PartBytes = 16 * 1024 * 1024;
    private const int KeysPerListing = 1000;

    private readonly S3Settings _settings;
    private readonly AmazonS3Client _client;
    private readonly S3Uploads _uploads;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset? _asOf;
    private readonly BandwidthSchedule? _bandwidth;
    private readonly string _prefix;

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
            string tag = content.LengthBytes <= PartBytes
                ? await PutAtOnceAsync(name, content, lockedUntil, cancellation).ConfigureAwait(false)
                : await PutInPartsAsync(name, content, lockedUntil, cancellation).ConfigureAwait(false);
            return new VaultObject(name, content.LengthBytes, tag, null, lockedUntil);
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
            using GetObjectResponse response = await _client.GetObjectAsync(request, cancellation).ConfigureAwait(false);
            int read = await response.ResponseStream.ReadAtLeastAsync(buffer[..wanted], wanted, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
            return read == wanted ? read : throw new VaultException(VaultFailure.Corrupted, $"{source.Name} in {Location} ended after {offsetBytes + read} of {source.LengthBytes} bytes.");
        }, cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string name, CancellationToken cancellation)
    {
        RefusePast();
        await Try($"delete {name}", () => _client.DeleteObjectAsync(new DeleteObjectRequest { BucketName = _settings.Bucket, Key = _prefix + name }, cancellation), cancellation).ConfigureAwait(false);
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
            page = await Try("list versions", () => _client.ListVersionsAsync(request, cancellation), cancellation).ConfigureAwait(false);
            foreach (S3ObjectVersion found in (page.Versions ?? []).Where(found => found.Key == _prefix + name && found.VersionId is not (null or "null")))
            {
                try
                {
                    var delete = new DeleteObjectRequest { BucketName = _settings.Bucket, Key = found.Key, VersionId = found.VersionId };
                    await Try($"delete {name}", () => _client.DeleteObjectAsync(delete, cancellation), cancellation).ConfigureAwait(false);
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
        await Try($"lock {locked.Name}", () => _client.PutObjectRetentionAsync(request, cancellation), cancellation).ConfigureAwait(false);
        return until;
    }

    /// <inheritdoc/>
    public Task TidyAsync(CancellationToken cancellation)
    {
        RefusePast();
        return Try("tidy up", async () =>
        {
            await _uploads.AbandonAllAsync(cancellation).ConfigureAwait(false);
            return 0;
        }, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _client.Dispose();
        _uploads.Dispose();
    }

    private async IAsyncEnumerable<VaultObject> ListNowAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellation)
    {
        string? next = null;
        do
        {
            var request = new ListObjectsV2Request { BucketName = _settings.Bucket, Prefix = _prefix + prefix, ContinuationToken = next, MaxKeys = KeysPerListing };
            ListObjectsV2Response page = await Try("list", () => _client.ListObjectsV2Async(request, cancellation), cancellation).ConfigureAwait(false);
            foreach (S3Object found in page.S3Objects ?? [])
            {
                yield return new VaultObject(found.Key[_prefix.Length..], found.Size ?? 0, Tag(found.ETag));
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
            ListVersionsResponse page = await Try("list versions", () => _client.ListVersionsAsync(request, cancellation), cancellation).ConfigureAwait(false);
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
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Max(1, (int)content.LengthBytes));
        try
        {
            int length = ReadWhole(content, buffer.AsSpan(0, (int)content.LengthBytes), 0, name);
            var request = new PutObjectRequest
            {
                BucketName = _settings.Bucket,
                Key = _prefix + name,
                InputStream = Body(buffer, length),
                MD5Digest = Convert.ToBase64String(S3Uploads.Digest(buffer.AsSpan(0, length))),
                UseChunkEncoding = false,
                StorageClass = ClassOf(name),
                ServerSideEncryptionMethod = Encryption,
                ServerSideEncryptionKeyManagementServiceKeyId = _settings.KmsKey,
            };
            if (lockedUntil is { } until)
            {
                (request.ObjectLockMode, request.ObjectLockRetainUntilDate) = (ObjectLockMode.Compliance, until.UtcDateTime);
            }

            return Tag((await _client.PutObjectAsync(request, cancellation).ConfigureAwait(false)).ETag);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<string> PutInPartsAsync(string name, IStoreFile content, DateTimeOffset? lockedUntil, CancellationToken cancellation)
    {
        int partBytes = S3Uploads.PartBytesFor(content.LengthBytes, PartBytes);
        string key = _prefix + name;
        S3Upload upload = await _uploads.TakeUpAsync(key, cancellation).ConfigureAwait(false) ?? await BeginAsync(key, name, lockedUntil, cancellation).ConfigureAwait(false);
        var parts = new List<PartETag>();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(partBytes);
        try
        {
            for (long offset = 0; offset < content.LengthBytes; offset += partBytes)
            {
                int number = parts.Count + 1;
                int length = ReadWhole(content, buffer.AsSpan(0, (int)Math.Min(partBytes, content.LengthBytes - offset)), offset, name);
                byte[] digest = S3Uploads.Digest(buffer.AsSpan(0, length));
                string? there = upload.TagOf(number, length, digest);
                if (there is null)
                {
                    var request = new UploadPartRequest
                    {
                        BucketName = _settings.Bucket,
                        Key = key,
                        UploadId = upload.Id,
                        PartNumber = number,
                        PartSize = length,
                        InputStream = Body(buffer, length),
                        MD5Digest = Convert.ToBase64String(digest),
                        UseChunkEncoding = false,
                    };
                    there = (await _client.UploadPartAsync(request, cancellation).ConfigureAwait(false)).ETag;
                }

                parts.Add(new PartETag(number, there));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        var whole = new CompleteMultipartUploadRequest { BucketName = _settings.Bucket, Key = key, UploadId = upload.Id, PartETags = parts };
        string tag = Tag((await _client.CompleteMultipartUploadAsync(whole, cancellation).ConfigureAwait(false)).ETag);
        _uploads.Done(key);

        // Not every service says it here.
        return tag.Length > 0 ? tag : Tag((await _client.GetObjectMetadataAsync(_settings.Bucket, key, cancellation).ConfigureAwait(false)).ETag);
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

        return _uploads.Begun(key, (await _client.InitiateMultipartUploadAsync(request, cancellation).ConfigureAwait(false)).UploadId);
    }

    private ServerSideEncryptionMethod? Encryption => _settings.Encryption is { } method ? new ServerSideEncryptionMethod(method) : null;

    private S3StorageClass? ClassOf(string name) =>
        _settings.PackClass is { } named && SealedFile.TryParse(name, out SealedFile file) && file.Kind == SealedKind.Pack ? new S3StorageClass(named) : null;

    // Some answers of some services have it in quotes, some without.
    private static string Tag(string? entityTag) => entityTag?.Trim('"') ?? "";

    private Stream Body(byte[] buffer, int length) => _bandwidth is { } schedule ? new PacedStream(buffer.AsMemory(0, length), schedule) : new MemoryStream(buffer, 0, length, writable: false);

    private int ReadWhole(IStoreFile content, Span<byte> buffer, long offset, string name)
    {
        int read = content.ReadAt(buffer, offset);
        return read == buffer.Length ? read : throw new VaultException(VaultFailure.Corrupted, $"{name} became shorter while it was put into {Location}.");
    }

    private void RefusePast()
    {
        if (_asOf is not null)
        {
            throw new VaultException(VaultFailure.Invalid, $"{Location} is shown as it was at {_asOf:O}; that cannot be changed.");
        }
    }

    private async Task<T> Try<T>(string action, Func<Task<T>> request, CancellationToken cancellation)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception error) when (error is Amazon.Runtime.AmazonClientException or Amazon.Runtime.AmazonServiceException or HttpRequestException or OperationCanceledException or System.Net.WebException
            || (error is IOException and not VaultException and not StoreIoException))
        {
            throw S3Client.Translate(error, action, Location);
        }
    }
}
