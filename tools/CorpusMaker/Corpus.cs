using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.CorpusMaker.Parts;

namespace GatewayOS.CorpusMaker;

/// <summary>What a corpus was made with and how old it is; stands in its directory.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="SizeBytes">The size asked for.</param>
/// <param name="Generation">Days since it was made.</param>
/// <param name="Whole">False while a day's change is under way: a corpus that was interrupted is not what its seed says.</param>
internal sealed record CorpusState(ulong Seed, long SizeBytes, int Generation, bool Whole);

/// <summary>
/// A directory of made-up data that changes from day to day. Everything follows from the seed and the size: the same on any machine, whether made and
/// aged at once or day by day.
/// </summary>
internal static class Corpus
{
    /// <summary>Smaller ones have no room for every kind of data.</summary>
    public const long SizeBytesMin = 4 << 20;

    public const int GenerationMax = 9999;

    private const string StateFile = "corpus.json";

    /// <summary>Makes a corpus.</summary>
    /// <param name="directory">A missing or empty directory.</param>
    /// <param name="sizeBytes">About how much, from <see cref="SizeBytesMin"/> on.</param>
    /// <param name="seed">The seed.</param>
    /// <exception cref="CorpusException">The directory holds something, or the size is too small.</exception>
    public static CorpusState Make(string directory, long sizeBytes, ulong seed)
    {
        if (sizeBytes < SizeBytesMin)
        {
            throw new CorpusException($"a corpus has at least {SizeBytesMin >> 20} MiB; --size asks for {sizeBytes} bytes.");
        }

        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new CorpusException($"{directory} is not empty. Choose an empty or new directory.");
        }

        Directory.CreateDirectory(directory);
        var state = new CorpusState(seed, sizeBytes, 0, Whole: false);
        Write(directory, state);
        foreach ((CorpusPart part, long bytes) in Parts(state))
        {
            part.Make(Directory.CreateDirectory(Path.Join(directory, part.Name)).FullName, bytes, Stream(state, part, 0));
        }

        return Finish(directory, state with { Whole = true });
    }

    /// <summary>Applies the changes of the days up to a generation.</summary>
    /// <param name="directory">The corpus.</param>
    /// <param name="generation">The generation to reach; null for the next one.</param>
    /// <exception cref="CorpusException">It is no corpus, was interrupted, or is older already.</exception>
    public static CorpusState Age(string directory, int? generation)
    {
        CorpusState state = Read(directory);
        int wanted = generation ?? state.Generation + 1;
        if (wanted < state.Generation || wanted > GenerationMax)
        {
            throw new CorpusException($"{directory} is at generation {state.Generation}; it can be taken to {state.Generation} … {GenerationMax}, not to {wanted}. Make another one.");
        }

        while (state.Generation < wanted)
        {
            Write(directory, state with { Whole = false });
            int day = state.Generation + 1;
            foreach ((CorpusPart part, long bytes) in Parts(state))
            {
                part.Age(Path.Join(directory, part.Name), bytes, day, Stream(state, part, day));
            }

            state = Finish(directory, state with { Generation = day });
        }

        return state;
    }

    /// <summary>Reads what a corpus says of itself.</summary>
    /// <exception cref="CorpusException">It is no corpus, or one that was interrupted.</exception>
    public static CorpusState Read(string directory)
    {
        string path = Path.Join(directory, StateFile);
        if (!File.Exists(path))
        {
            throw new CorpusException($"{directory} is no corpus: it holds no {StateFile}. Make one with 'make --out {directory}'.");
        }

        CorpusState? state;
        try
        {
            state = JsonSerializer.Deserialize(File.ReadAllBytes(path), CorpusJson.Default.CorpusState);
        }
        catch (JsonException error)
        {
            throw new CorpusException($"{path} cannot be read ({error.Message}). Make the corpus anew.");
        }

        return state is { Whole: true }
            ? state
            : throw new CorpusException($"{directory} was interrupted while it was made or aged, and is not what its seed says. Remove it and make it anew.");
    }

    private static (CorpusPart Part, long Bytes)[] Parts(CorpusState state)
    {
        var words = new Vocabulary(state.Seed);
        return
        [
            (new SourceTree(words), state.SizeBytes * 15 / 100),
            (new DiskImages(state.Seed, words), state.SizeBytes * 40 / 100),
            (new DatabaseFile(words), state.SizeBytes * 20 / 100),
            (new LogFiles(words), state.SizeBytes * 5 / 100),
            (new MediaFiles(), state.SizeBytes * 20 / 100),
        ];
    }

    private static SeededBytes Stream(CorpusState state, CorpusPart part, int day) => new(state.Seed, string.Create(CultureInfo.InvariantCulture, $"{part.Name} {day}"));

    private static CorpusState Finish(string directory, CorpusState state)
    {
        Write(directory, state);
        return state;
    }

    private static void Write(string directory, CorpusState state) =>
        File.WriteAllBytes(Path.Join(directory, StateFile), JsonSerializer.SerializeToUtf8Bytes(state, CorpusJson.Default.CorpusState));
}

/// <summary>A corpus cannot be made or aged; the message says what to do.</summary>
internal sealed class CorpusException(string message) : Exception(message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(CorpusState))]
internal sealed partial class CorpusJson : JsonSerializerContext;
