using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store;

/// <summary>What a store is made with.</summary>
public sealed record StoreOptions
{
    /// <summary>Smallest pack size accepted, in bytes: simulations use a few kilobytes.</summary>
    public const int PackBytesMin = 1024;

    /// <summary>Largest pack size accepted, in bytes.</summary>
    public const int PackBytesMax = 64 * 1024 * 1024;

    /// <summary>Chunk sizes; fixed for the life of the store.</summary>
    public ChunkerParameters Chunker { get; init; } = ChunkerParameters.Default;

    /// <summary>
    /// Bytes after which a pack is sealed. The default leaves room for the directory below 64 MiB; large packs mean few files and few syncs,
    /// small ones cheaper collection.
    /// </summary>
    public int PackBytes { get; init; } = 60 * 1024 * 1024;

    /// <summary>Checks the options; every error at once.</summary>
    /// <returns>The errors; empty when valid.</returns>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>(Chunker.Errors());
        if (PackBytes is < PackBytesMin or > PackBytesMax)
        {
            errors.Add($"Pack size {PackBytes} is outside {PackBytesMin} to {PackBytesMax} bytes.");
        }

        return errors;
    }
}

/// <summary>The document <c>config.json</c>. Not secret; every key slot is bound to its bytes, so it cannot be altered unnoticed.</summary>
internal sealed record StoreConfig
{
    /// <summary>What new stores have. Format 1 is still read and written; only nodes cannot back up into it (<see cref="ChunkNaming.IsOpen"/>).</summary>
    public const int FormatVersion = 2;

    public required int Format { get; init; }

    public required Guid StoreId { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required ChunkerParameters Chunker { get; init; }

    public required int PackBytes { get; init; }

    /// <summary>Algorithms, for people and for later versions: each format has exactly one set.</summary>
    public string Suite { get; init; } = SuiteOf(FormatVersion);

    public static string SuiteOf(int format) => format == 1 ? "blake3-keyed, lz4, aes-256-gcm, hkdf-sha256" : "blake3, blake3-keyed, lz4, aes-256-gcm, hkdf-sha256";

    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, StoreConfigJson.Default.StoreConfig);

    public static byte[] Binding(ReadOnlySpan<byte> encoded) => SHA256.HashData(encoded);

    /// <summary>Reads and checks a config document.</summary>
    /// <exception cref="StoreUnusableException">It is damaged or of another version.</exception>
    public static StoreConfig Decode(ReadOnlySpan<byte> encoded, string location)
    {
        StoreConfig? config;
        try
        {
            config = JsonSerializer.Deserialize(encoded, StoreConfigJson.Default.StoreConfig);
        }
        catch (JsonException error)
        {
            throw new StoreUnusableException($"{location}/{StoreLayout.Config} is damaged ({error.Message}). Restore it from a copy of the store; it is needed to unlock.", error);
        }

        if (config is null)
        {
            throw new StoreUnusableException($"{location}/{StoreLayout.Config} is empty. Restore it from a copy of the store; it is needed to unlock.");
        }

        if (config.Format is not (1 or FormatVersion) || config.Suite != SuiteOf(config.Format))
        {
            throw new StoreUnusableException($"{location} has format {config.Format} ({config.Suite}); this program knows formats 1 to {FormatVersion}. Use a newer program.");
        }

        List<string> errors = [.. new StoreOptions { Chunker = config.Chunker, PackBytes = config.PackBytes }.Validate()];
        return errors.Count == 0 ? config : throw new StoreUnusableException($"{location}/{StoreLayout.Config} is damaged: {string.Join(' ', errors)}");
    }
}

/// <summary>Serialiser of the config.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(StoreConfig))]
internal sealed partial class StoreConfigJson : JsonSerializerContext;
