using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tests.Rig;

/// <summary>Content that is only read, and made up while it is.</summary>
internal abstract class ReadOnlyContent(long lengthBytes) : IStoreFile
{
    public long LengthBytes => lengthBytes;

    public abstract int ReadAt(Span<byte> buffer, long offsetBytes);

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
