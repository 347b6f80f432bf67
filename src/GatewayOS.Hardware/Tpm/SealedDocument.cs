using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace GatewayOS.Hardware.Tpm;

/// <summary>What is written of a sealed secret: a key that the TPM has sealed, and the secret under it (AES-256-GCM). JSON; byte strings are base64.</summary>
internal sealed record SealedDocument
{
    /// <summary>The version written here, and the only one read.</summary>
    public const int VersionWritten = 1;

    /// <summary>Length of the nonce, in bytes.</summary>
    public const int NonceBytes = 12;

    /// <summary>Length of the tag, in bytes.</summary>
    public const int TagBytes = 16;

    public required int Version { get; init; }

    /// <summary>Public part of the storage key it is sealed below: tells another TPM from damage.</summary>
    public required byte[] StorageKey { get; init; }

    public required byte[] Public { get; init; }

    public required byte[] Private { get; init; }

    public required byte[] Nonce { get; init; }

    /// <summary>The encrypted secret and its tag.</summary>
    public required byte[] Wrapped { get; init; }

    /// <summary>SHA-256 of everything else: tells damage from another TPM. It is no protection; that is the tag's part, and the TPM's.</summary>
    public required byte[] Checksum { get; init; }

    /// <summary>What AES-GCM authenticates beside the secret.</summary>
    public byte[] Authenticated => [.. "GatewayOS/1 sealed key"u8, (byte)Version, .. SHA256.HashData(StorageKey), .. SHA256.HashData(Public), .. SHA256.HashData(Private)];

    /// <summary>The checksum that belongs here.</summary>
    public byte[] ExpectedChecksum() => SHA256.HashData([.. Authenticated, .. SHA256.HashData(Nonce), .. Wrapped]);

    /// <summary>The document as bytes.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, SealedJson.Default.SealedDocument);

    /// <summary>Reads one.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="document">What is in it, undamaged; or null.</param>
    /// <param name="problem">What is wrong with it, or null.</param>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out SealedDocument? document, [NotNullWhen(false)] out string? problem)
    {
        document = null;
        problem = null;
        try
        {
            SealedDocument? read = JsonSerializer.Deserialize(bytes, SealedJson.Default.SealedDocument);
            if (read is { Version: > VersionWritten })
            {
                problem = $"It has version {read.Version}, and this program reads version {VersionWritten}: a newer one sealed it.";
            }
            else if (read is not { Version: VersionWritten, Nonce.Length: NonceBytes, Wrapped.Length: >= TagBytes, StorageKey: not null, Public: not null, Private: not null, Checksum: not null }
                || !read.ExpectedChecksum().AsSpan().SequenceEqual(read.Checksum) || !read.Encode().AsSpan().SequenceEqual(bytes))
            {
                problem = "It is damaged: its checksum does not fit.";
            }
            else
            {
                document = read;
            }
        }
        catch (JsonException)
        {
            problem = "It is damaged: it is no such document any more.";
        }

        return document is not null;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(SealedDocument))]
internal sealed partial class SealedJson : JsonSerializerContext;
