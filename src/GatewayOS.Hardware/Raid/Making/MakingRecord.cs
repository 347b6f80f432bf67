using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Storage;

namespace GatewayOS.Hardware.Raid.Making;

/// <summary>How far the making of an array has come.</summary>
internal enum MakingStep
{
    /// <summary>The array is about to be made: nothing was on these disks, or it was given up.</summary>
    [JsonStringEnumMemberName("array")]
    Array,

    /// <summary>The file system is about to be made: whatever of one is there was cut off.</summary>
    [JsonStringEnumMemberName("filesystem")]
    FileSystem,

    /// <summary>From here on there may be backups on it: it is never made anew.</summary>
    [JsonStringEnumMemberName("done")]
    Done,
}

/// <summary>
/// The record of a making, in the state directory, written before each step: after a power cut it tells what was begun by the appliance itself, and may be begun anew, from what somebody
/// else has put there.
/// </summary>
/// <param name="Step">How far it has come.</param>
/// <param name="Serials">Serial numbers of the disks.</param>
internal sealed record MakingRecord([property: JsonConverter(typeof(JsonStringEnumConverter<MakingStep>))] MakingStep Step, IReadOnlyList<string> Serials)
{
    private const string FileName = "array.json";

    /// <summary>Reads it; null when nothing was begun.</summary>
    /// <exception cref="InvalidDataException">It cannot be read: then nothing is made.</exception>
    public static MakingRecord? Load(StateDirectory state)
    {
        if (state.Read(FileName) is not { } content)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(content, MakingJson.Default.MakingRecord);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} is damaged ({error.Message}): it is not known whether there are backups on the array, so none is made. Remove the file if there are none.", error);
        }
    }

    /// <summary>Writes it durably.</summary>
    /// <exception cref="StoreIoException">It cannot be written.</exception>
    public void Save(StateDirectory state) => state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(this, MakingJson.Default.MakingRecord));
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MakingRecord))]
internal sealed partial class MakingJson : JsonSerializerContext;
