using System.Text;
using System.Text.Json.Nodes;
using GatewayOS.Hardware.Profiles;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Profiles;

/// <summary>Profiles are data: what they say is checked whole, against the schema and against itself.</summary>
public sealed class ProfileTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("profiles");

    public void Dispose() => _scratch.Dispose();

    public static TheoryData<string> Known => [.. HardwareProfile.Known];

    [Theory]
    [MemberData(nameof(Known))]
    public void What_the_program_carries_is_right_and_named_after_its_model(string name)
    {
        HardwareProfile profile = HardwareProfile.Load(name);
        Assert.Equal(name, profile.Model);
        Assert.NotEmpty(profile.Leds.Lines);
        Assert.Equal(profile.Storage!.Bays.Count, profile.Storage.Bays.Select(bay => bay.Identify).Distinct().Count());
    }

    [Fact]
    public void Every_error_comes_at_once_with_its_path_and_a_remedy()
    {
        IReadOnlyList<ProfileError> errors = Errors("""
            { "model": "GW 1", "title": "", "compatible": 3, "limits": { "nodes": 0, "capacityTB": -1, "colour": "red" }, "storage": { "mode": "zfs", "bays": [{ "no": 1, "label": "1" }] }, "lamps": [] }
            """);
        Assert.Equal(
            ["compatible", "lamps", "limits.capacityTB", "limits.colour", "limits.nodes", "model", "storage.bays[0]", "storage.mode", "title"],
            errors.Select(error => error.Path).Distinct().Order(StringComparer.Ordinal));
        Assert.All(errors, error => Assert.False(string.IsNullOrWhiteSpace(error.Remedy)));
        Assert.Contains(errors, error => error.Path == "limits.nodes" && error.Remedy.Contains("most nodes enrolled at once", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Known))]
    public void A_member_that_is_left_out_has_its_default_or_is_missed(string name)
    {
        string text = File.ReadAllText(Repository.PathOf($"hw-profiles/{name}.json"));
        int count = Members(JsonNode.Parse(text)!).Count();
        for (int i = 0; i < count; i++)
        {
            JsonNode profile = JsonNode.Parse(text)!;
            (JsonObject parent, string member) = Members(profile).ElementAt(i);
            parent.Remove(member);
            HardwareProfile? read = HardwareProfile.Parse(Encoding.UTF8.GetBytes(profile.ToJsonString()), out IReadOnlyList<ProfileError> errors);
            Assert.True(read is null == errors.Count > 0, member);
            if (read is not null)
            {
                // Nothing that is never null is: a default reached every member.
                Assert.NotNull(JsonNode.Parse(read.ToJson()));
                Assert.DoesNotContain(null, (object?[])[read.Power.Psus, read.Power.Redundancy, read.Power.Signals, read.Leds.Lines, read.Leds.Patterns, read.Leds.Groups, read.Panel.Buttons, read.Panel.HoldMs, read.Thermal.Sensors, read.Thermal.Shed, read.Fans, read.Nics]);
            }
        }
    }

    // Each row breaks one thing in a profile that is right.
    [Theory]
    [InlineData("storage.bays[1].no", "storage.bays[1].no", "1")]
    [InlineData("storage.bays[1].byPath", "storage.bays[1].byPath", "\"virtual-1\"")]
    [InlineData("storage.bays[0].identify", "storage.bays[0].identify", "\"bay9\"")]
    [InlineData("storage.mode", "controller", "\"hwraid\"")]
    [InlineData("storage.spares", "storage.spares", "2")]
    [InlineData("power.psus", "power.redundancy", "[]")]
    [InlineData("power.budgetMs", "power.budgetMs", "16")]
    [InlineData("leds.lines[1].line", "leds.lines[1]", "\"led-status\"")]
    [InlineData("leds.groups[0].members[0].led", "leds.groups[0].members[0].led", "\"bay17\"")]
    [InlineData("leds.groups[0].members[0].pattern", "leds.groups[0].members[0].pattern", "\"disco\"")]
    [InlineData("leds.groups[3].priority", "leds.groups[3].priority", "80")]
    [InlineData("leds.patterns.slow", "leds.patterns.slow", "{ \"periodMs\": 100 }")]
    [InlineData("leds.patterns.slow", "leds.patterns.slow.stepsMs", "{ \"stepsMs\": [10, 20, 30] }")]
    [InlineData("panel.buttons[0].name", "panel.buttons", "\"back\"")]
    [InlineData("thermal.sensors[0].warnC", "thermal.sensors[0].warnC", "99")]
    [InlineData("thermal.sensors[0].hysteresisC", "thermal.sensors[0].hysteresisC", "16")]
    [InlineData("thermal.shed[1].pause", "thermal.shed[1]", "\"gc\"")]
    [InlineData("rebuild.minMBs", "rebuild.minMBs", "5000")]
    public void What_does_not_fit_together_is_an_error_at_its_place(string broken, string reported, string value)
    {
        JsonNode profile = JsonNode.Parse(File.ReadAllText(Repository.PathOf("hw-profiles/dev.json")))!;
        Set(profile, broken, JsonNode.Parse(value)!);
        IReadOnlyList<ProfileError> errors = Errors(profile.ToJsonString());
        Assert.Contains(errors, error => error.Path == reported);
    }

    [Fact]
    public void No_JSON_and_no_file_are_said_in_words()
    {
        Assert.Contains("no JSON", Assert.Single(Errors("{ model")).Problem, StringComparison.Ordinal);
        Assert.Contains("gw-1000, gw-2000", Assert.Throws<InvalidDataException>(() => HardwareProfile.Load("gw-3000")).Message, StringComparison.Ordinal);
        Assert.Contains("/nowhere/x.json", Assert.Throws<InvalidDataException>(() => HardwareProfile.Load("/nowhere/x.json")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GatewayOS", "GW-1000", false, "gw-1000")]
    [InlineData("GatewayOS", "GW-2000", true, "gw-2000")]
    [InlineData("QEMU", "Standard PC", true, "dev")]
    [InlineData("", "", true, "dev")]
    public void The_firmware_says_which_model_it_is(string vendor, string product, bool isVirtual, string expected) =>
        Assert.Equal(expected, Machine(vendor, product, isVirtual).Choose(DmiStrings.Auto).Model);

    [Fact]
    public void Unknown_hardware_is_refused_with_what_was_read()
    {
        DmiStrings machine = Machine("Acme", "Toaster", isVirtual: false);
        string message = Assert.Throws<InvalidDataException>(() => machine.Choose(DmiStrings.Auto)).Message;
        Assert.Contains("vendor 'Acme', product 'Toaster', SKU ''", message, StringComparison.Ordinal);
        Assert.Contains("--profile", message, StringComparison.Ordinal);
        Assert.Equal("dev", machine.Choose("dev").Model);
    }

    private DmiStrings Machine(string vendor, string product, bool isVirtual)
    {
        Directory.CreateDirectory(_scratch["sys/class/dmi/id"]);
        Directory.CreateDirectory(_scratch["proc"]);
        File.WriteAllText(_scratch["sys/class/dmi/id/sys_vendor"], vendor + "\n");
        File.WriteAllText(_scratch["sys/class/dmi/id/product_name"], product + "\n");
        File.WriteAllText(_scratch["proc/cpuinfo"], $"processor\t: 0\nflags\t\t: fpu vme{(isVirtual ? " hypervisor" : "")} lahf_lm\n");
        return DmiStrings.Read(_scratch.Path);
    }

    private static IReadOnlyList<ProfileError> Errors(string json)
    {
        Assert.Null(HardwareProfile.Parse(System.Text.Encoding.UTF8.GetBytes(json), out IReadOnlyList<ProfileError> errors));
        return errors;
    }

    // Every member of every object, in the document's order.
    private static IEnumerable<(JsonObject Parent, string Name)> Members(JsonNode? node) => node switch
    {
        JsonObject parent => parent.SelectMany(member => Members(member.Value).Prepend((parent, member.Key))),
        JsonArray items => items.SelectMany(Members),
        _ => [],
    };

    // storage.bays[1].no
    private static void Set(JsonNode root, string path, JsonNode value)
    {
        string[] parts = path.Replace("[", ".", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal).Split('.');
        JsonNode node = root;
        foreach (string part in parts[..^1])
        {
            node = (int.TryParse(part, out int index) ? node[index] : node[part])!;
        }

        node[parts[^1]] = value;
    }
}

/// <summary>Where the repository is.</summary>
internal static class Repository
{
    public static string PathOf(string name) => Path.Join(Gatewayctl.Root, name);
}
