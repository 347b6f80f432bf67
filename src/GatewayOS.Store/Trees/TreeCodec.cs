using System.Collections.Concurrent;
using System.Text;

namespace GatewayOS.Store.Trees;

/// <summary>Encodes and decodes directory entries and part lists (FORMAT.md, "Trees"). Deterministic: equal entries give equal bytes.</summary>
internal static class TreeCodec
{
    /// <summary>First byte of every tree and list chunk.</summary>
    public const byte Version = 1;

    /// <summary>Longest name a Linux directory entry can have (NAME_MAX), in bytes.</summary>
    public const int NameBytesMax = 255;

    /// <summary>Most parts one entry or list may hold; a reader refuses more.</summary>
    public const int PartsMax = 1 << 16;

    private const int AttributesMax = 1 << 16;

    // Owner names repeat in nearly every entry: one string per distinct name. Bounded, because a hostile tree could hold millions of names.
    private const int NameCacheMax = 4096;
    private static readonly ConcurrentDictionary<int, string> s_names = new();

    /// <summary>Appends one entry, with its length in front.</summary>
    public static void Encode(TreeNode node, ByteWriter output, ByteWriter scratch)
    {
        scratch.Clear();
        scratch.Byte((byte)node.Type);
        scratch.UInt16((ushort)node.Flags);
        scratch.Bytes(node.Name);
        scratch.Varint(node.Mode);
        scratch.Varint(node.UserId);
        scratch.Varint(node.GroupId);
        scratch.Text(node.UserName);
        scratch.Text(node.GroupName);
        scratch.Int64(node.ModifiedNs);
        scratch.Int64(node.ChangedNs);
        scratch.Varint((ulong)node.SizeBytes);
        scratch.Varint(node.Inode);
        scratch.Varint(node.LinkCount);
        scratch.Varint(node.LinkDevice);
        scratch.Varint(node.DeviceNumber);
        scratch.Bytes(node.LinkTarget);
        scratch.Varint((ulong)node.Attributes.Length);
        foreach (ExtendedAttribute attribute in node.Attributes)
        {
            scratch.Bytes(attribute.Name);
            scratch.Bytes(attribute.Value);
        }

        scratch.Byte((byte)node.Content.Depth);
        EncodeParts(node.Content.Parts, scratch);
        output.Bytes(scratch.Written);
    }

    /// <summary>Appends a part list.</summary>
    public static void EncodeParts(ReadOnlySpan<ContentPart> parts, ByteWriter output)
    {
        output.Varint((ulong)parts.Length);
        foreach (ContentPart part in parts)
        {
            output.Byte((byte)part.Kind);
            output.Varint((ulong)part.LengthBytes);
            if (part.Kind == PartKind.Chunk)
            {
                output.Hash(part.Hash);
            }
        }
    }

    /// <summary>Decodes all entries of a tree chunk.</summary>
    /// <exception cref="InvalidDataException">The bytes are no tree chunk.</exception>
    public static List<TreeNode> DecodeTree(ReadOnlySpan<byte> chunk)
    {
        var cursor = new ByteCursor(chunk);
        CheckVersion(cursor.Byte());
        var nodes = new List<TreeNode>();
        while (cursor.Remaining > 0)
        {
            nodes.Add(DecodeEntry(cursor.Bytes()));
        }

        return nodes;
    }

    /// <summary>Decodes a list chunk.</summary>
    /// <exception cref="InvalidDataException">The bytes are no list chunk.</exception>
    public static ContentPart[] DecodeList(ReadOnlySpan<byte> chunk)
    {
        var cursor = new ByteCursor(chunk);
        CheckVersion(cursor.Byte());
        ContentPart[] parts = DecodeParts(ref cursor);
        return cursor.Remaining == 0 ? parts : throw new InvalidDataException("bytes follow the parts of a list chunk");
    }

    private static void CheckVersion(byte version)
    {
        if (version != Version)
        {
            throw new InvalidDataException($"tree encoding version {version} is unknown; a newer program wrote it");
        }
    }

