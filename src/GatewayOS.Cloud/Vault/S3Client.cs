using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using GatewayOS.Cloud.Tunnel;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>Makes the client of the SDK, and turns its failures into ours.</summary>
internal static class S3Client
{
    // A part of 16 MiB over 1 Mbit/s takes two minutes; a link that is slower, or silent for so long, counts as cut.
    private static readonly TimeSpan s_requestTimeout = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(20);

    // A wait for twice as long is what somebody has who adds a vault whose service hangs (VaultProbe). Services that work answer within seconds.
    private const int SilentSecondsMax = 40;

    // The SDK's own 8 KiB would be a system call each.
    private const int CopyBytes = 256 * 1024;

    private const string BodyHashHeader = "x-amz-content-sha256";
    private const string BodyLeftOut = "UNSIGNED-PAYLOAD";

    /// <summary>How long a service may be silent in the middle of a request before it counts as unreachable.</summary>
    public static TimeSpan SilentMax { get; } = TimeSpan.FromSeconds(SilentSecondsMax);

    public static AmazonS3Client Make(S3Settings settings)
    {
        var client = new AmazonS3Client(Credentials(settings.CredentialsFile), new AmazonS3Config
        {
            ServiceURL = settings.Endpoint,
            AuthenticationRegion = settings.Region,
            ForcePathStyle = settings.PathStyle,

            // Retries are ours: they know what is worth one, and are seen.
            MaxErrorRetry = 0,
            Timeout = s_requestTimeout,
            HttpClientFactory = new TrustingFactory(settings.CaFile, settings.ViaTunnel),
            BufferSize = CopyBytes,

            // Many services do not know the newer checksum headers. Every body carries its MD5 instead, which all of them check.
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });
        client.BeforeRequestEvent += LeaveBodyOut;
        return client;
    }

    // The signature covers the body's MD5, and nobody finds another body with that of a given one (RFC 6151). SHA-256 beside it would be hashed at both ends. The SDK's own option leaves it out over TLS only.
    private static void LeaveBodyOut(object sender, RequestEventArgs arguments)
    {
        if (arguments is WebServiceRequestEventArgs { Request: PutObjectRequest or UploadPartRequest } sent)
        {
            sent.Headers[BodyHashHeader] = BodyLeftOut;
        }
    }

    /// <summary>Sends a request, and waits for as long as something moves.</summary>
    /// <param name="request">Sends it.</param>
    /// <param name="silentMax">How long the service may be silent.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="TimeoutException">The service was silent for too long.</exception>
    public static async Task<T> AskAsync<T>(Func<AnswerLimit, Task<T>> request, TimeSpan silentMax, CancellationToken cancellation)
    {
        using var limit = new AnswerLimit(silentMax, cancellation);
        try
        {
            return await request(limit).ConfigureAwait(false);
        }
        catch (Exception error) when (limit.IsOver && !cancellation.IsCancellationRequested && error is not VaultException)
        {
            throw new TimeoutException($"no answer for {silentMax.TotalSeconds:0.#} s", error);
        }
    }

    /// <summary>Does something with a service, whose failures become ours.</summary>
    /// <param name="action">What is tried, in words.</param>
    /// <param name="location">Where.</param>
    /// <param name="request">Does it.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="VaultException">It failed.</exception>
    public static async Task<T> TryAsync<T>(string action, string location, Func<Task<T>> request, CancellationToken cancellation)
    {
        try
        {
            return await request().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception error) when (error is AmazonClientException or AmazonServiceException or HttpRequestException or OperationCanceledException or WebException or TimeoutException
            || (error is IOException and not VaultException and not StoreIoException))
        {
            throw Translate(error, action, location);
        }
    }

