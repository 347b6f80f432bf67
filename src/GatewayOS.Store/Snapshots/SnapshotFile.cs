using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Hashing;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Snapshots;

/// <summary>
/// The file of a snapshot record (FORMAT.md, "Snapshots"): a 64-byte head with a random salt, then the JSON document sealed with
/// AES-256-GCM under a key of that salt alone. Its name is its BLAKE3 hash, so a keyless check sees every flipped bit.
/// </summary>
internal static class SnapshotFile
{
    private const int HeadBytes = 64;
    private const int SaltOffset = 32;
    private const ushort Version = 1;

    private static ReadOnlySpan<byte> Magic => "GWOSSNAP"u8;

    /// <summary>Encodes a record.</summary>
    /// <returns>The file's bytes and the snapshot's ID, which is their hash.</returns>
    public static (byte[] File, string Id) Encode(SnapshotDraft draft, DateTimeOffset finishedUtc, string programVersion, Guid storeId, StoreKeys keys, EntropySource entropy)
    {
        byte[] document = JsonSerializer.SerializeToUtf8Bytes(SnapshotDocument.From(draft, finishedUtc, programVersion), SnapshotJson.Default.SnapshotDocument);
        byte[] file = new byte[HeadBytes + document.Length + PackFormat.TagBytes];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), Version);
        storeId.TryWriteBytes(file.AsSpan(16, 16), bigEndian: true, out _);
        Span<byte> salt = file.AsSpan(SaltOffset, PackFormat.SaltBytes);
        entropy(salt);

        // The key serves this one message, so the nonce may be constant.
        using var cipher = new AesGcm(keys.SnapshotKey(salt), PackFormat.TagBytes);
        Span<byte> nonce = stackalloc byte[PackFormat.NonceBytes];
        nonce.Clear();
        cipher.Encrypt(nonce, document, file.AsSpan(HeadBytes, document.Length), file.AsSpan(HeadBytes + document.Length), file.AsSpan(0, HeadBytes));
        return (file, IdOf(file));
    }

    /// <summary>Decodes a record.</summary>
    /// <param name="name">File name, for messages and to check the content against.</param>
    /// <param name="file">The file's bytes.</param>
    /// <param name="storeId">The store.</param>
    /// <param name="keys">Its keys.</param>
    /// <exception cref="StoreDamagedException">The file is not what was written under that name.</exception>
    public static SnapshotRecord Decode(string name, ReadOnlySpan<byte> file, Guid storeId, StoreKeys keys)
    {
        if (Check(name, file, storeId) is { } reason)
        {
            throw new StoreDamagedException(name, reason);
        }

        byte[] document = new byte[file.Length - HeadBytes - PackFormat.TagBytes];
        using var cipher = new AesGcm(keys.SnapshotKey(file.Slice(SaltOffset, PackFormat.SaltBytes)), PackFormat.TagBytes);
        Span<byte> nonce = stackalloc byte[PackFormat.NonceBytes];
        nonce.Clear();
        try
        {
            cipher.Decrypt(nonce, file[HeadBytes..^PackFormat.TagBytes], file[^PackFormat.TagBytes..], document, file[..HeadBytes]);
            SnapshotDocument? stored = JsonSerializer.Deserialize(document, SnapshotJson.Default.SnapshotDocument);
            return stored?.ToRecord(IdOf(file)) ?? throw new StoreDamagedException(name, "its document is empty");
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new StoreDamagedException(name, "it was not sealed with this store's key");
        }
        catch (Exception error) when (error is JsonException or FormatException or InvalidDataException)
        {
            throw new StoreDamagedException(name, $"its document cannot be read: {error.Message}");
        }
    }

    /// <summary>Checks name, head and hash without a key.</summary>
    /// <returns>Null when good, else what is wrong.</returns>
    public static string? Check(string name, ReadOnlySpan<byte> file, Guid storeId)
    {
        if (!StoreLayout.TryParseId(name, StoreLayout.SnapshotSuffix, out _))
        {
            return "its name is none that a snapshot has";
        }

        if (file.Length < HeadBytes + PackFormat.TagBytes || !file.StartsWith(Magic))
        {
            return file.IsEmpty ? "it is empty" : "it does not begin as a snapshot does, or is cut short";
        }

        if (IdOf(file) + StoreLayout.SnapshotSuffix != name)
        {
            return "its content does not have the hash its name says";
        }

        ushort version = BinaryPrimitives.ReadUInt16LittleEndian(file[8..]);
        if (version != Version)
        {
            return $"its format version is {version}, this program knows {Version}";
        }

        return new Guid(file.Slice(16, 16), bigEndian: true) == storeId ? null : "it belongs to another store";
    }

    private static string IdOf(ReadOnlySpan<byte> file)
    {
        Span<byte> hash = stackalloc byte[ChunkId.SizeBytes];
        Blake3.Hash(file, hash);
        return Convert.ToHexStringLower(hash);
    }
}