    private static TreeNode DecodeEntry(ReadOnlySpan<byte> entry)
    {
        var cursor = new ByteCursor(entry);
        var type = (NodeType)cursor.Byte();
        if (type is < NodeType.File or > NodeType.Socket)
        {
            throw new InvalidDataException($"entry type {(byte)type} is unknown");
        }

        var flags = (NodeFlags)cursor.UInt16();
        var node = new TreeNode
        {
            Type = type,
            Name = cursor.Bytes().ToArray(),
            Mode = cursor.UInt32(),
            UserId = cursor.UInt32(),
            GroupId = cursor.UInt32(),
            UserName = Name(cursor.Bytes()),
            GroupName = Name(cursor.Bytes()),
            ModifiedNs = cursor.Int64(),
            ChangedNs = cursor.Int64(),
            SizeBytes = cursor.Length(),
            Inode = cursor.Varint(),
            LinkCount = cursor.UInt32(),
            LinkDevice = cursor.Varint(),
            DeviceNumber = cursor.Varint(),
            LinkTarget = ToArray(cursor.Bytes()),
            Attributes = DecodeAttributes(ref cursor),
            Flags = flags,
            Content = DecodeContent(ref cursor),
        };

        // Bytes after the known fields are room for later versions' additions.
        return node;
    }

    private static byte[] ToArray(ReadOnlySpan<byte> bytes) => bytes.IsEmpty ? [] : bytes.ToArray();

    private static ExtendedAttribute[] DecodeAttributes(ref ByteCursor cursor)
    {
        int count = cursor.Count(Math.Min(AttributesMax, cursor.Remaining));
        if (count == 0)
        {
            return [];
        }

        var attributes = new ExtendedAttribute[count];
        for (int i = 0; i < count; i++)
        {
            attributes[i] = new ExtendedAttribute(cursor.Bytes().ToArray(), cursor.Bytes().ToArray());
        }

        return attributes;
    }

    private static ContentRef DecodeContent(ref ByteCursor cursor)
    {
        int depth = cursor.Byte();
        if (depth > ContentRef.DepthMax)
        {
            throw new InvalidDataException($"content depth {depth} is over {ContentRef.DepthMax}");
        }

        ContentPart[] parts = DecodeParts(ref cursor);
        return depth == 0 && parts.Length == 0 ? ContentRef.Empty : new ContentRef(depth, parts);
    }

    private static ContentPart[] DecodeParts(ref ByteCursor cursor)
    {
        int count = cursor.Count(Math.Min(PartsMax, cursor.Remaining));
        if (count == 0)
        {
            return [];
        }

        var parts = new ContentPart[count];
        for (int i = 0; i < count; i++)
        {
            var kind = (PartKind)cursor.Byte();
            long length = cursor.Length();
            parts[i] = kind switch
            {
                PartKind.Chunk => new ContentPart(kind, length, cursor.Hash()),
                PartKind.Hole or PartKind.Lost => new ContentPart(kind, length, default),
                _ => throw new InvalidDataException($"content part kind {(byte)kind} is unknown"),
            };
        }

        return parts;
    }

    private static string Name(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty)
        {
            return "";
        }

        var hash = default(HashCode);
        hash.AddBytes(utf8);
        int key = hash.ToHashCode();
        if (s_names.TryGetValue(key, out string? cached) && Matches(cached, utf8))
        {
            return cached;
        }

        string text = Encoding.UTF8.GetString(utf8);
        if (s_names.Count < NameCacheMax)
        {
            s_names.TryAdd(key, text);
        }

        return text;
    }

    private static bool Matches(string text, ReadOnlySpan<byte> utf8)
    {
        Span<char> chars = stackalloc char[64];
        return utf8.Length <= chars.Length && Encoding.UTF8.TryGetChars(utf8, chars, out int written) && text.AsSpan().SequenceEqual(chars[..written]);
    }
}
