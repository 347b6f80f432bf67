using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// A stretch of a content as the body of a request: read where it is, without a copy of its own, and sent no faster than a schedule allows. Several stretches of one content may be
/// sent at once. Only what is sent is paced: that is read asynchronously, a digest is not.
/// </summary>
/// <param name="content">The content; borrowed. Its reads must be safe for several threads.</param>
/// <param name="offsetBytes">Where the stretch begins.</param>
/// <param name="lengthBytes">Its length.</param>
/// <param name="schedule">The limit; null for none.</param>
internal sealed class S3Body(IStoreFile content, long offsetBytes, int lengthBytes, BandwidthSchedule? schedule) : Stream
{
    // What is taken from the schedule at a time.
    private const int PacedBytes = 64 * 1024;
    private const int DigestBytes = 256 * 1024;

    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => lengthBytes;

    public override long Position
    {
        get => _position;
        set => _position = (int)value;
    }

    /// <summary>Told that the body moves; null for nobody.</summary>
    public AnswerLimit? Limit { get; set; }

    /// <summary>The digest of the body. It is what every service checks on arrival; against those who alter things on purpose stand the signature and the hashes in what is sent.</summary>
    /// <exception cref="VaultException">The content is shorter than it was.</exception>
    /// <exception cref="StoreIoException">It cannot be read.</exception>
    [SuppressMessage("Security", "CA5351", Justification = "What services compare.")]
    public byte[] Digest()
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(DigestBytes);
        try
        {
            using var digest = IncrementalHash.CreateHash(HashAlgorithmName.MD5);
            for (int done = 0; done < lengthBytes;)
            {
                int wanted = Math.Min(DigestBytes, lengthBytes - done);
                if (content.InMemory(offsetBytes + done, wanted) is { IsEmpty: false } there)
                {
                    digest.AppendData(there);
                    done += wanted;
                    continue;
                }

                Span<byte> piece = buffer.AsSpan(0, wanted);
                done += ReadAt(piece, done);
                digest.AppendData(piece);
            }

            return digest.GetHashAndReset();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public override int Read(Span<byte> buffer)
    {
        int read = ReadAt(buffer[..Math.Min(buffer.Length, lengthBytes - _position)], _position);
        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (schedule is null)
        {
            Limit?.Moved();
            return Read(buffer.Span);
        }

        int read = Read(buffer.Span[..Math.Min(buffer.Length, PacedBytes)]);
        Limit?.Suspend();
        await schedule.TakeAsync(read, cancellationToken).ConfigureAwait(false);
        Limit?.Moved();
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => lengthBytes + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    // Whole or not: a content that became shorter must not be taken for the end of the body.
    private int ReadAt(Span<byte> buffer, int position)
    {
        int read = content.ReadAt(buffer, offsetBytes + position);
        return read == buffer.Length ? read : throw new VaultException(VaultFailure.Corrupted, $"What was to be put became shorter meanwhile: it ended after {offsetBytes + position + read} bytes.");
    }
}
