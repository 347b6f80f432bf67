using System.Buffers.Binary;
using System.Globalization;

namespace GatewayOS.CorpusMaker.Parts;

/// <summary>
/// Disks of virtual machines that share most of their operating system: extents of nothing (holes), text, tables and noise. A day rewrites one
/// percent in place, in spots of 4 to 64 KiB.
/// </summary>
internal sealed class DiskImages(ulong seed, Vocabulary words) : CorpusPart("vm")
{
    private const int Images = 2;
    private const int ExtentBytes = 64 * 1024;
    private const int BlockBytes = 4096;
    private const int SharedPercent = 70;
    private const long RewrittenPermille = 10;
    private const int SpotBlocksMax = 16;

    public override void Make(string directory, long sizeBytes, SeededBytes random)
    {
        long extents = Math.Max(1, sizeBytes / Images / ExtentBytes);
        byte[] extent = new byte[ExtentBytes];
        for (int image = 0; image < Images; image++)
        {
            var shared = new SeededBytes(seed, "vm base");
            using FileStream file = File.Create(PathOf(directory, image));
            file.SetLength(extents * ExtentBytes);
            for (long number = 0; number < extents; number++)
            {
                // Both streams go on with every extent, so that shared ones are at the same place in all images.
                ulong sharedSeed = shared.Next(), ownSeed = random.Next();
                bool isShared = shared.Percent(SharedPercent);
                var content = new SeededBytes(isShared ? sharedSeed : ownSeed, "extent");
                if (FillBlocks(content, extent))
                {
                    file.Position = number * ExtentBytes;
                    file.Write(extent);
                }
            }
        }
    }

    public override void Age(string directory, long sizeBytes, int day, SeededBytes random)
    {
        byte[] spot = new byte[SpotBlocksMax * BlockBytes];
        for (int image = 0; image < Images; image++)
        {
            using FileStream file = File.Open(PathOf(directory, image), FileMode.Open);
            long blocks = file.Length / BlockBytes;
            for (long left = Permille(blocks, RewrittenPermille); left > 0;)
            {
                long count = Math.Min(1 + random.Below(SpotBlocksMax), blocks);
                Span<byte> bytes = spot.AsSpan(0, (int)count * BlockBytes);
                FillBlocks(random, bytes);
                file.Position = Math.Min(random.SkewedBelow(blocks), blocks - count) * BlockBytes;
                file.Write(bytes);
                left -= count;
            }
        }
    }

    private static string PathOf(string directory, int image) => Path.Join(directory, string.Create(CultureInfo.InvariantCulture, $"disk{image}.img"));

    private bool FillBlocks(SeededBytes random, Span<byte> bytes)
    {
        switch (random.Below(100))
        {
            case < 20:
                bytes.Clear();
                return false;
            case < 55:
                words.FillText(random, bytes);
                break;
            case < 80:
                FillTable(random, bytes);
                break;
            default:
                random.Fill(bytes);
                break;
        }

        return true;
    }

    // Rows with a counter, a value and padding, as executables' tables and file systems' metadata look.
    private static void FillTable(SeededBytes random, Span<byte> bytes)
    {
        const int rowBytes = 32;
        ulong counter = random.Next();
        bytes.Clear();
        for (; bytes.Length >= rowBytes; bytes = bytes[rowBytes..])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, counter++);
            BinaryPrimitives.WriteUInt64LittleEndian(bytes[16..], random.Next());
        }
    }
}
