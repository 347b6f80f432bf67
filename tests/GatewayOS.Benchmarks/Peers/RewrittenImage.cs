using GatewayOS.CorpusMaker;

namespace GatewayOS.Benchmarks.Peers;

/// <summary>A disk image that nothing can compress, of which a tenth is rewritten in scattered spots: what changed-block backups are about.</summary>
internal static class RewrittenImage
{
    private const int SpotBytes = 64 * 1024;
    private const int SpotsPerRewritten = 10;
    private const int BlockBytes = 1024 * 1024;
    private const ulong Seed = 2;

    /// <summary>Writes the image.</summary>
    /// <param name="path">The file; replaced.</param>
    /// <param name="bytes">Its length.</param>
    public static void Make(string path, long bytes)
    {
        var random = new SeededBytes(Seed, "image");
        byte[] block = new byte[BlockBytes];
        using FileStream file = File.Create(path);
        for (long left = bytes; left > 0; left -= block.Length)
        {
            random.Fill(block);
            file.Write(block.AsSpan(0, (int)Math.Min(left, block.Length)));
        }
    }

    /// <summary>Rewrites one spot of each ten, anywhere among them.</summary>
    /// <returns>Bytes rewritten.</returns>
    public static long Rewrite(string path)
    {
        var random = new SeededBytes(Seed, "spots");
        byte[] spot = new byte[SpotBytes];
        using FileStream file = File.Open(path, FileMode.Open);
        long rewritten = 0;
        for (long first = 0; first + SpotsPerRewritten <= file.Length / SpotBytes; first += SpotsPerRewritten)
        {
            random.Fill(spot);
            file.Position = (first + random.Below(SpotsPerRewritten)) * SpotBytes;
            file.Write(spot);
            rewritten += spot.Length;
        }

        return rewritten;
    }
}
