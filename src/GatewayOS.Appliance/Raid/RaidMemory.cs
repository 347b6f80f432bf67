using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Raid;

/// <summary>A disk that was in an array's slot.</summary>
/// <param name="Slot">The slot.</param>
/// <param name="Serial">Its serial number.</param>
/// <param name="Model">Its model.</param>
/// <param name="Bay">Its bay; null when unknown.</param>
public sealed record RememberedMember(int Slot, string Serial, string Model, int? Bay);

/// <summary>What is remembered of an array: what a slot held before it was empty, and its checks.</summary>
public sealed record RememberedArray
{
    /// <summary>Its ID.</summary>
    public required string Id { get; init; }

    /// <summary>Which disks were last in sync in which slot.</summary>
    public IReadOnlyList<RememberedMember> Members { get; init; } = [];

    /// <summary>Up to when the schedule of checks is dealt with.</summary>
    public DateTimeOffset Considered { get; init; }

    /// <summary>When the last check began; null when none has.</summary>
    public DateTimeOffset? CheckBegun { get; init; }

    /// <summary>When it ended; null while it runs.</summary>
    public DateTimeOffset? CheckEnded { get; init; }

    /// <summary>Sectors that did not fit together in it.</summary>
    public long CheckMismatchSectors { get; init; }

    /// <summary>When the running rebuild or check is done at the latest, as it was promised; null while none runs.</summary>
    public DateTimeOffset? Promised { get; init; }
}

/// <summary>What is remembered of a disk.</summary>
/// <param name="Serial">Its serial number.</param>
/// <param name="Samples">What it said of its bad sectors, oldest first, one a day.</param>
public sealed record RememberedDisk(string Serial, IReadOnlyList<BadSectorSample> Samples);

/// <summary>The document.</summary>
internal sealed record RaidRecords
{
    public IReadOnlyList<RememberedArray> Arrays { get; init; } = [];

    public IReadOnlyList<RememberedDisk> Disks { get; init; } = [];

    public DiskReplacement? Replacement { get; init; }
}

/// <summary>Keeps what has to survive a restart, in one small file that is replaced whole. Not thread-safe: the watch's lock guards it.</summary>
internal sealed class RaidMemory
{
    private const string FileName = "raid.json";
    private const int ArraysMax = 16;
    private const int DisksMax = 256;
    private const int SamplesMax = 60;

    private static readonly TimeSpan s_sampleEvery = TimeSpan.FromDays(1);

    private readonly StateDirectory _state;
    private readonly Dictionary<string, RememberedArray> _arrays;
    private readonly Dictionary<string, RememberedDisk> _disks;
    private DiskReplacement? _replacement;
    private byte[] _kept;

    /// <summary>Opens the memory.</summary>
    /// <exception cref="InvalidDataException">Its file is damaged.</exception>
    public RaidMemory(StateDirectory state)
    {
        _state = state;
        _kept = state.Read(FileName) ?? [];
        RaidRecords records = Read(state.PathOf(FileName), _kept);
        _arrays = records.Arrays.ToDictionary(array => array.Id, StringComparer.Ordinal);
        _disks = records.Disks.ToDictionary(disk => disk.Serial, StringComparer.Ordinal);
        _replacement = records.Replacement;
    }

    /// <summary>The newest replacement; null when there was none.</summary>
    public DiskReplacement? Replacement => _replacement;

    /// <summary>What is remembered of an array; what follows from nothing when it is new.</summary>
    public RememberedArray Of(string arrayId, DateTimeOffset now) => _arrays.GetValueOrDefault(arrayId) ?? new RememberedArray { Id = arrayId, Considered = now };

    /// <summary>What a disk said earlier of its bad sectors, oldest first.</summary>
    public IReadOnlyList<BadSectorSample> SamplesOf(string serial) => _disks.GetValueOrDefault(serial)?.Samples ?? [];

    /// <summary>Keeps a replacement. Durable when it returns.</summary>
    public void Put(DiskReplacement replacement)
    {
        _replacement = replacement;
        Keep();
    }

    /// <summary>Keeps what is known of an array. Durable when it returns.</summary>
    public void Put(RememberedArray array)
    {
        if (_arrays.ContainsKey(array.Id) || _arrays.Count < ArraysMax)
        {
            _arrays[array.Id] = array;
            Keep();
        }
    }

    /// <summary>Notes what disks say of themselves, and which disk is in which slot.</summary>
    public void Note(RaidReading reading)
    {
        foreach (DiskReading disk in reading.Disks.Where(disk => disk is { Serial.Length: > 0, Smart.BadSectors: not null }))
        {
            IReadOnlyList<BadSectorSample> samples = SamplesOf(disk.Serial);
            if ((samples.Count == 0 || disk.Smart!.Updated - samples[^1].Time >= s_sampleEvery) && (samples.Count > 0 || _disks.Count < DisksMax))
            {
                _disks[disk.Serial] = new RememberedDisk(disk.Serial, [.. samples.TakeLast(SamplesMax - 1), new BadSectorSample(disk.Smart!.Updated, disk.Smart.BadSectors!.Value)]);
            }
        }

        foreach (ArrayReading array in reading.Arrays.Where(array => array.Kernel is not null))
        {
            RememberedArray known = Of(array.Id, reading.Time);
            RememberedMember[] present = [.. array.Members.Where(member => member is { State: MemberState.InSync, Serial.Length: > 0 }).Select(member => Member(member, reading))];
            RememberedMember[] members = [.. present.Concat(known.Members.Where(old => present.All(now => now.Slot != old.Slot && now.Serial != old.Serial))).OrderBy(member => member.Slot)];
            if (_arrays.ContainsKey(array.Id) || _arrays.Count < ArraysMax)
            {
                _arrays[array.Id] = known with { Members = members };
            }
        }

        Keep();
    }

    private static RememberedMember Member(MemberReading member, RaidReading reading)
    {
        DiskReading? disk = reading.DiskOf(member.Serial);
        return new RememberedMember(member.Slot, member.Serial, disk?.Model ?? "", disk?.Bay);
    }

    private void Keep()
    {
        var records = new RaidRecords
        {
            Arrays = [.. _arrays.Values.OrderBy(array => array.Id, StringComparer.Ordinal)],
            Disks = [.. _disks.Values.OrderBy(disk => disk.Serial, StringComparer.Ordinal)],
            Replacement = _replacement,
        };
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(records, RaidJson.Default.RaidRecords);
        if (!content.AsSpan().SequenceEqual(_kept))
        {
            _state.Replace(FileName, content);
            _kept = content;
        }
    }

    private static RaidRecords Read(string path, byte[] content)
    {
        try
        {
            return content.Length == 0 ? new RaidRecords() : JsonSerializer.Deserialize(content, RaidJson.Default.RaidRecords) ?? throw new JsonException("it is empty");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{path} is damaged: {error.Message}. It says how a disk replacement stands. Delete it, and order the replacement anew.", error);
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, WriteIndented = true)]
[JsonSerializable(typeof(RaidRecords))]
internal sealed partial class RaidJson : JsonSerializerContext;
