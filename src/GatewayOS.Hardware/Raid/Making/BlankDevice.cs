namespace GatewayOS.Hardware.Raid.Making;

/// <summary>
/// Looks whether a disk holds anything. Marks of file systems, arrays and tables are not enough: a disk whose table was lost has none, and all of its data. So its
/// beginning, its end and places all over it are read; what is blank has zeros in every one of them.
/// </summary>
public static class BlankDevice
{
    /// <summary>Bytes read whole at the beginning and at the end.</summary>
    public const int EdgeBytes = 16 * 1024 * 1024;

    /// <summary>Places read in between, evenly spread.</summary>
    public const int Samples = 2048;

    /// <summary>Bytes read at each place.</summary>
    public const int SampleBytes = 64 * 1024;

    private const int BlockBytes = 1024 * 1024;

    /// <summary>Finds the first byte that is not zero, among those that are read.</summary>
    /// <param name="device">The disk; it stays the caller's.</param>
    /// <param name="sizeBytes">Its size.</param>
    /// <returns>Its place in bytes; null when the disk is blank.</returns>
    /// <exception cref="IOException">It cannot be read: then nobody knows what is on it.</exception>
    public static long? FirstContent(Stream device, long sizeBytes)
    {
        if (sizeBytes <= 2L * EdgeBytes + (long)Samples * SampleBytes)
        {
            return Scan(device, 0, sizeBytes);
        }

        if (Scan(device, 0, EdgeBytes) is { } early)
        {
            return early;
        }

        if (Scan(device, sizeBytes - EdgeBytes, EdgeBytes) is { } late)
        {
            return late;
        }

        // Whole samples, so that the last one ends before the end that was read.
        long step = (sizeBytes - 2L * EdgeBytes - SampleBytes) / (Samples - 1) / SampleBytes * SampleBytes;
        for (int sample = 0; sample < Samples; sample++)
        {
            if (Scan(device, EdgeBytes + sample * step, SampleBytes) is { } between)
            {
                return between;
            }
        }

        return null;
    }

    private static long? Scan(Stream device, long start, long length)
    {
        byte[] block = new byte[(int)Math.Min(BlockBytes, length)];
        device.Position = start;
        for (long done = 0; done < length;)
        {
            Span<byte> part = block.AsSpan(0, (int)Math.Min(block.Length, length - done));
            device.ReadExactly(part);
            if (part.IndexOfAnyExcept((byte)0) is >= 0 and { } at)
            {
                return start + done + at;
            }

            done += part.Length;
        }

        return null;
    }
}
