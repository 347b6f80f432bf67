using System.Numerics;

namespace GatewayOS.Store.Chunking;

/// <summary>
/// Limits of content-defined chunks. All backups into a store need the same limits and key, or equal content is no longer found equal.
/// </summary>
/// <param name="MinBytes">Shortest chunk but the last of a file; 64 bytes to below the average.</param>
/// <param name="AverageBytes">Mean length on random data when the minimum is a quarter of it: a power of two, 256 bytes to 4 MiB. Cutting turns from reluctant to eager at five eighths of it.</param>
/// <param name="MaxBytes">Longest chunk; above the average, up to 16 MiB.</param>
public sealed record ChunkerParameters(int MinBytes, int AverageBytes, int MaxBytes)
{
    /// <summary>Smallest allowed <see cref="MinBytes"/>: the rolling hash sees 64 bytes.</summary>
    public const int SmallestMinBytes = 64;

    /// <summary>Smallest allowed <see cref="AverageBytes"/>; only simulations go that low.</summary>
    public const int SmallestAverageBytes = 256;

    /// <summary>Largest allowed <see cref="AverageBytes"/>.</summary>
    public const int LargestAverageBytes = 4 << 20;

    /// <summary>Largest allowed <see cref="MaxBytes"/>: a chunk is held in memory several times over.</summary>
    public const int LargestMaxBytes = 16 << 20;

    /// <summary>The limits for new stores; CHUNK-SIZES.md has the figures behind them.</summary>
    public static ChunkerParameters Default { get; } = new(32 << 10, 128 << 10, 512 << 10);

    /// <summary>Checks all limits.</summary>
    /// <returns>Every error; empty when valid.</returns>
    public IReadOnlyList<string> Errors()
    {
        List<string> errors = [];
        if (AverageBytes is < SmallestAverageBytes or > LargestAverageBytes || !BitOperations.IsPow2(AverageBytes))
        {
            errors.Add($"AverageBytes is {AverageBytes}; it must be a power of two from {SmallestAverageBytes} to {LargestAverageBytes}.");
        }

        if (MinBytes < SmallestMinBytes || MinBytes >= AverageBytes)
        {
            errors.Add($"MinBytes is {MinBytes}; it must be at least {SmallestMinBytes} and below AverageBytes.");
        }

        if (MaxBytes <= AverageBytes || MaxBytes > LargestMaxBytes)
        {
            errors.Add($"MaxBytes is {MaxBytes}; it must be above AverageBytes and at most {LargestMaxBytes}.");
        }

        return errors;
    }

    /// <summary>Refuses limits that are out of range.</summary>
    /// <exception cref="ArgumentException">At least one is; the message lists every one.</exception>
    public void Validate()
    {
        if (Errors() is { Count: > 0 } errors)
        {
            throw new ArgumentException("Chunk limits do not fit: " + string.Join(' ', errors));
        }
    }
}
