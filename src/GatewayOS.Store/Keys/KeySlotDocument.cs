using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using GatewayOS.Store.Hashing;

namespace GatewayOS.Store.Keys;

/// <summary>The JSON form of a key slot. Byte strings are base64.</summary>
internal sealed record KeySlotDocument
{
    public required int Version { get; init; }

    public required string Id { get; init; }

    public required string Kind { get; init; }

    public required string Label { get; init; }

    /// <summary>ISO 8601, UTC, kept as text so that the authenticated bytes do not depend on a date parser.</summary>
    public required string Created { get; init; }

    public required KeySlotKdf Kdf { get; init; }

    /// <summary>12 bytes.</summary>
    public required byte[] Nonce { get; init; }

    /// <summary>The encrypted master key and the 16-byte tag.</summary>
    public required byte[] Wrapped { get; init; }

    /// <summary>
    /// 16 bytes of BLAKE3 over everything else and the store's binding: tells damage, or a slot of another store, from a wrong secret. It
    /// is no protection; that is the tag's part.
    /// </summary>
    public required byte[] Checksum { get; init; }

    /// <summary>
    /// What AES-GCM authenticates: the format's name, each field in a fixed order, then the store's binding. Every part has its length before it
    /// (32 bits, little-endian), so no two documents give the same bytes; how the JSON is laid out does not matter.
    /// </summary>
    /// <param name="storeBinding">Digest of the store's configuration.</param>
    public byte[] AuthenticatedBytes(ReadOnlySpan<byte> storeBinding)
    {
        using MemoryStream bytes = new();
        AppendText(bytes, "GatewayOS/1 key slot");
        AppendNumber(bytes, Version);
        AppendText(bytes, Id);
        AppendText(bytes, Kind);
        AppendText(bytes, Label);
        AppendText(bytes, Created);
        AppendText(bytes, Kdf.Name);
        AppendNumber(bytes, Kdf.MemoryKiB);
        AppendNumber(bytes, Kdf.Iterations);
        AppendNumber(bytes, Kdf.Lanes);
        AppendBytes(bytes, Kdf.Salt);
        AppendBytes(bytes, Nonce);
        AppendBytes(bytes, storeBinding);
        return bytes.ToArray();
    }

    /// <summary>The checksum that belongs here.</summary>
    public byte[] ExpectedChecksum(ReadOnlySpan<byte> storeBinding)
    {
        byte[] checksum = new byte[KeySlot.ChecksumBytes];
        Blake3.Hash([.. AuthenticatedBytes(storeBinding), .. Wrapped], checksum);
        return checksum;
    }

    private static void AppendText(MemoryStream to, string text) => AppendBytes(to, Encoding.UTF8.GetBytes(text));

    private static void AppendBytes(MemoryStream to, ReadOnlySpan<byte> bytes)
    {
        AppendNumber(to, bytes.Length);
        to.Write(bytes);
    }

    private static void AppendNumber(MemoryStream to, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        to.Write(bytes);
    }
}

/// <summary>How a slot's secret becomes the key that wraps the master key.</summary>
internal sealed record KeySlotKdf
{
    /// <summary>For passphrases and foreign key files.</summary>
    public const string Argon2id = "argon2id";

    /// <summary>For 256 random bits, which stretching would not make safer. The cost fields are then zero.</summary>
    public const string HkdfSha256 = "hkdf-sha256";

    private const string HkdfInfo = "GatewayOS/1 key slot";

    public required string Name { get; init; }

    [JsonPropertyName("memoryKiB")]
    public int MemoryKiB { get; init; }

    public int Iterations { get; init; }

    public int Lanes { get; init; }

    /// <summary>16 to 64 bytes.</summary>
    public required byte[] Salt { get; init; }

    /// <summary>The cost fields as Argon2id takes them.</summary>
    [JsonIgnore]
    public KdfCost Cost => new(MemoryKiB, Iterations, Lanes);

    /// <summary>Derives the wrapping key; the caller zeroes it. The fields have been checked.</summary>
    public void Derive(ReadOnlySpan<byte> material, Span<byte> key)
    {
        if (Name == HkdfSha256)
        {
            HKDF.DeriveKey(HashAlgorithmName.SHA256, material, key, Salt, Encoding.UTF8.GetBytes(HkdfInfo));
        }
        else
        {
            Argon2.Derive(material, Salt, Cost, key);
        }
    }

    /// <summary>For people.</summary>
    public string Describe() => Name == HkdfSha256 ? Name : $"{Name} {MemoryKiB / 1024.0:0.##} MiB, {Iterations} passes, {Lanes} lanes";
}

/// <summary>Only what tells whether the rest can be understood.</summary>
internal sealed record KeySlotVersion
{
    public required int Version { get; init; }
}

/// <summary>Source-generated serialisation, for trimming. Unknown or repeated fields are refused: they would not be authenticated.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    WriteIndented = true,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(KeySlotDocument))]
internal sealed partial class KeySlotJson : JsonSerializerContext;

/// <summary>The same for the version alone, with the other fields left aside.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false)]
[JsonSerializable(typeof(KeySlotVersion))]
internal sealed partial class KeySlotVersionJson : JsonSerializerContext;
