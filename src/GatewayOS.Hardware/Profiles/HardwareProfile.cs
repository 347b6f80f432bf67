using System.Text.Json;
using System.Text.Json.Serialization;

namespace GatewayOS.Hardware.Profiles;

/// <summary>
/// A hardware model as data; <c>hw-profiles/schema.json</c> describes the file. Sections that a file leaves out stand for hardware that is not there.
/// Immutable, and whole: <see cref="Parse"/> gives out none that has an error.
/// </summary>
/// <remarks>What has a default is a parameter of the constructor: read from JSON, a section that is left out then has its default, as one of an initializer would not.</remarks>
/// <param name="Power">Supplies and the power-fail line; null for none.</param>
/// <param name="Leds">LEDs, and what they show; null for none.</param>
/// <param name="Panel">Display and buttons; null for none.</param>
/// <param name="Thermal">Temperatures, and what is shed before a shutdown; null for none.</param>
/// <param name="Fans">Fans; null for none.</param>
/// <param name="Nics">Network ports; null for none.</param>
public sealed record HardwareProfile(
    PowerProfile? Power = null, LedProfile? Leds = null, PanelProfile? Panel = null, ThermalProfile? Thermal = null, IReadOnlyList<FanProfile>? Fans = null, IReadOnlyList<NicProfile>? Nics = null)
{
    /// <summary>Label of a GPIO chip, and name of a hardware monitor, that is in memory and none of the machine's.</summary>
    public const string Virtual = "virtual";

    private const string ResourcePrefix = "profile/";

    /// <summary>Name of the profile.</summary>
    public required string Model { get; init; }

    /// <summary>The model's name for people.</summary>
    public required string Title { get; init; }

    /// <summary>What update bundles for it are marked with.</summary>
    public required string Compatible { get; init; }

    /// <summary>DMI strings of the machine; null for one that is chosen by hand.</summary>
    public DmiMatch? Match { get; init; }

    /// <summary>What it is sold for.</summary>
    public required ProfileLimits Limits { get; init; }

    /// <summary>Where the store's disks are; null where the model does not say.</summary>
    public StorageProfile? Storage { get; init; }

    /// <summary>The hardware RAID controller; null without one.</summary>
    public ControllerProfile? Controller { get; init; }

    /// <summary>Supplies and the power-fail line.</summary>
    public PowerProfile Power { get; init; } = Power ?? new();

    /// <summary>LEDs, and what they show.</summary>
    public LedProfile Leds { get; init; } = Leds ?? new();

    /// <summary>Display and buttons.</summary>
    public PanelProfile Panel { get; init; } = Panel ?? new();

    /// <summary>Temperatures, and what is shed before a shutdown.</summary>
    public ThermalProfile Thermal { get; init; } = Thermal ?? new();

    /// <summary>Fans.</summary>
    public IReadOnlyList<FanProfile> Fans { get; init; } = Fans ?? [];

    /// <summary>Network ports.</summary>
    public IReadOnlyList<NicProfile> Nics { get; init; } = Nics ?? [];

    /// <summary>Serial console; null without one.</summary>
    public SerialProfile? Serial { get; init; }

    /// <summary>Hardware watchdog; null without one.</summary>
    public WatchdogProfile? Watchdog { get; init; }

    /// <summary>TPM; null without one.</summary>
    public TpmProfile? Tpm { get; init; }

    /// <summary>Rates of rebuilding an array; null where the kernel's hold.</summary>
    public RebuildProfile? Rebuild { get; init; }

    /// <summary>Names of the profiles this program carries.</summary>
    public static IReadOnlyList<string> Known { get; } =
        [.. typeof(HardwareProfile).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal)).Select(name => name[ResourcePrefix.Length..]).Order(StringComparer.Ordinal)];

    /// <summary>True when its lines are on a chip in memory.</summary>
    [JsonIgnore]
    public bool IsVirtual => AllLines().All(line => line.ChipLabel == Virtual);

    /// <summary>Every GPIO line it names.</summary>
    public IReadOnlyList<LineProfile> AllLines() => [.. PlacedLines().Select(placed => placed.Line)];

    /// <summary>The same, with where each stands in the document.</summary>
    internal IEnumerable<(string Path, LineProfile Line)> PlacedLines() =>
    [
        .. Leds.Lines.Select((led, i) => ($"leds.lines[{i}]", (LineProfile)led)),
        .. Panel.Buttons.Select((button, i) => ($"panel.buttons[{i}]", (LineProfile)button)),
        .. Power.Signals.Select((signal, i) => ($"power.signals[{i}]", signal.ToLine())),
        .. Power.Psus.Select((psu, i) => ($"power.psus[{i}].good", psu.Good)).Where(psu => psu.Good is not null).Select(psu => (psu.Item1, psu.Good!)),
    ];

    /// <summary>The profile as a document.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ProfileJson.Default.HardwareProfile);

    /// <summary>Reads a profile this program carries, or a file.</summary>
    /// <param name="nameOrPath">A name of <see cref="Known"/>, or a path that ends in <c>.json</c>.</param>
    /// <exception cref="InvalidDataException">There is none, or it is wrong; the message names every error.</exception>
    public static HardwareProfile Load(string nameOrPath)
    {
        if (nameOrPath.EndsWith(".json", StringComparison.Ordinal))
        {
            return File.Exists(nameOrPath) ? Require(File.ReadAllBytes(nameOrPath), nameOrPath) : throw new InvalidDataException($"There is no profile file {nameOrPath}.");
        }

        using Stream? stream = typeof(HardwareProfile).Assembly.GetManifestResourceStream(ResourcePrefix + nameOrPath);
        if (stream is null)
        {
            throw new InvalidDataException($"There is no profile '{nameOrPath}'. Known are: {string.Join(", ", Known)}; or give the path of a .json file.");
        }

        var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return Require(bytes.ToArray(), nameOrPath);
    }

    /// <summary>Reads and checks a profile: first against the schema, then for what a schema cannot say.</summary>
    /// <param name="json">The file.</param>
    /// <param name="errors">Everything that is wrong; empty when there is a profile.</param>
    /// <returns>Null when something is wrong.</returns>
    public static HardwareProfile? Parse(ReadOnlyMemory<byte> json, out IReadOnlyList<ProfileError> errors)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json);
        }
        catch (JsonException error)
        {
            errors = [new ProfileError("", $"It is no JSON: {error.Message}", "Correct the text.")];
            return null;
        }

        using (document)
        {
            errors = ProfileSchema.Check(document.RootElement);
            if (errors.Count > 0)
            {
                return null;
            }

            HardwareProfile profile = document.RootElement.Deserialize(ProfileJson.Default.HardwareProfile)!;
            errors = ProfileCheck.Run(profile);
            return errors.Count == 0 ? profile : null;
        }
    }

    private static HardwareProfile Require(byte[] json, string name) =>
        Parse(json, out IReadOnlyList<ProfileError> errors) ?? throw new InvalidDataException($"The profile {name} is wrong: {string.Join(' ', errors)}");
}

