using System.Security.Cryptography;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Fetches a bundle from where it is published, and takes it only when it is the one that was meant.</summary>
internal sealed class BundleFetch(BundleShelf shelf) : IDisposable
{
    // For an answer's head, and for all of a bundle at 2 Mbit/s.
    private static readonly TimeSpan s_headMax = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_wholeMax = TimeSpan.FromHours(3);

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = true, MaxAutomaticRedirections = 5, ConnectTimeout = s_headMax, PooledConnectionLifetime = s_headMax }) { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Fetches.</summary>
    /// <param name="url">Where it is; http or https: what it is says the hash, and who made it its signature.</param>
    /// <param name="sha256">SHA-256 of the whole file, 64 hexadecimal digits.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The upload that it became.</returns>
    /// <exception cref="BundleException">It cannot be had, or is another one.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public async Task<string> RunAsync(string url, string sha256, CancellationToken cancellation)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? address) || address.Scheme is not ("http" or "https"))
        {
            throw new BundleException($"'{url}' is no address of a bundle: it begins with https:// or http://.");
        }

        if (sha256.Length != 2 * SHA256.HashSizeInBytes || !sha256.All(char.IsAsciiHexDigit))
        {
            throw new BundleException("A bundle that is fetched needs its SHA-256, 64 hexadecimal digits ('sha256sum FILE').");
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(s_wholeMax);
        try
        {
            using HttpResponseMessage answer = await _client.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, limit.Token).WaitAsync(s_headMax, limit.Token).ConfigureAwait(false);
            if (!answer.IsSuccessStatusCode || answer.Content.Headers.ContentLength is not { } bytes)
            {
                throw new BundleException(answer.IsSuccessStatusCode ? $"{address.Host} does not say how long the bundle is." : $"{address.Host} does not give the bundle: {(int)answer.StatusCode} {answer.ReasonPhrase}.");
            }

            string upload = shelf.Begin(Path.GetFileName(address.AbsolutePath), bytes);
            try
            {
                await using Stream body = await answer.Content.ReadAsStreamAsync(limit.Token).ConfigureAwait(false);
                await TakeAsync(body, upload, bytes, sha256, limit.Token).ConfigureAwait(false);
            }
            catch
            {
                shelf.Discard(upload);
                throw;
            }

            return upload;
        }
        catch (Exception error) when (error is HttpRequestException or HttpIOException)
        {
            throw new BundleException($"The bundle cannot be fetched from {address.Host}, or broke off: {error.Message}");
        }
        catch (Exception error) when (error is TimeoutException || (error is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            throw new BundleException($"{address.Host} takes too long. It is tried again when it is ordered again.");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task TakeAsync(Stream body, string upload, long bytes, string sha256, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] piece = new byte[BundleShelf.PieceBytesMax];
        for (long at = 0; at < bytes;)
        {
            int read = await body.ReadAtLeastAsync(piece, (int)Math.Min(piece.Length, bytes - at), throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
            if (read == 0)
            {
                throw new BundleException($"The bundle broke off after {at} of {bytes} bytes.");
            }

            hash.AppendData(piece, 0, read);
            at = shelf.Put(upload, at, piece.AsSpan(0, read));
        }

        string found = Convert.ToHexStringLower(hash.GetHashAndReset());
        if (!string.Equals(found, sha256, StringComparison.OrdinalIgnoreCase))
        {
            throw new BundleException($"What was fetched is another bundle: its SHA-256 is {found}. It is thrown away.");
        }
    }
}
