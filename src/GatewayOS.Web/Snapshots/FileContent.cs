using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Web.Snapshots;

/// <summary>Writes a file's content as it was backed up. Every chunk is decrypted and its hash checked by the reader.</summary>
internal static class FileContent
{
    private const int ZerosBytes = 64 * 1024;

    private static readonly byte[] s_zeros = new byte[ZerosBytes];

    /// <summary>Refuses a file of which something is known to be lost.</summary>
    /// <exception cref="StoreDamagedException">It is.</exception>
    public static void RefuseIfLost(ContentReader reader, TreeNode file)
    {
        long lost = reader.Leaves(file.Content).Where(part => part.Kind == PartKind.Lost).Sum(part => part.LengthBytes);
        if (lost > 0)
        {
            string name = ByteName.Escape(file.Name);
            throw new StoreDamagedException(name, $"{lost} bytes of '{name}' are lost, so it is not given out as if it were whole. A restore to a node says what is missing.");
        }
    }

    /// <summary>Writes it.</summary>
    /// <exception cref="StoreDamagedException">Something of it is missing or damaged.</exception>
    public static void Write(Stream to, ContentReader reader, TreeNode file, CancellationToken end)
    {
        foreach (ContentPart part in reader.Leaves(file.Content))
        {
            end.ThrowIfCancellationRequested();
            switch (part.Kind)
            {
                case PartKind.Chunk:
                    WriteChunk(to, reader, file, part);
                    break;
                case PartKind.Hole:
                    WriteHole(to, part.LengthBytes, end);
                    break;
                default:
                    throw new StoreDamagedException(ByteName.Escape(file.Name), $"{part.LengthBytes} bytes of '{ByteName.Escape(file.Name)}' are lost.");
            }
        }
    }

    private static void WriteChunk(Stream to, ContentReader reader, TreeNode file, ContentPart part)
    {
        ReadOnlySpan<byte> content = reader.Read(part.Hash);
        if (content.Length != part.LengthBytes)
        {
            throw new StoreDamagedException(ByteName.Escape(file.Name), $"A chunk of '{ByteName.Escape(file.Name)}' has another length than its tree says.");
        }

        to.Write(content);
    }

    private static void WriteHole(Stream to, long bytes, CancellationToken end)
    {
        for (long left = bytes; left > 0; left -= Math.Min(left, ZerosBytes))
        {
            end.ThrowIfCancellationRequested();
            to.Write(s_zeros, 0, (int)Math.Min(left, ZerosBytes));
        }
    }
}
