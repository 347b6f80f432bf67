using System.Net;
using Amazon.S3;
using Amazon.S3.Model;

namespace GatewayOS.Cloud.Vault.Classes;

/// <summary>
/// The age rules of a vault's packs. The service keeps them with the bucket and moves the packs by itself, locked ones too; rules of others in the same bucket are left as they are.
/// </summary>
public sealed class S3ClassRules : IDisposable
{
    // What a rule of ours is known by. A bucket may hold several vaults, each with a prefix of its own.
    private const string IdBeginning = "gatewayos-packs:";

    private readonly S3Settings _settings;
    private readonly AmazonS3Client _client;

    /// <summary>Makes the client; nothing is asked yet.</summary>
    /// <param name="settings">The vault's bucket.</param>
    /// <exception cref="VaultException">The credentials make no sense.</exception>
    public S3ClassRules(S3Settings settings) => (_settings, _client) = (settings, S3Client.Make(settings));

    private string Id => IdBeginning + _settings.Prefix;

    /// <summary>Reads the rules.</summary>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>The rules by age; none when there are none.</returns>
    /// <exception cref="VaultException">The service does not know such rules, or refuses to show them.</exception>
    public async Task<IReadOnlyList<StorageClassRule>> ReadAsync(CancellationToken cancellation) =>
    [
        .. (await AllAsync(cancellation).ConfigureAwait(false)).Where(rule => rule.Id == Id).SelectMany(rule => rule.Transitions ?? [])
            .Select(transition => new StorageClassRule(transition.Days ?? 0, transition.StorageClass?.Value ?? "")).OrderBy(rule => rule.AfterDays),
    ];

    /// <summary>Replaces the rules.</summary>
    /// <param name="rules">The rules; none to leave packs where they are.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <exception cref="VaultException">The rules make no sense, or the service refuses them; the old ones stand.</exception>
    public async Task WriteAsync(IReadOnlyList<StorageClassRule> rules, CancellationToken cancellation)
    {
        if (StorageClassRule.Validate(rules) is { Count: > 0 } errors)
        {
            throw new VaultException(VaultFailure.Invalid, string.Join(' ', errors));
        }

        List<LifecycleRule> all = [.. (await AllAsync(cancellation).ConfigureAwait(false)).Where(rule => rule.Id != Id)];
        if (rules.Count > 0)
        {
            all.Add(new LifecycleRule
            {
                Id = Id,
                Status = LifecycleRuleStatus.Enabled,
                Filter = new LifecycleFilter { LifecycleFilterPredicate = new LifecyclePrefixPredicate { Prefix = (_settings.Prefix.Length == 0 ? "" : _settings.Prefix + "/") + "packs/" } },
                Transitions = [.. rules.OrderBy(rule => rule.AfterDays).Select(rule => new LifecycleTransition { Days = rule.AfterDays, StorageClass = new S3StorageClass(rule.Class) })],
            });
        }

        await AskAsync("change the age rules", limit => all.Count > 0
            ? _client.PutLifecycleConfigurationAsync(new PutLifecycleConfigurationRequest { BucketName = _settings.Bucket, Configuration = new LifecycleConfiguration { Rules = all } }, limit)
            : DeleteAsync(limit), cancellation).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async Task<IReadOnlyList<LifecycleRule>> AllAsync(CancellationToken cancellation)
    {
        GetLifecycleConfigurationResponse? answer = await AskAsync("read the age rules", FindAsync, cancellation).ConfigureAwait(false);
        return answer?.Configuration?.Rules ?? [];
    }

    private async Task<GetLifecycleConfigurationResponse?> FindAsync(CancellationToken cancellation)
    {
        try
        {
            return await _client.GetLifecycleConfigurationAsync(new GetLifecycleConfigurationRequest { BucketName = _settings.Bucket }, cancellation).ConfigureAwait(false);
        }
        catch (AmazonS3Exception error) when (error.StatusCode == HttpStatusCode.NotFound && error.ErrorCode != "NoSuchBucket")
        {
            return null;
        }
    }

    private async Task<PutLifecycleConfigurationResponse> DeleteAsync(CancellationToken cancellation)
    {
        await _client.DeleteLifecycleConfigurationAsync(new DeleteLifecycleConfigurationRequest { BucketName = _settings.Bucket }, cancellation).ConfigureAwait(false);
        return new PutLifecycleConfigurationResponse();
    }

    private Task<T> AskAsync<T>(string action, Func<CancellationToken, Task<T>> request, CancellationToken cancellation) =>
        S3Client.TryAsync(action, $"{_settings.Endpoint.TrimEnd('/')}/{_settings.Bucket}", () => S3Client.AskAsync(limit => request(limit.Token), S3Client.SilentMax, cancellation), cancellation);
}
