using GatewayOS.Store.Compression;
using GatewayOS.Store.Profiling;

namespace GatewayOS.Store.Packs;

/// <summary>
/// Takes records back to plain chunks, checking everything on the way: tag, codec, length, and the chunk ID computed again from the plain
/// bytes. Belongs to one thread.
/// </summary>
/// <param name="naming">How the store names chunks; null when only ciphertext hashes are checked.</param>
internal sealed class RecordDecoder(ChunkNaming? naming) : IDisposable
{
    private readonly RecordCipher _cipher = new();
    private byte[] _body = [];
    private long _mark;
    private byte[] _plain = [];

    /// <summary>What the owning thread spends its time on.</summary>
    public StageCounters Counters { get; set; } = new();

    /// <summary>Decodes a record whose head was read with <see cref="RecordHead.TryRead"/>.</summary>
    /// <param name="key">The pack's key.</param>
    /// <param name="head">The head, decoded.</param>
    /// <param name="record">Head and stored bytes.</param>
    /// <param name="plain">The chunk, valid until the next call.</param>
    /// <returns>Null when good, else what is wrong.</returns>
    public string? Decode(PackKey key, scoped in RecordHead head, scoped ReadOnlySpan<byte> record, out ReadOnlySpan<byte> plain) => Decode(key, head, record, out _, out plain);

    /// <summary>The same, and gives the stored form too: who moves the chunk need not compress it again.</summary>
    /// <param name="key">The pack's key.</param>
    /// <param name="head">The head, decoded.</param>
    /// <param name="record">Head and stored bytes.</param>
    /// <param name="stored">The compressed chunk, valid until the next call.</param>
    /// <param name="plain">The chunk, valid until the next call.</param>
    /// <returns>Null when good, else what is wrong.</returns>
    public string? Decode(PackKey key, scoped in RecordHead head, scoped ReadOnlySpan<byte> record, out ReadOnlySpan<byte> stored, out ReadOnlySpan<byte> plain)
    {
        plain = default;
        if (Open(key, head, record, out stored) is { } reason)
        {
            return reason;
        }

        ReadOnlySpan<byte> chunk = stored;
        if (head.Codec != Codec.Raw || stored.Length != head.PlainBytes)
        {
            ReadWindow.Grow(ref _plain, head.PlainBytes);
            Span<byte> room = _plain.AsSpan(0, head.PlainBytes);
            if (!ChunkCodec.TryDecompress(head.Codec, stored, room))
            {
                return "it does not decompress";
            }

            chunk = room;
            Counters.Busy(Stage.Decompress, ref _mark, room.Length);
        }

        ChunkId id = naming!.IdOf(chunk);
        Counters.Busy(Stage.Hash, ref _mark, chunk.Length);
        if (id != head.Id)
        {
            return "its content does not have its chunk ID";
        }

        plain = chunk;
        return null;
    }

    /// <summary>Only decrypts and authenticates: who gets the stored form decompresses it and checks the hash.</summary>
    /// <param name="key">The pack's key.</param>
    /// <param name="head">The head, decoded.</param>
    /// <param name="record">Head and stored bytes.</param>
    /// <param name="stored">The compressed chunk, valid until the next call.</param>
    /// <returns>Null when good, else what is wrong.</returns>
    public string? Open(PackKey key, scoped in RecordHead head, scoped ReadOnlySpan<byte> record, out ReadOnlySpan<byte> stored)
    {
        stored = default;
        _mark = StageCounters.Start();
        int bodyBytes = head.StoredBytes - PackFormat.TagBytes;
        ReadWindow.Grow(ref _body, bodyBytes);
        Span<byte> body = _body.AsSpan(0, bodyBytes);
        if (!_cipher.TryOpen(key, record, body))
        {
            return "it fails authentication";
        }

        stored = body;
        Counters.Busy(Stage.Decrypt, ref _mark, bodyBytes);
        return null;
    }

    /// <summary>Checks a record's ciphertext hash, without a key.</summary>
    public bool HashMatches(ReadOnlySpan<byte> record)
    {
        _mark = StageCounters.Start();
        bool matches = _cipher.HashMatches(record);
        Counters.Busy(Stage.CheckHash, ref _mark, record.Length);
        return matches;
    }

    public void Dispose() => _cipher.Dispose();
}
