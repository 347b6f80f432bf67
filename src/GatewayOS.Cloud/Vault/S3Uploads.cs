using System.Collections.Concurrent;
using Amazon.S3;
using Amazon.S3.Model;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// The uploads in parts that are open in a bucket: begun by this process and not ended because the link broke, or left by one that was killed. Thread-safe for different keys.
/// </summary>
internal sealed class S3Uploads(AmazonS3Client client, string bucket, string prefix) : IDisposable
{
    // A service takes 10 000 parts of one object.
    private const int PartsMax = 9_000;

    private readonly ConcurrentDictionary<string, string> _open = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _gate = new(1, 1);
    private bool _listed;

    /// <summary>Length of the parts of an object.</summary>
    public static int PartBytesFor(long lengthBytes, int partBytesMin) => (int)Math.Max(partBytesMin, ((lengthBytes / PartsMax) + 1 + 0xFFFFF) & ~0xFFFFF);

    /// <summary>Finds an open upload of a key, with the parts that have arrived.</summary>
    /// <returns>The upload, or null when there is none.</returns>
    public async Task<S3Upload?> TakeUpAsync(string key, CancellationToken cancellation)
    {
        await ListAsync(cancellation).ConfigureAwait(false);
        if (!_open.TryGetValue(key, out string? id))
        {
            return null;
        }

        var parts = new Dictionary<int, (long Bytes, string Tag)>();
        string? marker = null;
        ListPartsResponse page;
        do
        {
            try
            {
                page = await client.ListPartsAsync(new ListPartsRequest { BucketName = bucket, Key = key, UploadId = id, PartNumberMarker = marker }, cancellation).ConfigureAwait(false);
            }
            catch (AmazonS3Exception error) when (error.StatusCode == System.Net.HttpStatusCode.NotFound)
            {
                // Ended by the service or by somebody else.
                _open.TryRemove(key, out _);
                return null;
            }

            foreach (PartDetail part in page.Parts ?? [])
            {
                parts[part.PartNumber ?? 0] = (part.Size ?? 0, part.ETag ?? "");
            }

            marker = page.NextPartNumberMarker?.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }
        while (page.IsTruncated == true);

        return new S3Upload(id, parts);
    }

    /// <summary>Notes one that has begun.</summary>
    public S3Upload Begun(string key, string id)
    {
        _open[key] = id;
        return new S3Upload(id, []);
    }

    /// <summary>Notes that one has ended.</summary>
    public void Done(string key) => _open.TryRemove(key, out _);

    /// <summary>Ends all that are open: their parts cost room.</summary>
    /// <returns>How many it has ended.</returns>
    public async Task<int> AbandonAllAsync(CancellationToken cancellation)
    {
        int ended = 0;
        await ListAsync(cancellation).ConfigureAwait(false);
        foreach ((string key, string id) in _open.ToArray())
        {
            try
            {
                await client.AbortMultipartUploadAsync(new AbortMultipartUploadRequest { BucketName = bucket, Key = key, UploadId = id }, cancellation).ConfigureAwait(false);
            }
            catch (AmazonS3Exception error) when (error.StatusCode == System.Net.HttpStatusCode.NotFound)
            {
                // Ended by somebody else.
            }

            _open.TryRemove(key, out _);
            ended++;
        }

        return ended;
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task ListAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (_listed)
            {
                return;
            }

            ListMultipartUploadsResponse page;
            (string? key, string? id) = (null, null);
            do
            {
                page = await client.ListMultipartUploadsAsync(new ListMultipartUploadsRequest { BucketName = bucket, Prefix = prefix, KeyMarker = key, UploadIdMarker = id }, cancellation).ConfigureAwait(false);
                foreach (MultipartUpload upload in page.MultipartUploads ?? [])
                {
                    _open.TryAdd(upload.Key, upload.UploadId);
                }

                (key, id) = (page.NextKeyMarker, page.NextUploadIdMarker);
            }
            while (page.IsTruncated == true);

            _listed = true;
        }
        finally
        {
            _gate.Release();
        }
    }
}

/// <summary>An open upload in parts.</summary>
/// <param name="Id">Its name at the service.</param>
/// <param name="Parts">What has arrived, by number.</param>
internal sealed record S3Upload(string Id, Dictionary<int, (long Bytes, string Tag)> Parts)
{
    /// <summary>The tag of a part that has arrived as it is here; null when it has to be sent.</summary>
    public string? TagOf(int number, int lengthBytes, ReadOnlySpan<byte> md5) =>
        Parts.TryGetValue(number, out (long Bytes, string Tag) part) && part.Bytes == lengthBytes && part.Tag.Trim('"').Equals(Convert.ToHexStringLower(md5), StringComparison.OrdinalIgnoreCase)
            ? part.Tag
            : null;
}
