namespace GatewayOS.CorpusMaker;

/// <summary>A kind of data in a corpus, in a directory of its own.</summary>
/// <param name="name">The directory, also the label of its random streams.</param>
internal abstract class CorpusPart(string name)
{
    public string Name { get; } = name;

    /// <summary>Makes the first day's data.</summary>
    /// <param name="directory">An empty directory.</param>
    /// <param name="sizeBytes">About how much.</param>
    /// <param name="random">The part's stream of this day.</param>
    public abstract void Make(string directory, long sizeBytes, SeededBytes random);

    /// <summary>Changes the data as a day would.</summary>
    /// <param name="directory">The part's directory as the day before left it.</param>
    /// <param name="sizeBytes">The size it was made with.</param>
    /// <param name="day">The day: 1 is the first after making.</param>
    /// <param name="random">The part's stream of this day.</param>
    public abstract void Age(string directory, long sizeBytes, int day, SeededBytes random);

    /// <summary>Files below, in an order that is the same everywhere.</summary>
    protected static string[] FilesIn(string directory) => [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    /// <summary>So many in a thousand, and at least one.</summary>
    protected static long Permille(long of, long permille) => Math.Max(1, of * permille / 1000);
}
