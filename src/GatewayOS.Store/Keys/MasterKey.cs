using System.Security.Cryptography;
using System.Text;

namespace GatewayOS.Store.Keys;

/// <summary>
/// The secret every other key of a store is derived from: 256 random bits, kept in pinned memory and zeroed on disposal. Deriving is
/// thread-safe; disposing while another thread derives is not.
/// </summary>
internal sealed class MasterKey : IDisposable
{
    /// <summary>Length, in bytes.</summary>
    public const int SizeBytes = 32;

    /// <summary>Stands before every purpose, so that another product or a later format can never derive the same key.</summary>
    private const string InfoPrefix = "GatewayOS/1 ";

    // Pinned: the collector would leave copies behind when it moves it.
    private readonly byte[] _key = GC.AllocateUninitializedArray<byte>(SizeBytes, pinned: true);
    private bool _disposed;

    /// <summary>Takes over the value of a key; the caller zeroes its own copy.</summary>
    /// <param name="key">32 bytes.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public MasterKey(ReadOnlySpan<byte> key)
    {
        if (key.Length != SizeBytes)
        {
            throw new ArgumentException($"A master key is {SizeBytes} bytes long.", nameof(key));
        }

        key.CopyTo(_key);
    }

    /// <summary>A new key from the system's generator (getrandom(2)).</summary>
    public static MasterKey Generate()
    {
        Span<byte> key = stackalloc byte[SizeBytes];
        RandomNumberGenerator.Fill(key);
        MasterKey master = new(key);
        CryptographicOperations.ZeroMemory(key);
        return master;
    }

    /// <summary>The key itself, to be wrapped; valid until disposal.</summary>
    /// <exception cref="ObjectDisposedException">The key was zeroed.</exception>
    internal ReadOnlySpan<byte> Bytes
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _key;
        }
    }

    /// <summary>Derives a key with HKDF-SHA-256 (RFC 5869).</summary>
    /// <param name="purpose">What the key is for; each use has its own.</param>
    /// <param name="salt">May be empty.</param>
    /// <param name="output">1 to 8160 bytes.</param>
    /// <exception cref="ObjectDisposedException">The key was zeroed.</exception>
    public void DeriveKey(string purpose, ReadOnlySpan<byte> salt, Span<byte> output) =>
        HKDF.DeriveKey(HashAlgorithmName.SHA256, Bytes, output, salt, Encoding.UTF8.GetBytes(InfoPrefix + purpose));

    /// <summary>Zeroes the key.</summary>
    public void Dispose()
    {
        _disposed = true;
        CryptographicOperations.ZeroMemory(_key);
    }
}
