using System.Text.Json;
using System.Text.Json.Nodes;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests.Twins;

/// <summary>What a technician sees and does at the running image: a disk goes and is replaced by the lights of its bay, and the mains fails.</summary>
public sealed class TechnicianTests(ITestOutputHelper output) : IDisposable
{
    private const int Bay = 2;
    private const int NewDiskMiB = 300;

    private readonly ScratchDirectory _scratch = new("technician");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_disk_is_pulled_and_replaced_and_a_power_failure_is_acted_on()
    {
        using var twin = new Twin(_scratch);
        twin.Start();
        ClaimedTwin appliance = await ClaimedTwin.ClaimAsync(twin, _scratch);
        Agent agent = appliance.Enroll("host");
        string source = appliance.MakeSource();
        agent.Run("backup", source).Expect(0);
        twin.Until(() => State(appliance) == "optimal", () => $"the new array is optimal; it is {State(appliance)}");
        Assert.Equal("0", Level(twin, $"led-bay{Bay}"));

        // Pulled: the array says so, the bay's line is on and stays on, and what was backed up is still there.
        twin.Control("device_del", new() { ["id"] = $"disk-{Bay}" });
        twin.Until(() => State(appliance) == "degraded", () => $"the array is degraded; it is {State(appliance)}");
        twin.Until(() => IsLit(twin), () => "the bay's LED is on");
        Assert.Equal("1", Level(twin, "led-alert"));
        appliance.RequireRestored(agent, source, "degraded");
        agent.Run("backup", source, "/etc").Expect(0);

        // Replaced, as the panel and gatewayctl lead through it.
        Assert.Equal("awaiting-disk", Replacement(appliance, "--bay", $"{Bay}", "--yes", "--detach").GetProperty("step").GetString());
        Plug(twin);
        string said = "";
        twin.Until(
            () => (said = appliance.Operator("raid", "status", "--json").Expect(0).Output) is { } status && JsonDocument.Parse(status).RootElement.GetProperty("replacement").GetProperty("step").GetString() == "done",
            () => $"the replacement is done; raid status says {said}");
        Assert.Equal("optimal", State(appliance));
        Assert.Contains("NEW-2", said, StringComparison.Ordinal);
        twin.Until(() => Level(twin, $"led-bay{Bay}") == "0", () => "the bay's LED is off");
        output.WriteLine(twin.Run("cat /proc/mdstat").Output);
        appliance.RequireRestored(agent, source, "rebuilt");

        // The mains fails and the machine runs on: on record, and work goes on.
        twin.Run("echo pull-down >/run/gatewayos/gpio/power-fail/pull").Expect(0);
        twin.Until(() => Failures(appliance).GetArrayLength() == 1 && Failures(appliance)[0].GetProperty("outcome").GetString() == "false-alarm", () => $"the failure is on record: {Failures(appliance)}");
        twin.Run("echo pull-up >/run/gatewayos/gpio/power-fail/pull").Expect(0);
        twin.Until(() => agent.Run("backup", source).ExitCode == 0, () => "backups go on");

        // It fails for good while a backup runs.
        using (BuiltProgram backup = agent.Start("backup", source, "/usr/share/doc"))
        {
            // The hold-up of the twin's profile, and a little.
            twin.Run("sleep 5; echo pull-down >/run/gatewayos/gpio/power-fail/pull; sleep 3");
            twin.PullPlug();
        }

        twin.Start();
        twin.WaitFor("serves on https");
        JsonElement failures = Failures(appliance);
        output.WriteLine(failures.ToString());
        Assert.Equal(2, failures.GetArrayLength());
        Assert.Equal("lost", failures[1].GetProperty("outcome").GetString());
        Assert.Contains("trusted time", failures[1].GetProperty("flushed").EnumerateArray().Select(step => step.GetString()));
        appliance.RequireRestored(agent, source, "after");
        agent.Run("backup", source, "/usr/share/doc").Expect(0);
    }

    private static string State(ClaimedTwin appliance) => appliance.Operator("raid", "status", "--json").Expect(0).Json.GetProperty("arrays")[0].GetProperty("state").GetString()!;

    private static JsonElement Replacement(ClaimedTwin appliance, params string[] options) => appliance.Operator(["raid", "replace", .. options, "--json"]).Expect(0).Json.GetProperty("replacement");

    private static JsonElement Failures(ClaimedTwin appliance) => appliance.Operator("power", "history", "--json").Expect(0).Json.GetProperty("failures");

    private static string Level(Twin twin, string line) => twin.Run($"cat /run/gatewayos/gpio/{line}/value").Expect(0).Output;

    // Lit without a break, for longer than any blinking pattern pauses.
    private static bool IsLit(Twin twin) => !twin.Run($"for n in $(seq 20); do cat /run/gatewayos/gpio/led-bay{Bay}/value; sleep 0.15; done").Expect(0).Output.Contains('0', StringComparison.Ordinal);

    // Another disk in the same bay, larger and with a serial number of its own.
    private static void Plug(Twin twin)
    {
        string disk = Path.Join(twin.Directory, $"bay-{Bay}.img");
        File.Delete(disk);
        Shell.Run($"truncate -s {NewDiskMiB}M '{disk}'");
        twin.Control("blockdev-add", new() { ["driver"] = "raw", ["node-name"] = $"new-{Bay}", ["file"] = new JsonObject { ["driver"] = "file", ["filename"] = disk } });
        twin.Control("device_add", new() { ["driver"] = "scsi-hd", ["bus"] = "bays.0", ["scsi-id"] = Bay, ["drive"] = $"new-{Bay}", ["serial"] = $"NEW-{Bay}", ["id"] = $"disk-{Bay}" });
    }
}
