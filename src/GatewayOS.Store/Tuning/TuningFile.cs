using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Tuning;

/// <summary>What is known for one store on this machine.</summary>
/// <param name="Measured">What a benchmark chose; null when none was run.</param>
/// <param name="MeasuredUtc">When.</param>
/// <param name="Pinned">What the operator has set, by key; it holds whatever is measured.</param>
public sealed record StoreTuning(PipelineTuning? Measured, DateTimeOffset? MeasuredUtc, IReadOnlyDictionary<string, int> Pinned)
{
    /// <summary>Nothing measured, nothing pinned.</summary>
    public static StoreTuning None { get; } = new(null, null, new Dictionary<string, int>());

    /// <summary>What jobs use: defaults, over them what was measured, over that what is pinned.</summary>
    public PipelineTuning Effective => PipelineTuning.Keys.Where(key => Pinned.ContainsKey(key.Name)).Aggregate(Measured ?? PipelineTuning.Default, (tuning, key) => key.With(tuning, Pinned[key.Name]));
}

/// <summary>
/// Tunings of the stores that this machine uses, in a small JSON file of its own: nothing of a machine belongs into a store, which may move to another.
/// A missing, damaged or foreign file means defaults: speed may suffer, nothing else.
/// </summary>
public sealed class TuningFile
{
    /// <summary>Names another file.</summary>
    public const string PathVariable = "GATEWAY_TUNING";

    private const int BytesMax = 1024 * 1024;
    private const int StoresMax = 1000;

    /// <summary>Uses a file.</summary>
    /// <param name="path">The file; it need not exist.</param>
    public TuningFile(string path) => Location = System.IO.Path.GetFullPath(path);

    /// <summary>The machine's file (<see cref="StateDirectory.PathOfMachine"/>).</summary>
    public static TuningFile OfMachine => new(StateDirectory.PathOfMachine("tuning.json", PathVariable));

    /// <summary>Where it is.</summary>
    public string Location { get; }

    /// <summary>Reads what is known of a store. Values that are out of range do not count.</summary>
    /// <param name="storeDirectory">The store's directory.</param>
    public StoreTuning Read(string storeDirectory) => ReadAll().TryGetValue(KeyOf(storeDirectory), out StoreTuningRow? row) ? row.ToTuning() : StoreTuning.None;

    /// <summary>Replaces what is known of a store; <see cref="StoreTuning.None"/> forgets it.</summary>
    /// <param name="storeDirectory">The store's directory.</param>
    /// <param name="tuning">What is known now.</param>
    /// <exception cref="StoreIoException">The file cannot be written; the old one stands.</exception>
    public void Write(string storeDirectory, StoreTuning tuning)
    {
        SortedDictionary<string, StoreTuningRow> all = ReadAll();
        all.Remove(KeyOf(storeDirectory));
        if (tuning.Measured is not null || tuning.Pinned.Count > 0)
        {
            if (all.Count >= StoresMax)
            {
                throw new StoreIoException(StoreIoFailure.Device, Location, $"{Location} holds {StoresMax} stores already. Remove it to begin anew.");
            }

            all[KeyOf(storeDirectory)] = StoreTuningRow.Of(tuning);
        }

        try
        {
            new StateDirectory(System.IO.Path.GetDirectoryName(Location)!).Replace(System.IO.Path.GetFileName(Location), JsonSerializer.SerializeToUtf8Bytes(all, TuningJson.Default.SortedDictionaryStringStoreTuningRow));
        }
        catch (Exception error) when (error is UnauthorizedAccessException || (error is IOException && error is not StoreIoException))
        {
            throw new StoreIoException(StoreIoFailure.Permission, Location, $"Cannot write {Location}: {error.Message} Name another file with {PathVariable}.", error);
        }
    }

    /// <summary>Takes over what a benchmark chose; what is pinned stays.</summary>
    /// <param name="storeDirectory">The store's directory.</param>
    /// <param name="measured">What was chosen.</param>
    /// <param name="now">When.</param>
    /// <returns>What is known now.</returns>
    /// <exception cref="StoreIoException">The file cannot be written; the old one stands.</exception>
    public StoreTuning WriteMeasured(string storeDirectory, PipelineTuning measured, DateTimeOffset now)
    {
        StoreTuning known = Read(storeDirectory) with { Measured = measured, MeasuredUtc = now };
        Write(storeDirectory, known);
        return known;
    }

    private static string KeyOf(string storeDirectory) => System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(storeDirectory));

    private SortedDictionary<string, StoreTuningRow> ReadAll()
    {
        try
        {
            var info = new FileInfo(Location);
            if (info.Exists && info.Length <= BytesMax && JsonSerializer.Deserialize(File.ReadAllBytes(Location), TuningJson.Default.SortedDictionaryStringStoreTuningRow) is { } rows)
            {
                return new SortedDictionary<string, StoreTuningRow>(rows, StringComparer.Ordinal);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or JsonException)
        {
            // Defaults do.
        }

        return new SortedDictionary<string, StoreTuningRow>(StringComparer.Ordinal);
    }
}

/// <summary>A store's entry in the file.</summary>
internal sealed record StoreTuningRow
{
    /// <summary>Chosen by a benchmark, by key.</summary>
    public IReadOnlyDictionary<string, int>? Measured { get; init; }

    public DateTimeOffset? MeasuredUtc { get; init; }

    /// <summary>Set by the operator, by key.</summary>
    public IReadOnlyDictionary<string, int>? Pinned { get; init; }

    public static StoreTuningRow Of(StoreTuning tuning) => new()
    {
        Measured = tuning.Measured is { } measured ? PipelineTuning.Keys.ToDictionary(key => key.Name, key => key.Get(measured)) : null,
        MeasuredUtc = tuning.MeasuredUtc,
        Pinned = tuning.Pinned.Count > 0 ? tuning.Pinned : null,
    };

    public StoreTuning ToTuning()
    {
        Dictionary<string, int> measured = InRange(Measured), pinned = InRange(Pinned);
        PipelineTuning? tuning = measured.Count == 0 ? null
            : PipelineTuning.Keys.Where(key => measured.ContainsKey(key.Name)).Aggregate(PipelineTuning.Default, (whole, key) => key.With(whole, measured[key.Name]));
        return new StoreTuning(tuning, MeasuredUtc, pinned);
    }

    private static Dictionary<string, int> InRange(IReadOnlyDictionary<string, int>? values) => PipelineTuning.Keys
        .Where(key => values is not null && values.TryGetValue(key.Name, out int value) && value >= key.Min && value <= key.Max)
        .ToDictionary(key => key.Name, key => values![key.Name]);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(SortedDictionary<string, StoreTuningRow>))]
internal sealed partial class TuningJson : JsonSerializerContext;
