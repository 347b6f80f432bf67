using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Packs;

/// <summary>
/// Finds the records of a pack without its directory: by walking the record heads and, behind a damaged place, by searching for the next
/// record whose ciphertext hash holds. Needs no key.
/// </summary>
internal static class PackScan
{
    // Most gaps are the padding of a range: the search begins with little and goes on with more.
    private const int SearchBytesMin = 8 * 1024;
    private const int SearchBytesMax = 1024 * 1024;

    /// <summary>Scans a file from its first record to its end.</summary>
    /// <param name="file">The file; its head must have been checked.</param>
    /// <param name="found">Called for each good record with its head and its bytes, valid for the call.</param>
    /// <returns>Where the last good record ends.</returns>
    public static long Run(IStoreFile file, RecordFound found)
    {
        using var cipher = new RecordCipher();
        var window = new ReadWindow();
        long length = file.LengthBytes;
        long offset = PackFormat.HeadBytes;
        long end = offset;
        while (offset + PackFormat.RecordHeadBytes + PackFormat.TagBytes <= length)
        {
            if (TryRecord(file, window, cipher, offset, length, out RecordHead head, out ReadOnlySpan<byte> record))
            {
                found(head, record);
                offset += head.TotalBytes;
                end = offset;
            }
            else
            {
                offset = NextCandidate(file, offset + 1, length);
            }
        }

        return end;
    }

    private static bool TryRecord(IStoreFile file, ReadWindow window, RecordCipher cipher, long offset, long length, out RecordHead head, out ReadOnlySpan<byte> record)
    {
        record = window.Read(file, file, offset, PackFormat.RecordHeadBytes);
        if (record.Length < PackFormat.RecordHeadBytes || !RecordHead.TryRead(record, out head) || head.Offset != offset || offset + head.TotalBytes > length)
        {
            head = default;
            return false;
        }

        record = window.Read(file, file, offset, (int)head.TotalBytes);
        return record.Length == head.TotalBytes && cipher.HashMatches(record);
    }

    private static long NextCandidate(IStoreFile file, long offset, long length)
    {
        Span<byte> magic = [unchecked((byte)PackFormat.RecordMagic), PackFormat.RecordMagic >> 8];
        byte[] buffer = [];
        while (offset < length)
        {
            if (buffer.Length < SearchBytesMax)
            {
                buffer = new byte[Math.Max(SearchBytesMin, buffer.Length * 8)];
            }

            int read = file.ReadAt(buffer, offset);
            int at = buffer.AsSpan(0, read).IndexOf(magic);
            if (at >= 0)
            {
                return offset + at;
            }

            // The last byte may be the first of a magic.
            offset += Math.Max(1, read - 1);
            if (read < buffer.Length)
            {
                break;
            }
        }

        return length;
    }
}

/// <summary>Receives a good record of a scan.</summary>
internal delegate void RecordFound(in RecordHead head, ReadOnlySpan<byte> record);
