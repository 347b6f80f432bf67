namespace GatewayOS.Cloud.Vault;

/// <summary>How a bucket of an S3-compatible service is reached and used. Immutable, validated whole.</summary>
/// <remarks>What has a default is a parameter of the constructor: read from JSON, a member that is left out then has its default, as one of an initializer would not.</remarks>
/// <param name="Prefix">What the names of this vault's objects begin with; empty, or without a slash at either end.</param>
/// <param name="Region">The region that requests are signed for.</param>
/// <param name="PathStyle">True puts the bucket's name into the path, false into the host name.</param>
public sealed record S3Settings(string Prefix = "", string Region = S3Settings.RegionDefault, bool PathStyle = true)
{
    /// <summary>Longest lock, in days: a mistake in it cannot be taken back by anybody.</summary>
    public const int LockDaysMax = 3650;

    /// <summary>What services that have no regions take for theirs.</summary>
    public const string RegionDefault = "us-east-1";

    /// <summary>The service, for instance <c>https://s3.example.org</c>.</summary>
    public required string Endpoint { get; init; }

    /// <summary>The bucket; must exist.</summary>
    public required string Bucket { get; init; }

    /// <summary>PEM file with the certificates to trust instead of the system's; null for the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>What the service encrypts with beside: <c>AES256</c>, <c>aws:kms</c>, or null for nothing. The vault is encrypted before it gets there.</summary>
    public string? Encryption { get; init; }

    /// <summary>The key for <c>aws:kms</c>; null for the service's own.</summary>
    public string? KmsKey { get; init; }

    /// <summary>Storage class of packs, as the service calls it; null for its default. What else is in a vault is small, read often, and stays in the default.</summary>
    public string? PackClass { get; init; }

    /// <summary>Days for which an object is locked in compliance mode when it is put and, while the store has it, again and again; 0 for no lock.</summary>
    public int LockDays { get; init; }

    /// <summary>File with the access key: lines <c>aws_access_key_id = …</c> and <c>aws_secret_access_key = …</c>; null for the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY).</summary>
    public string? CredentialsFile { get; init; }

    /// <summary>True when it is reached through this machine's tunnel and never otherwise.</summary>
    public bool ViaTunnel { get; init; }

    /// <summary>Checks the settings; every error at once.</summary>
    /// <returns>The errors; empty when valid.</returns>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        if (!Uri.TryCreate(Endpoint, UriKind.Absolute, out Uri? uri) || uri.Scheme is not ("http" or "https") || uri.PathAndQuery != "/")
        {
            errors.Add($"The endpoint '{Endpoint}' is no address of a service; it goes like https://s3.example.org.");
        }

        if (Bucket.Length is < 3 or > 63 || Bucket.Any(letter => !char.IsAsciiLetterLower(letter) && !char.IsAsciiDigit(letter) && letter is not ('-' or '.')))
        {
            errors.Add($"'{Bucket}' is no bucket name: 3 to 63 lower-case letters, digits, dots and hyphens.");
        }

        if (Prefix.StartsWith('/') || Prefix.EndsWith('/') || Prefix.Any(letter => letter is < '!' or > '~'))
        {
            errors.Add($"The prefix '{Prefix}' must be ASCII without spaces and without a slash at either end.");
        }

        if (Encryption is not (null or "AES256" or "aws:kms"))
        {
            errors.Add($"The encryption '{Encryption}' is unknown; it is AES256 or aws:kms.");
        }

        if (KmsKey is not null && Encryption != "aws:kms")
        {
            errors.Add("A KMS key goes with the encryption aws:kms only.");
        }

        if (LockDays is < 0 or > LockDaysMax)
        {
            errors.Add($"A lock of {LockDays} days is outside 0 to {LockDaysMax}.");
        }

        if (CaFile is not null && !File.Exists(CaFile))
        {
            errors.Add($"There is no certificate file {CaFile}.");
        }

        return errors;
    }
}
