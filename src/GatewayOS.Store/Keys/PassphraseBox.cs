using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Keys;

/// <summary>
/// Bytes that leave a machine and open elsewhere with a passphrase: Argon2id (RFC 9106) makes a key of it, AES-256-GCM seals them in chunks. A chunk cannot be altered, moved, left out or
/// cut off unnoticed. The layout stands in gatewayd's SUPPORT.md.
/// </summary>
public static class PassphraseBox
{
    /// <summary>Shortest passphrase, in UTF-16 units: whoever gets the file may guess for as long as they like.</summary>
    public const int PassphraseLengthMin = 12;

    /// <summary>Plain bytes in a chunk; the last may have fewer.</summary>
    public const int ChunkBytes = 64 * 1024;

    /// <summary>Most plain bytes in a box.</summary>
    public const int ContentBytesMax = 128 * 1024 * 1024;

    private const int HeaderBytes = 40;
    private const int SaltAt = 24;
    private const int TagBytes = 16;
    private const int NonceBytes = 12;
    private const int KeyBytes = 32;

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> Magic => "GWSEAL01"u8;

    /// <summary>Says what keeps a text from being a passphrase; null when it may be one.</summary>
    public static string? Problem(string passphrase) =>
        passphrase.Length < PassphraseLengthMin ? $"The passphrase is too short: {PassphraseLengthMin} characters are the least. Several words make a good one."
        : passphrase.Length > StoreSecret.Passphrase.LengthMax ? $"The passphrase is too long: {StoreSecret.Passphrase.LengthMax} characters are the most."
        : null;

    /// <summary>Seals.</summary>
    /// <param name="content">What; up to <see cref="ContentBytesMax"/>.</param>
    /// <param name="passphrase">Opens it; see <see cref="Problem"/>.</param>
    /// <exception cref="ArgumentException">The passphrase cannot be used, or the content is too long.</exception>
    /// <exception cref="StoreUnusableException">Argon2id finds no memory now; a retry may help.</exception>
    public static byte[] Seal(ReadOnlySpan<byte> content, string passphrase)
    {
        if (Problem(passphrase) is { } problem)
        {
            throw new ArgumentException(problem, nameof(passphrase));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(content.Length, ContentBytesMax);
        int chunks = Math.Max(1, (content.Length + ChunkBytes - 1) / ChunkBytes);
        byte[] box = new byte[HeaderBytes + content.Length + (chunks * TagBytes)];
        WriteHeader(box, KdfCost.Default);
        using AesGcm cipher = CipherOf(box, passphrase, KdfCost.Default);
        Span<byte> nonce = stackalloc byte[NonceBytes];
        for (int i = 0, from = 0, to = HeaderBytes; i < chunks; i++)
        {
            ReadOnlySpan<byte> plain = content.Slice(from, Math.Min(ChunkBytes, content.Length - from));
            WriteNonce(nonce, i, i == chunks - 1);
            cipher.Encrypt(nonce, plain, box.AsSpan(to, plain.Length), box.AsSpan(to + plain.Length, TagBytes), box.AsSpan(0, HeaderBytes));
            from += plain.Length;
            to += plain.Length + TagBytes;
        }

        return box;
    }

    /// <summary>Opens.</summary>
    /// <param name="box">What <see cref="Seal"/> gave.</param>
    /// <param name="passphrase">Opens it.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="StoreUnusableException">It is no box, the passphrase is another, or it was altered or cut off: nothing of it is given out.</exception>
    public static byte[] Open(ReadOnlySpan<byte> box, string passphrase, string name)
    {
        KdfCost cost = ReadHeader(box, name);
        int body = box.Length - HeaderBytes;
        int chunks = (body + ChunkBytes + TagBytes - 1) / (ChunkBytes + TagBytes);
        if (body < TagBytes || body - (chunks * TagBytes) is < 0 or > ContentBytesMax)
        {
            throw new StoreUnusableException($"{name} has a length that none has: it was cut off, or altered.");
        }

        byte[] content = new byte[body - (chunks * TagBytes)];
        using AesGcm cipher = CipherOf(box, passphrase, cost);
        Span<byte> nonce = stackalloc byte[NonceBytes];
        for (int i = 0, from = HeaderBytes, to = 0; i < chunks; i++)
        {
            int bytes = Math.Min(ChunkBytes, content.Length - to);
            WriteNonce(nonce, i, i == chunks - 1);
            try
            {
                cipher.Decrypt(nonce, box.Slice(from, bytes), box.Slice(from + bytes, TagBytes), content.AsSpan(to, bytes), box[..HeaderBytes]);
            }
            catch (AuthenticationTagMismatchException error)
            {
                CryptographicOperations.ZeroMemory(content);
                throw new StoreUnusableException(i == 0 ? $"This passphrase does not open {name}, or it was altered." : $"{name} was altered or cut off, from byte {from} on. Have it made and sent anew.", error);
            }

            from += bytes + TagBytes;
            to += bytes;
        }

        return content;
    }

    private static void WriteHeader(Span<byte> box, KdfCost cost)
    {
        Magic.CopyTo(box);
        BinaryPrimitives.WriteInt32LittleEndian(box[8..], cost.MemoryKiB);
        BinaryPrimitives.WriteInt32LittleEndian(box[12..], cost.Iterations);
        BinaryPrimitives.WriteInt32LittleEndian(box[16..], cost.Lanes);
        BinaryPrimitives.WriteInt32LittleEndian(box[20..], ChunkBytes);
        RandomNumberGenerator.Fill(box[SaltAt..HeaderBytes]);
    }

    private static KdfCost ReadHeader(ReadOnlySpan<byte> box, string name)
    {
        if (box.Length < HeaderBytes || !box[..Magic.Length].SequenceEqual(Magic))
        {
            throw new StoreUnusableException($"{name} does not begin as what a passphrase opens here: it is another file, or damaged.");
        }

        // Before anything is spent on it: a hostile header must not take the machine down.
        var cost = new KdfCost(BinaryPrimitives.ReadInt32LittleEndian(box[8..]), BinaryPrimitives.ReadInt32LittleEndian(box[12..]), BinaryPrimitives.ReadInt32LittleEndian(box[16..]));
        string errors = cost.Errors();
        return errors.Length == 0 && BinaryPrimitives.ReadInt32LittleEndian(box[20..]) == ChunkBytes ? cost : throw new StoreUnusableException($"The header of {name} makes no sense: it was altered, or is of a later version. {errors}".TrimEnd());
    }

    private static AesGcm CipherOf(ReadOnlySpan<byte> header, string passphrase, KdfCost cost)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        byte[] secret = s_utf8.GetBytes(passphrase);
        try
        {
            Argon2.Derive(secret, header[SaltAt..HeaderBytes], cost, key);
            return new AesGcm(key, TagBytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    // The key is this box's alone, so a count is nonce enough; which chunk is the last is in it, so that none can be cut off.
    private static void WriteNonce(Span<byte> nonce, long number, bool isLast)
    {
        BinaryPrimitives.WriteInt64LittleEndian(nonce, number);
        BinaryPrimitives.WriteInt32LittleEndian(nonce[8..], isLast ? 1 : 0);
    }
}
