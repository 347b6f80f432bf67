using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace GatewayOS.Hardware.Profiles;

/// <summary>A hardware model as data; <c>hw-profiles/schema.json</c> describes the file.</summary>
public sealed partial record HardwareProfile
{
    private const int NodesMax = 10_000;

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

    /// <summary>Names of the profiles this program carries.</summary>
    public static IReadOnlyList<string> Known { get; } =
        [.. typeof(HardwareProfile).Assembly.GetManifestResourceNames().Where(name => name.StartsWith("profile/", StringComparison.Ordinal)).Select(name => name["profile/".Length..]).Order(StringComparer.Ordinal)];

    /// <summary>Reads a profile this program carries, or a file.</summary>
    /// <param name="nameOrPath">A name of <see cref="Known"/>, or a path that ends in <c>.json</c>.</param>
    /// <exception cref="InvalidDataException">There is none, or it is wrong; the message names every error.</exception>
    public static HardwareProfile Load(string nameOrPath)
    {
        if (nameOrPath.EndsWith(".json", StringComparison.Ordinal))
        {
            return File.Exists(nameOrPath) ? Parse(File.ReadAllBytes(nameOrPath), nameOrPath) : throw new InvalidDataException($"There is no profile file {nameOrPath}.");
        }

        using Stream? stream = typeof(HardwareProfile).Assembly.GetManifestResourceStream($"profile/{nameOrPath}");
        if (stream is null)
        {
            throw new InvalidDataException($"There is no profile '{nameOrPath}'. Known are: {string.Join(", ", Known)}; or give the path of a .json file.");
        }

        var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return Parse(bytes.ToArray(), nameOrPath);
    }

    /// <summary>Reads and checks a profile.</summary>
    /// <param name="json">The file.</param>
    /// <param name="name">What to call it in errors.</param>
    /// <exception cref="InvalidDataException">It is wrong; the message names every error.</exception>
    public static HardwareProfile Parse(ReadOnlySpan<byte> json, string name)
    {
        HardwareProfile profile;
        try
        {
            profile = JsonSerializer.Deserialize(json, ProfileJson.Default.HardwareProfile) ?? throw new InvalidDataException($"The profile {name} is empty.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"The profile {name} is no profile: {error.Message}", error);
        }

        IReadOnlyList<string> errors = profile.Errors();
        return errors.Count == 0 ? profile : throw new InvalidDataException($"The profile {name} is wrong: {string.Join(' ', errors)}");
    }

    private List<string> Errors()
    {
        var errors = new List<string>();
        Check(ModelPattern().IsMatch(Model), "model: 1 to 32 of a-z, 0-9 and '-' make one.");
        Check(Title.Length > 0, "title: is missing.");
        Check(Compatible.Length > 0, "compatible: is missing.");
        Check(Limits.Nodes is >= 1 and <= NodesMax, $"limits.nodes: {Limits.Nodes} is outside 1 to {NodesMax}.");
        Check(Limits.CapacityTB > 0, "limits.capacityTB: has to be above 0.");
        Check(Limits.IngestTBh is null or > 0, "limits.ingestTBh: has to be above 0.");
        return errors;

        void Check(bool isRight, string error)
        {
            if (!isRight)
            {
                errors.Add(error);
            }
        }
    }

    [GeneratedRegex("^[a-z0-9-]{1,32}$", RegexOptions.CultureInvariant)]
    private static partial Regex ModelPattern();
}

/// <summary>DMI strings a machine has to have.</summary>
public sealed record DmiMatch(string Vendor, string Product, string? Sku = null);

/// <summary>What a model is sold for.</summary>
/// <param name="Nodes">Most nodes enrolled at once.</param>
/// <param name="CapacityTB">Usable store capacity, 10^12 bytes.</param>
/// <param name="IngestTBh">Ingest, 10^12 bytes an hour; null when nothing is promised.</param>
public sealed record ProfileLimits(int Nodes, double CapacityTB, double? IngestTBh = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(HardwareProfile))]
internal sealed partial class ProfileJson : JsonSerializerContext;