/// <summary>A content part in a snapshot document.</summary>
internal sealed record PartDocument(PartKind Kind, long Length, string? Id);

/// <summary>The JSON document in a snapshot record.</summary>
internal sealed record SnapshotDocument
{
    public required string Host { get; init; }

    public string? Node { get; init; }

    public string User { get; init; } = "";

    public string[] Tags { get; init; } = [];

    public required string[] Sources { get; init; }

    public required DateTimeOffset Started { get; init; }

    public required DateTimeOffset Finished { get; init; }

    public string? Parent { get; init; }

    public string? Repaired { get; init; }

    public int RootDepth { get; init; }

    public required PartDocument[] Root { get; init; }

    public required SnapshotCounts Counts { get; init; }

    public SnapshotProblem[] Problems { get; init; } = [];

    public long ProblemCount { get; init; }

    public string Program { get; init; } = "";

    public static SnapshotDocument From(SnapshotDraft draft, DateTimeOffset finishedUtc, string programVersion) => new()
    {
        Host = draft.Host,
        Node = draft.NodeId.Length > 0 ? draft.NodeId : null,
        User = draft.UserName,
        Tags = [.. draft.Tags],
        Sources = [.. draft.Sources],
        Started = draft.StartedUtc,
        Finished = finishedUtc,
        Parent = draft.ParentId,
        Repaired = draft.Repaired,
        RootDepth = draft.Root.Depth,
        Root = [.. draft.Root.Parts.Select(part => new PartDocument(part.Kind, part.LengthBytes, part.Kind == PartKind.Chunk ? part.Hash.ToString() : null))],
        Counts = draft.Counts,
        Problems = [.. draft.Problems.Take(SnapshotDraft.ProblemsMax)],
        ProblemCount = draft.ProblemCount,
        Program = programVersion,
    };

    public SnapshotRecord ToRecord(string id) => new()
    {
        Id = id,
        FinishedUtc = Finished,
        ProgramVersion = Program,
        Draft = new SnapshotDraft
        {
            Host = Host,
            NodeId = Node ?? "",
            UserName = User ?? "",
            Tags = Tags ?? [],
            Sources = Sources,
            StartedUtc = Started,
            ParentId = Parent,
            Repaired = Repaired,
            Root = new ContentRef(RootDepth, [.. Root.Select(ToPart)]),
            Counts = Counts,
            Problems = Problems ?? [],
            ProblemCount = ProblemCount,
        },
    };

    private static ContentPart ToPart(PartDocument part)
    {
        ChunkId id = default;
        if (part.Kind == PartKind.Chunk && !StoreLayout.TryParseId(part.Id ?? "", "", out id))
        {
            throw new InvalidDataException("a root part has no chunk ID");
        }

        Span<byte> hash = stackalloc byte[ContentHash.SizeBytes];
        id.CopyTo(hash);
        return new ContentPart(part.Kind, part.Length, new ContentHash(hash));
    }
}

/// <summary>Serialiser of snapshot documents.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SnapshotDocument))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
