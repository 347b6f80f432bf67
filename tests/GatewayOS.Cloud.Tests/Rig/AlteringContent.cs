namespace GatewayOS.Cloud.Tests.Rig;

/// <summary>Content that is another when the same place is read a second time: what was hashed is not what is sent.</summary>
internal sealed class AlteringContent(long lengthBytes) : ReadOnlyContent(lengthBytes)
{
    private readonly HashSet<long> _read = [];

    public override int ReadAt(Span<byte> buffer, long offsetBytes)
    {
        lock (_read)
        {
            buffer.Fill((byte)(_read.Add(offsetBytes) ? 1 : 2));
        }

        return buffer.Length;
    }
}
