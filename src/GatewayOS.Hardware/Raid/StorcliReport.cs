using System.Globalization;
using System.Text.Json;
using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Raid;

/// <summary>
/// Reads the JSON of <c>storcli /cALL show all J</c> (Broadcom, StorCLI Reference Manual, "JSON Output" and the tables "VD LIST", "PD LIST",
/// "Cachevault_Info" and "BBU_Info"). Pure.
/// </summary>
internal static class StorcliReport
{
    private static readonly string[] s_cacheTables = ["Cachevault_Info", "BBU_Info"];

    /// <summary>Reads it.</summary>
    /// <param name="json">What the tool wrote.</param>
    /// <param name="cacheProtection">What the profile says protects the cache: <c>none</c>, <c>battery</c> or <c>supercap</c>.</param>
    /// <param name="bays">The bays, by enclosure and slot.</param>
    /// <param name="now">Now.</param>
    public static RaidReading Read(string json, string cacheProtection, IReadOnlyList<BayProfile> bays, DateTimeOffset now)
    {
        var reading = new RaidReading { Time = now, Source = "storcli" };
        try
        {
            using var document = JsonDocument.Parse(json);
            JsonElement[] controllers = [.. Items(document.RootElement, "Controllers")];
            if (controllers.Length == 0)
            {
                return reading with { Problem = "storcli shows no controller" };
            }

            foreach (JsonElement controller in controllers)
            {
                if (Text(Part(controller, "Command Status"), "Status") != "Success")
                {
                    string what = Text(Part(controller, "Command Status"), "Description");
                    return reading with { Problem = $"storcli says '{(what.Length > 0 ? what : "Failure")}'" };
                }

                JsonElement data = Part(controller, "Response Data");
                reading = reading with
                {
                    Arrays = [.. reading.Arrays, .. Items(data, "VD LIST").Select(volume => Volume(volume, [.. Items(data, "PD LIST")]))],
                    Disks = [.. reading.Disks, .. Items(data, "PD LIST").Select(disk => Disk(disk, bays))],
                    Cache = Worse(reading.Cache, Cache(data, cacheProtection)),
                };
            }

            return reading;
        }
        catch (JsonException error)
        {
            return reading with { Problem = $"storcli's output cannot be read ({error.Message})" };
        }
    }

    private static ArrayReading Volume(JsonElement volume, JsonElement[] disks)
    {
        string address = Text(volume, "DG/VD");
        string group = address.Split('/')[0];
        MemberReading[] members = [.. disks.Where(disk => Text(disk, "DG") == group).Select((disk, slot) => new MemberReading(Text(disk, "EID:Slt"), "", slot, StateOf(Text(disk, "State"))))];
        bool isFilling = members.Any(member => member.State == MemberState.Rebuilding);
        return new ArrayReading
        {
            Id = $"vd {address}",
            Name = Text(volume, "Name") is { Length: > 0 } name ? name : $"vd {address}",
            Level = Text(volume, "TYPE").ToLowerInvariant(),
            SizeBytes = Size(Text(volume, "Size")),
            Slots = members.Length,
            Members = members,
            Controller = new ControllerView(Text(volume, "State"), isFilling ? "A disk is being filled." : ""),
        };
    }

    // "Onln" online, "Rbld" rebuild, "GHS" and "DHS" hot spares, "Offln" offline, "UBad" unconfigured bad, "Failed".
    private static MemberState StateOf(string state) => state switch
    {
        "Onln" => MemberState.InSync,
        "Rbld" or "Cpybck" => MemberState.Rebuilding,
        "GHS" or "DHS" => MemberState.Spare,
        "Offln" or "UBad" or "Failed" or "Msng" => MemberState.Faulty,
        _ => MemberState.Unknown,
    };

    private static DiskReading Disk(JsonElement disk, IReadOnlyList<BayProfile> bays)
    {
        string address = Text(disk, "EID:Slt");
        return new DiskReading
        {
            Device = address,
            Model = Text(disk, "Model"),
            SizeBytes = Size(Text(disk, "Size")),
            Bay = bays.FirstOrDefault(bay => bay.ByPath == address)?.No,
        };
    }

    // A profile that promises protection, and a controller that shows none, is a part that fell off.
    private static CacheReading? Cache(JsonElement data, string promised)
    {
        foreach (string table in s_cacheTables)
        {
            foreach (JsonElement part in Items(data, table))
            {
                string state = Text(part, "State");
                bool? isProtected = state switch { "Optimal" => true, "" or "Unknown" => null, _ => false };
                return new CacheReading($"{(table == "BBU_Info" ? "battery" : "CacheVault")} {Text(part, "Model")}".Trim(), state, isProtected);
            }
        }

        return promised == "none" ? null : new CacheReading(promised == "battery" ? "battery" : "CacheVault", "absent", IsProtected: false);
    }

    private static CacheReading? Worse(CacheReading? left, CacheReading? right) => left switch
    {
        null => right,
        { IsProtected: false } => left,
        _ => right is { IsProtected: not true } ? right : left,
    };

    // As "3.637 TB": the tool counts in powers of 1024.
    private static long Size(string text)
    {
        string[] parts = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int power = parts.Length == 2 ? Array.IndexOf(["B", "KB", "MB", "GB", "TB", "PB"], parts[1]) : -1;
        return power >= 0 && double.TryParse(parts[0], NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? (long)(value * Math.Pow(1024, power)) : 0;
    }

    private static JsonElement Part(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement part) ? part : default;

    private static IEnumerable<JsonElement> Items(JsonElement element, string name) => Part(element, name) is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : [];

    private static string Text(JsonElement element, string name) => Part(element, name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString()!.Trim(),
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => "",
    };
}
