using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Sealed;

/// <summary>
/// A whole file in memory: what was checked is then exactly what is sent. Grows to the largest file it has held and keeps the memory. Belongs to one thread.
/// </summary>
public sealed class SealedContent : IStoreFile
{
    /// <summary>Longest file it takes, in bytes: as long as a pack may be, and far longer than any snapshot record.</summary>
    public const int BytesMax = 256 * 1024 * 1024;

    private AlignedBuffer _buffer = new(0);
    private int _length;

    /// <inheritdoc/>
    public long LengthBytes => _length;

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.Span[.._length];

    /// <summary>Reads a file whole.</summary>
    /// <exception cref="StoreDamagedException">It is longer than any such file can be, or ends early.</exception>
    public void Load(SealedFile name, IStoreFile file)
    {
        long length = file.LengthBytes;
        if (length > BytesMax)
        {
            throw new StoreDamagedException(name.Name, $"{name.Name} is {length} bytes long, more than any such file can be.");
        }

        _length = 0;

        // Rounded up, so that the end too may be read past the system's cache.
        int room = (int)((length + AlignedBuffer.AlignBytes - 1) & -AlignedBuffer.AlignBytes);
        if (_buffer.Length < room)
        {
            _buffer = new AlignedBuffer(room);
        }

        int read = file.ReadAt(_buffer.Span[..room], 0);
        if (read != length)
        {
            throw new StoreDamagedException(name.Name, $"{name.Name} ended after {read} of {length} bytes.");
        }

        _length = read;
    }

    /// <summary>What of a file is to be checked and then sent: all of it, in memory; an index segment, whose pages carry hashes and which a reader can do without, as it is.</summary>
    /// <returns>This, or the file itself.</returns>
    /// <inheritdoc cref="Load(SealedFile, IStoreFile)" path="/exception"/>
    public IStoreFile Of(SealedFile name, IStoreFile file)
    {
        if (name.Kind == SealedKind.Index)
        {
            return file;
        }

        Load(name, file);
        return this;
    }

    /// <summary>Takes bytes over.</summary>
    public void Load(ReadOnlySpan<byte> bytes)
    {
        if (_buffer.Length < bytes.Length)
        {
            _buffer = new AlignedBuffer(bytes.Length);
        }

        bytes.CopyTo(_buffer.Span);
        _length = bytes.Length;
    }

    /// <inheritdoc/>
    public int ReadAt(Span<byte> buffer, long offsetBytes)
    {
        int wanted = (int)Math.Clamp(_length - offsetBytes, 0, buffer.Length);
        _buffer.Span.Slice((int)Math.Min(offsetBytes, _length), wanted).CopyTo(buffer);
        return wanted;
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> InMemory(long offsetBytes, int lengthBytes) => offsetBytes + lengthBytes <= _length ? _buffer.Span.Slice((int)offsetBytes, lengthBytes) : default;

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: it is for reading.</exception>
    public void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes) => throw new NotSupportedException();

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: it is for reading.</exception>
    public void SetLength(long lengthBytes) => throw new NotSupportedException();

    /// <inheritdoc/>
    /// <exception cref="NotSupportedException">Always: it is for reading.</exception>
    public void Sync() => throw new NotSupportedException();

    /// <inheritdoc/>
    public void StartWriteback(long offsetBytes, long lengthBytes)
    {
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
