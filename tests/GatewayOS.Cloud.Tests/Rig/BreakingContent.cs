using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tests.Rig;

/// <summary>Content that cannot be read from some offset on, as a disk that fails under a sync.</summary>
internal sealed class BreakingContent(long lengthBytes, long breaksAt) : ReadOnlyContent(lengthBytes)
{
    public override int ReadAt(Span<byte> buffer, long offsetBytes)
    {
        if (offsetBytes + buffer.Length > breaksAt)
        {
            throw new StoreIoException(StoreIoFailure.Device, "content", "The disk is broken there.");
        }

        buffer.Fill((byte)(offsetBytes >> 20));
        return buffer.Length;
    }
}
