namespace GatewayOS.Cloud.Vault;

/// <summary>A body that is sent no faster than a schedule allows. Read without waiting when it is only hashed, which the SDK does by the synchronous way.</summary>
/// <param name="bytes">The body; borrowed.</param>
/// <param name="schedule">The limit.</param>
internal sealed class PacedStream(ReadOnlyMemory<byte> bytes, BandwidthSchedule schedule) : Stream
{
    private const int PieceBytes = 64 * 1024;

    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => bytes.Length;

    public override long Position
    {
        get => _position;
        set => _position = (int)value;
    }

    public override int Read(Span<byte> buffer)
    {
        int read = Math.Min(buffer.Length, bytes.Length - _position);
        bytes.Span.Slice(_position, read).CopyTo(buffer);
        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int read = Read(buffer.Span[..Math.Min(buffer.Length, PieceBytes)]);
        await schedule.TakeAsync(read, cancellationToken).ConfigureAwait(false);
        return read;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => bytes.Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
