using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tests.Rig;

/// <summary>Content that is another when the same place is read a second time: what was hashed is not what is sent.</summary>
internal sealed class AlteringContent(long lengthBytes) : IStoreFile
{
    private readonly HashSet<long> _read = [];

    public long LengthBytes => lengthBytes;

    public int ReadAt(Span<byte> buffer, long offsetBytes)
    {
        lock (_read)
        {
            buffer.Fill((byte)(_read.Add(offsetBytes) ? 1 : 2));
        }

        return buffer.Length;
    }

    public void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes) => throw new NotSupportedException();

    public void SetLength(long lengthBytes) => throw new NotSupportedException();

    public void Sync() => throw new NotSupportedException();

    public void StartWriteback(long offsetBytes, long lengthBytes)
    {
    }

    public void Dispose()
    {
    }
}
