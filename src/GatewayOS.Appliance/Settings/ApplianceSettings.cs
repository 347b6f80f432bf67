using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Appliance.Schedule;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Settings;

/// <summary>What people set of an appliance as a whole: the file <c>appliance.json</c> of the state directory. Thread-safe.</summary>
public sealed class ApplianceSettings
{
    /// <summary>Longest name, in UTF-16 units: it becomes the common name of a certificate (RFC 5280, ub-common-name).</summary>
    public const int NameLengthMax = 64;

    private const string FileName = "appliance.json";

    private readonly StateDirectory _state;
    private readonly string _nameDefault;
    private readonly Lock _gate = new();
    private volatile SettingsDocument _document;

    /// <summary>Opens them.</summary>
    /// <param name="state">Where they are kept.</param>
    /// <param name="nameDefault">The name until one is set.</param>
    /// <exception cref="InvalidDataException">Their file is damaged.</exception>
    public ApplianceSettings(StateDirectory state, string nameDefault)
    {
        (_state, _nameDefault) = (state, nameDefault);
        _document = Read();
    }

    /// <summary>Told after every change.</summary>
    public event Action? Changed;

    /// <summary>The appliance's name for people.</summary>
    public string Name => _document.Name ?? _nameDefault;

    /// <summary>The zone whose clocks count where nothing else is said; the machine's until one is set, and when the one that was set is not known any more.</summary>
    public TimeZoneInfo Zone => _document.Zone is { } name && ZoneClock.Find(name, out _) is { } zone ? zone : TimeZoneInfo.Local;

    /// <summary>Says what keeps values from being set; empty when nothing does.</summary>
    /// <param name="name">A name; null for none.</param>
    /// <param name="zone">An IANA name; null for none.</param>
    public static IReadOnlyList<string> Problems(string? name, string? zone)
    {
        var problems = new List<string>();
        if (name is not null && (name.Length is 0 or > NameLengthMax || name.Trim() != name || name.Any(letter => !char.IsLetterOrDigit(letter) && letter is not (' ' or '-' or '.' or '_'))))
        {
            problems.Add($"'{name}' is no name for an appliance: 1 to {NameLengthMax} letters, digits, spaces, dots, hyphens and underscores, none of them a space at either end.");
        }

        if (zone is not null && ZoneClock.Find(zone, out string error) is null)
        {
            problems.Add(error);
        }

        return problems;
    }

    /// <summary>Sets what is given. Durable when it returns.</summary>
    /// <param name="name">The name; null to leave it.</param>
    /// <param name="zone">The zone's IANA name; null to leave it.</param>
    /// <returns>What kept it from being done; empty when it is done.</returns>
    /// <exception cref="StoreIoException">They cannot be kept; the old ones stand.</exception>
    public IReadOnlyList<string> Set(string? name, string? zone)
    {
        if (Problems(name, zone) is { Count: > 0 } problems)
        {
            return problems;
        }

        if (name is null && zone is null)
        {
            return [];
        }

        lock (_gate)
        {
            SettingsDocument changed = _document with { Name = name ?? _document.Name, Zone = zone ?? _document.Zone };
            _state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(changed, SettingsJson.Default.SettingsDocument));
            _document = changed;
        }

        Changed?.Invoke();
        return [];
    }

    private SettingsDocument Read()
    {
        try
        {
            return _state.Read(FileName) is { } bytes ? JsonSerializer.Deserialize(bytes, SettingsJson.Default.SettingsDocument) ?? throw new JsonException("it is empty") : new SettingsDocument();
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{_state.PathOf(FileName)} is damaged: {error.Message} It holds the appliance's name and time zone. Delete it, and set them anew.", error);
        }
    }
}

/// <summary>The file.</summary>
/// <param name="Name">The name; null until one is set.</param>
/// <param name="Zone">The zone's IANA name; null until one is set.</param>
internal sealed record SettingsDocument(string? Name = null, string? Zone = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, WriteIndented = true)]
[JsonSerializable(typeof(SettingsDocument))]
internal sealed partial class SettingsJson : JsonSerializerContext;