/// <summary>DMI strings a machine has to have.</summary>
/// <param name="Vendor"><c>sys_vendor</c>.</param>
/// <param name="Product"><c>product_name</c>.</param>
/// <param name="Sku"><c>product_sku</c>; null when any will do.</param>
public sealed record DmiMatch(string Vendor, string Product, string? Sku = null);

/// <summary>What a model is sold for.</summary>
/// <param name="Nodes">Most nodes enrolled at once.</param>
/// <param name="CapacityTB">Usable store capacity, 10^12 bytes.</param>
/// <param name="IngestTBh">Ingest, 10^12 bytes an hour; null when nothing is promised.</param>
public sealed record ProfileLimits(int Nodes, double CapacityTB, double? IngestTBh = null);

/// <summary>Something wrong with a profile.</summary>
/// <param name="Path">JSON path: <c>power.budgetMs</c>; empty for the document.</param>
/// <param name="Problem">What is wrong, a sentence.</param>
/// <param name="Remedy">What to write instead, a sentence.</param>
public sealed record ProfileError(string Path, string Problem, string Remedy)
{
    /// <inheritdoc/>
    public override string ToString() => $"{(Path.Length > 0 ? Path : "the document")}: {Problem} {Remedy}";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(HardwareProfile))]
internal sealed partial class ProfileJson : JsonSerializerContext;
