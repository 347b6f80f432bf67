using System.Security.Cryptography;
using GatewayOS.Store.Hashing;

namespace GatewayOS.Store.Packs;

/// <summary>
/// Seals and opens records with AES-256-GCM (NIST SP 800-38D) under the pack's own key, the offset as nonce and the record's head as
/// associated data. Belongs to one thread: the cipher object underneath keeps state. Holds the last few packs' key schedules.
/// </summary>
internal sealed class RecordCipher : IDisposable
{
    private const int SchedulesMax = 8;

    private readonly (PackKey? Key, AesGcm? Cipher)[] _schedules = new (PackKey?, AesGcm?)[SchedulesMax];
    private readonly Blake3Hasher _hasher = new();
    private int _next;

    /// <summary>Encrypts a record in place and fills in its ciphertext hash.</summary>
    /// <param name="key">The pack's key.</param>
    /// <param name="record">Head (authenticated part filled in), plain stored bytes, room for the tag.</param>
    public void Seal(PackKey key, Span<byte> record)
    {
        Span<byte> head = record[..PackFormat.RecordHeadBytes];
        Span<byte> stored = record[PackFormat.RecordHeadBytes..];
        Span<byte> body = stored[..^PackFormat.TagBytes];
        Span<byte> nonce = stackalloc byte[PackFormat.NonceBytes];
        PackFormat.WriteNonce(nonce, System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(head[4..]));
        Cipher(key).Encrypt(nonce, body, body, stored[^PackFormat.TagBytes..], head[..PackFormat.AuthenticatedBytes]);
        PackFormat.CipherHash(_hasher, head, stored, head[PackFormat.AuthenticatedBytes..]);
    }

    /// <summary>Decrypts a record.</summary>
    /// <param name="key">The pack's key.</param>
    /// <param name="record">Head and stored bytes as read.</param>
    /// <param name="body">Receives the stored bytes without tag; exactly that long.</param>
    /// <returns>False when head, ciphertext or tag do not belong together.</returns>
    public bool TryOpen(PackKey key, ReadOnlySpan<byte> record, Span<byte> body)
    {
        ReadOnlySpan<byte> head = record[..PackFormat.RecordHeadBytes];
        ReadOnlySpan<byte> stored = record[PackFormat.RecordHeadBytes..];
        Span<byte> nonce = stackalloc byte[PackFormat.NonceBytes];
        PackFormat.WriteNonce(nonce, System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(head[4..]));
        try
        {
            Cipher(key).Decrypt(nonce, stored[..^PackFormat.TagBytes], stored[^PackFormat.TagBytes..], body, head[..PackFormat.AuthenticatedBytes]);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    /// <summary>Checks a record's ciphertext hash: needs no key.</summary>
    public bool HashMatches(ReadOnlySpan<byte> record)
    {
        Span<byte> hash = stackalloc byte[PackFormat.CipherHashBytes];
        PackFormat.CipherHash(_hasher, record, record[PackFormat.RecordHeadBytes..], hash);
        return hash.SequenceEqual(record.Slice(PackFormat.AuthenticatedBytes, PackFormat.CipherHashBytes));
    }

    public void Dispose()
    {
        foreach ((_, AesGcm? cipher) in _schedules)
        {
            cipher?.Dispose();
        }
    }

    private AesGcm Cipher(PackKey key)
    {
        foreach ((PackKey? known, AesGcm? cipher) in _schedules)
        {
            if (ReferenceEquals(known, key))
            {
                return cipher!;
            }
        }

        _schedules[_next].Cipher?.Dispose();
        var made = new AesGcm(key.Bytes, PackFormat.TagBytes);
        _schedules[_next] = (key, made);
        _next = (_next + 1) % SchedulesMax;
        return made;
    }
}

/// <summary>A pack's AES-256 key, derived from the store's pack key and the pack's random salt.</summary>
internal sealed class PackKey(byte[] bytes)
{
    /// <summary>The 32 key bytes; not to be changed.</summary>
    public byte[] Bytes { get; } = bytes;
}
