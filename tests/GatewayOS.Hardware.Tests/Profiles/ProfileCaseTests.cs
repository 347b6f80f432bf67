using System.Text.Json;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Hardware.FrontPanel;
using GatewayOS.Hardware.Power;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Tests.Profiles;

/// <summary>What each profile means, as cases beside it say: inputs go through the code that runs on the appliance.</summary>
public sealed class ProfileCaseTests
{
    private const double QuietC = 30;
    private const double QuietRpm = 5000;

    private static readonly string s_cases = Repository.PathOf("hw-profiles/cases");

    public static TheoryData<string> Cases => [.. Directory.GetFiles(s_cases, "*.json", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(s_cases, path)).Order(StringComparer.Ordinal)];

    [Fact]
    public void Every_profile_has_cases() => Assert.All(HardwareProfile.Known, model => Assert.NotEmpty(Directory.GetFiles(Path.Join(s_cases, model), "*.json")));

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_profile_means_what_its_cases_say(string file)
    {
        HardwareProfile profile = HardwareProfile.Load(Path.GetDirectoryName(file)!);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Path.Join(s_cases, file)));
        var board = new LedBoard(profile.Leds, profile.Storage!.Bays);
        var verdicts = new BodyVerdicts(profile);
        int number = 0;
        foreach (JsonElement step in document.RootElement.GetProperty("steps").EnumerateArray())
        {
            string where = $"{file}, step {++number}";
            JsonElement inputs = step.GetProperty("inputs");
            Show(board, profile, inputs);
            BodyState body = verdicts.Step(Readings(profile, inputs), DateTimeOffset.UnixEpoch);
            foreach (JsonProperty expected in step.GetProperty("expected").EnumerateObject())
            {
                Compare(where, expected, board, body);
            }
        }
    }

    private static void Compare(string where, JsonProperty expected, LedBoard board, BodyState body)
    {
        switch (expected.Name)
        {
            case "leds":
                Dictionary<string, string> shown = board.Leds.Select((led, i) => (led.Name, Pattern: board.PatternOf(i))).ToDictionary(led => led.Name, led => led.Pattern);
                Assert.All(expected.Value.EnumerateObject(), led => Assert.Equal($"{where} {led.Name}: {led.Value.GetString()}", $"{where} {led.Name}: {shown[led.Name]}"));
                break;
            case "alerts":
                Assert.Equal(
                    [where, .. expected.Value.EnumerateArray().Select(alert => alert.GetString()!)],
                    [where, .. body.Alerts.Select(alert => $"{alert.Kind} {alert.Subject} {alert.Severity.ToString().ToLowerInvariant()}").Order(StringComparer.Ordinal)]);
                Assert.All(body.Alerts, alert => Assert.Contains(alert.Kind, BodyVerdicts.Kinds));
                break;
            case "sensors":
                Assert.All(expected.Value.EnumerateObject(), sensor => Assert.Equal($"{where}: {sensor.Value.GetString()}", $"{where}: {body.Sensors.Single(one => one.Name == sensor.Name).Verdict.ToString().ToLowerInvariant()}"));
                break;
            case "paused":
                Assert.Equal([where, .. expected.Value.EnumerateArray().Select(word => word.GetString()!)], [where, .. body.Paused]);
                break;
            case "shutDown":
                Assert.Equal($"{where}: {expected.Value.GetBoolean()}", $"{where}: {body.MustShutDown}");
                break;
            default:
                Assert.Fail($"{where}: nothing is known of '{expected.Name}'.");
                break;
        }
    }

    private static void Show(LedBoard board, HardwareProfile profile, JsonElement inputs)
    {
        HashSet<string> signals = inputs.TryGetProperty("signals", out JsonElement named) ? [.. named.EnumerateArray().Select(signal => signal.GetString()!)] : [];
        foreach (LedGroupProfile group in profile.Leds.Groups.Where(group => !group.Signal.StartsWith("bay-", StringComparison.Ordinal)))
        {
            board.Show(group.Signal, bay: 0, signals.Remove(group.Signal));
        }

        Assert.Empty(signals);
        foreach (BayProfile bay in profile.Storage!.Bays)
        {
            HashSet<string> states = inputs.TryGetProperty("bays", out JsonElement bays) && bays.TryGetProperty($"{bay.No}", out JsonElement one) ? [.. one.EnumerateArray().Select(state => state.GetString()!)] : [];
            foreach (LedGroupProfile group in profile.Leds.Groups.Where(group => group.Signal.StartsWith("bay-", StringComparison.Ordinal)))
            {
                board.Show(group.Signal, bay.No, states.Contains(group.Signal));
            }
        }
    }

    private static BodyReadings Readings(HardwareProfile profile, JsonElement inputs)
    {
        return new BodyReadings(
            [.. profile.Power.Psus.Select(psu => Find("psus", psu.Name) is not { } given ? true : given.ValueKind == JsonValueKind.Null ? (bool?)null : given.GetBoolean())],
            [.. profile.Thermal.Sensors.Select(sensor => Number("temperatures", sensor.Name, QuietC))],
            [.. profile.Fans.Select(fan => Number("fans", fan.Name, QuietRpm))]);

        double? Number(string section, string name, double quiet) => Find(section, name) is not { } given ? quiet : given.ValueKind == JsonValueKind.Null ? null : given.GetDouble();

        JsonElement? Find(string section, string name) => inputs.TryGetProperty(section, out JsonElement found) && found.TryGetProperty(name, out JsonElement value) ? value : null;
    }
}
