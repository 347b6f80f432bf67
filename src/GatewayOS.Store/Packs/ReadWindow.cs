using System.Numerics;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Packs;

/// <summary>
/// A stretch of one file in memory, from which neighbouring ranges are served. Reads ahead only once ranges follow each other, so a lone
/// read costs what it needs. Of a file that is in memory it makes no copy.
/// </summary>
/// <param name="aheadBytes">How much to read at once when ranges follow each other.</param>
internal sealed class ReadWindow(int aheadBytes = ReadWindow.AheadBytesDefault)
{
    /// <summary>A gap up to this between two ranges is cheaper to read over than to seek over.</summary>
    public const int GapBytesMax = 512 * 1024;

    // With the borders it is widened to, two MiB: near the processor's cache, and as fast as longer reads with several threads.
    private const int AheadBytesDefault = (2 * 1024 * 1024) - (2 * AlignedBuffer.AlignBytes);

    private AlignedBuffer _buffer = new(0);
    private object? _source;
    private long _offset;
    private int _length;

    /// <summary>Reads a range.</summary>
    /// <param name="source">Identity of the file, by reference or value equality.</param>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where.</param>
    /// <param name="length">How much.</param>
    /// <returns>The range, or less at the end of the file; valid until the next call.</returns>
    public ReadOnlySpan<byte> Read(object source, IStoreFile file, long offset, int length)
    {
        if (file.InMemory(offset, length) is { IsEmpty: false } there)
        {
            return there;
        }

        bool same = source.Equals(_source);
        if (same && offset >= _offset && offset + length <= _offset + _length)
        {
            return _buffer.Span.Slice((int)(offset - _offset), length);
        }

        bool sequential = same && offset >= _offset && offset <= _offset + _length + GapBytesMax;
        int ahead = sequential ? (int)Math.Clamp(file.LengthBytes - offset, 0, aheadBytes) : 0;
        int align = file.AlignBytes;
        _source = null;
        if (align > 1 || ahead > length)
        {
            // Widened to the borders that let it pass by the cache.
            long from = offset & -align;
            int wanted = (int)(((offset + Math.Max(length, ahead) + align - 1) & -align) - from);
            try
            {
                return Fill(source, file, from, wanted, offset, length);
            }
            catch (StoreIoException)
            {
                // A neighbour may be what cannot be read.
            }
        }

        return Fill(source, file, offset, length, offset, length);
    }

    /// <summary>Forgets what is in memory: the same file object is about to have another content.</summary>
    public void Forget() => _source = null;

    private ReadOnlySpan<byte> Fill(object source, IStoreFile file, long from, int wanted, long offset, int length)
    {
        if (_buffer.Length < wanted)
        {
            _buffer = new AlignedBuffer((int)BitOperations.RoundUpToPowerOf2((uint)wanted));
        }

        int read = file.ReadAt(_buffer.Span[..wanted], from);
        (_source, _offset, _length) = (source, from, read);
        int skipped = (int)(offset - from);
        return _buffer.Span.Slice(Math.Min(skipped, read), Math.Clamp(read - skipped, 0, length));
    }

    /// <summary>Makes a buffer at least this long; its content is lost.</summary>
    public static void Grow(ref byte[] buffer, int bytes)
    {
        if (buffer.Length < bytes)
        {
            buffer = GC.AllocateUninitializedArray<byte>((int)BitOperations.RoundUpToPowerOf2((uint)bytes), pinned: true);
        }
    }
}
