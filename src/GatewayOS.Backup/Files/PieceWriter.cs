using GatewayOS.Backup.Posix;
using GatewayOS.Store.Storage;

namespace GatewayOS.Backup.Files;

/// <summary>
/// Writes the content of files being restored. Of large ones the chunks are gathered into pieces that may pass by the system's cache
/// (O_DIRECT): filling it costs more than the disk does, and would push out what others need. Belongs to one thread.
/// </summary>
internal sealed class PieceWriter
{
    private const int PieceBytes = 1024 * 1024;

    private AlignedBuffer? _piece;
    private RestoredFile? _file;
    private int _fd = -1;

    // The piece's place in the file, a multiple of the alignment; and what of the piece holds content.
    private long _start;
    private int _from;
    private int _used;

    /// <summary>Writes bytes, or gathers them: a failure may show in a later call.</summary>
    /// <param name="file">The file; the same until <see cref="Flush"/>.</param>
    /// <param name="fd">Its descriptor.</param>
    /// <param name="bytes">The bytes.</param>
    /// <param name="offset">Where they go.</param>
    /// <returns>0, or the error number.</returns>
    public int Write(RestoredFile file, int fd, ReadOnlySpan<byte> bytes, long offset)
    {
        if (file.DirectFd < 0)
        {
            return Sys.WriteAt(fd, bytes, offset);
        }

        int error = 0;
        if (offset != _start + _used || _from == _used)
        {
            error = Flush();
            (_file, _fd, _start) = (file, fd, offset & -AlignedBuffer.AlignBytes);
            _from = _used = (int)(offset - _start);
        }

        Span<byte> piece = (_piece ??= new AlignedBuffer(PieceBytes)).Span;
        while (!bytes.IsEmpty && error == 0)
        {
            int count = Math.Min(bytes.Length, piece.Length - _used);
            bytes[..count].CopyTo(piece[_used..]);
            bytes = bytes[count..];
            _used += count;
            if (_used == piece.Length)
            {
                error = WritePiece(piece);
                _start += piece.Length;
                _from = _used = 0;
            }
        }

        return error;
    }

    /// <summary>Writes what is gathered. Call it at the end of a run, also of one that failed.</summary>
    /// <returns>0, or the error number.</returns>
    public int Flush()
    {
        int error = _from == _used ? 0 : WritePiece(_piece!.Span);
        _from = _used = 0;
        return error;
    }

    // The borders of a run share a page with the neighbouring run, so they go through the cache.
    private int WritePiece(ReadOnlySpan<byte> piece)
    {
        int first = (_from + AlignedBuffer.AlignBytes - 1) & -AlignedBuffer.AlignBytes;
        int last = _used & -AlignedBuffer.AlignBytes;
        if (first >= last)
        {
            return Sys.WriteAt(_fd, piece[_from.._used], _start + _from);
        }

        int error = first == _from ? 0 : Sys.WriteAt(_fd, piece[_from..first], _start + _from);
        if (error == 0)
        {
            error = Sys.WriteAt(_file!.DirectFd, piece[first..last], _start + first);

            // Some file systems take the flag and refuse the write.
            error = error == Libc.Einval ? Sys.WriteAt(_fd, piece[first..last], _start + first) : error;
        }

        return error != 0 || last == _used ? error : Sys.WriteAt(_fd, piece[last.._used], _start + last);
    }
}