    private static VaultException Translate(Exception error, string action, string location)
    {
        if (error is AmazonS3Exception { StatusCode: >= HttpStatusCode.OK } answer)
        {
            (VaultFailure failure, string remedy) = Classify(answer);
            string code = answer.ErrorCode is { Length: > 0 } known ? known : $"{(int)answer.StatusCode}";
            return new VaultException(failure, $"Cannot {action} in {location}: {code}: {answer.Message}{remedy}", error);
        }

        if (FindInner<TunnelException>(error) is { } noTunnel)
        {
            return new VaultException(VaultFailure.Invalid, $"Cannot {action} in {location}: {noTunnel.Message}", error);
        }

        return FindInner<AuthenticationException>(error) is { } distrust
            ? new VaultException(VaultFailure.Invalid, $"{location} shows a certificate that is not trusted: {distrust.Message} Give its authority's certificate with --ca.", error)
            : new VaultException(VaultFailure.Unreachable, $"Cannot {action} in {location}: {Deepest(error).Message}", error);
    }

    private static (VaultFailure Failure, string Remedy) Classify(AmazonS3Exception answer) => answer switch
    {
        { ErrorCode: "RequestTimeTooSkewed" } => (VaultFailure.Refused, " Set this machine's clock."),
        { ErrorCode: "BadDigest" or "XAmzContentSHA256Mismatch" or "InvalidDigest" or "IncompleteBody" } => (VaultFailure.Corrupted, ""),
        { ErrorCode: "QuotaExceeded" or "InsufficientStorage" or "EntityTooLarge" } => (VaultFailure.Full, " Ask for more room there, or free some."),
        { ErrorCode: "RequestTimeout" or "SlowDown" or "ServiceUnavailable" or "InternalError" or "OperationAborted" } => (VaultFailure.Unreachable, ""),
        { StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized } => (VaultFailure.Refused, " Check the access key and what it may do."),
        { StatusCode: HttpStatusCode.NotFound } => (VaultFailure.Missing, answer.ErrorCode == "NoSuchBucket" ? " Make the bucket first." : ""),
        { StatusCode: HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests } => (VaultFailure.Unreachable, ""),
        { StatusCode: HttpStatusCode.InsufficientStorage } => (VaultFailure.Full, " Ask for more room there, or free some."),
        { StatusCode: >= HttpStatusCode.InternalServerError } => (VaultFailure.Unreachable, ""),
        _ => (VaultFailure.Invalid, ""),
    };

    private static BasicAWSCredentials Credentials(string? file)
    {
        const string idName = "aws_access_key_id", secretName = "aws_secret_access_key";
        string? id = Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID");
        string? secret = Environment.GetEnvironmentVariable("AWS_SECRET_ACCESS_KEY");
        if (file is not null)
        {
            try
            {
                Dictionary<string, string> values = File.ReadLines(file).Select(line => line.Split('=', 2, StringSplitOptions.TrimEntries)).Where(pair => pair.Length == 2)
                    .GroupBy(pair => pair[0], StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First()[1], StringComparer.Ordinal);
                (id, secret) = (values.GetValueOrDefault(idName), values.GetValueOrDefault(secretName));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new VaultException(VaultFailure.Invalid, $"The credentials file {file} cannot be read: {error.Message}", error);
            }
        }

        return id is { Length: > 0 } && secret is { Length: > 0 }
            ? new BasicAWSCredentials(id, secret)
            : throw new VaultException(VaultFailure.Invalid, file is null
                ? "There is no access key. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a file with --credentials."
                : $"The credentials file {file} lacks '{idName} = …' or '{secretName} = …'.");
    }

    private static T? FindInner<T>(Exception? error)
        where T : Exception
    {
        while (error is not null and not T)
        {
            error = error.InnerException;
        }

        return error as T;
    }

    private static Exception Deepest(Exception error)
    {
        // What was cancelled when it took too long says less than that.
        while (error is not TimeoutException && error.InnerException is { } inner)
        {
            error = inner;
        }

        return error;
    }

    private sealed class TrustingFactory(string? caFile, bool viaTunnel) : HttpClientFactory
    {
        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override HttpClient CreateHttpClient(IClientConfig clientConfig)
        {
            var handler = new SocketsHttpHandler { ConnectTimeout = s_connectTimeout, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1), AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None };
            if (viaTunnel)
            {
                TunnelConnection.Pin(handler);
            }

            if (caFile is not null)
            {
                var authorities = new X509Certificate2Collection();
                authorities.ImportFromPemFile(caFile);
                var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
                policy.CustomTrustStore.AddRange(authorities);
                handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
            }

            return new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        }
    }
}
