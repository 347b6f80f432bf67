using System.Numerics;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Packs;

/// <summary>
/// A stretch of one file in memory, from which neighbouring ranges are served. Reads ahead only once ranges follow each other, so a lone
/// read costs what it needs.
/// </summary>
/// <param name="aheadBytes">How much to read at once when ranges follow each other.</param>
internal sealed class ReadWindow(int aheadBytes = ReadWindow.AheadBytesDefault)
{
    /// <summary>A gap up to this between two ranges is cheaper to read over than to seek over.</summary>
    public const int GapBytesMax = 512 * 1024;

    private const int AheadBytesDefault = 4 * 1024 * 1024;

    private byte[] _buffer = [];
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
        bool same = source.Equals(_source);
        if (same && offset >= _offset && offset + length <= _offset + _length)
        {
            return _buffer.AsSpan((int)(offset - _offset), length);
        }

        bool sequential = same && offset >= _offset && offset <= _offset + _length + GapBytesMax;
        int wanted = Math.Max(length, sequential ? (int)Math.Clamp(file.LengthBytes - offset, 0, aheadBytes) : 0);
        Grow(ref _buffer, wanted);
        _source = null;
        int read = file.ReadAt(_buffer.AsSpan(0, wanted), offset);
        (_source, _offset, _length) = (source, offset, read);
        return _buffer.AsSpan(0, Math.Min(read, length));
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
