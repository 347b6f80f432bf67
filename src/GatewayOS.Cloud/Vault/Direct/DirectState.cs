using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault.Direct;

/// <summary>Into which vault a machine backs up straight, and how.</summary>
/// <param name="Place">Where the vault is.</param>
/// <param name="Writer">What the machine is called in the vault's <c>writer.json</c>.</param>
/// <param name="Cache">Directory of the cache.</param>
/// <param name="StagingBytesMax">See <see cref="DirectOptions.StagingBytesMax"/>.</param>
public sealed record DirectConfig(VaultPlace Place, Guid Writer, string Cache, long StagingBytesMax = DirectOptions.StagingBytesDefault);

/// <summary>What a machine that backs up straight into a vault keeps beside the cache: the configuration, the key file that opens the store, and its turn.</summary>
/// <param name="directory">Where.</param>
public sealed class DirectState(StateDirectory directory)
{
    private const string ConfigFile = "vault.json";
    private const string KeyFileName = "vault.key";

    /// <summary>Where its files are.</summary>
    public StateDirectory Directory => directory;

    /// <summary>Path of the key file.</summary>
    public string KeyPath => directory.PathOf(KeyFileName);

    /// <summary>The configuration; null when there is none.</summary>
    /// <exception cref="VaultException">It makes no sense.</exception>
    public DirectConfig? Config
    {
        get
        {
            try
            {
                return directory.Read(ConfigFile) is { } bytes ? JsonSerializer.Deserialize(bytes, DirectStateJson.Default.DirectConfig) : null;
            }
            catch (JsonException error)
            {
                throw new VaultException(VaultFailure.Invalid, $"{directory.PathOf(ConfigFile)} is damaged: {error.Message} Remove it and run 'gateway-agent vault init' again; nothing in the vault is lost.", error);
            }
        }
    }

    /// <summary>The key that opens the store here; null when there is none.</summary>
    public StoreSecret? Key => directory.Read(KeyFileName) is { } content ? new StoreSecret.KeyFile(content) : null;

    /// <summary>The same, made when there is none. One that is there is never replaced: it may be all that opens a store.</summary>
    public StoreSecret MakeKey()
    {
        if (Key is { } known)
        {
            return known;
        }

        directory.Replace(KeyFileName, KeyFile.Generate());
        return Key!;
    }

    /// <summary>Keeps a configuration.</summary>
    public void Save(DirectConfig config) => directory.Replace(ConfigFile, JsonSerializer.SerializeToUtf8Bytes(config, DirectStateJson.Default.DirectConfig));

    /// <summary>Forgets the configuration. The key stays.</summary>
    public void Remove() => File.Delete(directory.PathOf(ConfigFile));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, WriteIndented = true)]
[JsonSerializable(typeof(DirectConfig))]
internal sealed partial class DirectStateJson : JsonSerializerContext;
