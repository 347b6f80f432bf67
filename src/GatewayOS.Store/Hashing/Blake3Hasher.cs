namespace GatewayOS.Store.Hashing;

/// <summary>
/// BLAKE3 over a message that comes in pieces, plain or keyed. Pieces above 16 KiB are hashed where they lie; smaller ones are gathered
/// first. Holds 18 KiB and allocates nothing after construction. Not thread-safe.
/// </summary>
internal sealed unsafe class Blake3Hasher
{
    private Blake3State _state;

    /// <summary>A plain hash.</summary>
    public Blake3Hasher()
        : this(Blake3.BestPath, [])
    {
    }

    /// <summary>A keyed hash.</summary>
    /// <param name="key">32 bytes; copied.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public Blake3Hasher(ReadOnlySpan<byte> key)
        : this(Blake3.BestPath, key.Length == Blake3.KeyBytes ? key : throw new ArgumentException("A BLAKE3 key is 32 bytes long.", nameof(key)))
    {
    }

    /// <summary>A hash on a path of the caller's choice, which the processor must have. An empty key means the plain hash.</summary>
    internal Blake3Hasher(Blake3Path path, ReadOnlySpan<byte> key) => _state.Reset(path, key);

    /// <summary>Appends a piece of the message.</summary>
    public void Update(ReadOnlySpan<byte> piece) => _state.Update(piece);

    /// <summary>Writes the hash of all pieces so far. More pieces may follow.</summary>
    /// <param name="output">1 to 32 bytes; a shorter output is a prefix of the full one.</param>
    /// <exception cref="ArgumentException">The output has another length.</exception>
    public void Finish(Span<byte> output)
    {
        if (output.Length is 0 or > Blake3.OutBytes)
        {
            throw new ArgumentException("A BLAKE3 output here is 1 to 32 bytes long.", nameof(output));
        }

        byte* full = stackalloc byte[Blake3.OutBytes];
        _state.Finish(full);
        new ReadOnlySpan<byte>(full, output.Length).CopyTo(output);
    }

    /// <summary>Forgets all pieces and keeps the key.</summary>
    public void Reset() => _state.Restart();
}
