using System.Globalization;
using System.Text.Json;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests.Twins;

/// <summary>Updates of the running image from a stick, and what becomes of bundles and slots that are not as they should be.</summary>
public sealed class UpdateTests(ITestOutputHelper output) : IDisposable
{
    private const string Slots = "/usr/lib/gatewayos/boot-slots list";

    // Beginnings of the slots' roots in the image: image/make/disk.sh.
    private const long RootA = (1 + 8 + 32) * 1048576L;

    private const int WholeStartEvery = 5;

    private readonly ScratchDirectory _scratch = new("update");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_newer_bundle_is_installed_started_and_marked_good_and_bad_ones_are_refused()
    {
        string newer = UpdateBundle.OfVersion(_scratch, "0.1.1");
        string stick = UpdateBundle.Stick(_scratch, newer, UpdateBundle.OfStranger(_scratch, "0.1.2"), UpdateBundle.Tampered(_scratch, newer));
        using var twin = new Twin(_scratch);
        twin.Start("--usb", stick);
        twin.WaitFor("serves on https");
        string media = twin.Run("ls -d /run/media/gateway-usb/*").Expect(0).Output;
        Assert.Contains("A state=good trial=no attempts=0", twin.Run(Slots).Output, StringComparison.Ordinal);

        ProgramRun stranger = twin.Run($"rauc install {media}/0.1.2.raucb");
        Assert.NotEqual(0, stranger.ExitCode);
        Assert.Contains("signature", stranger.Output, StringComparison.Ordinal);
        ProgramRun tampered = twin.Run($"rauc install {media}/tampered.raucb");
        Assert.NotEqual(0, tampered.ExitCode);
        output.WriteLine(tampered.Output);

        // Whatever a broken bundle left in the other slot is not started.
        Assert.Contains("B state=bad", twin.Run(Slots).Output, StringComparison.Ordinal);

        output.WriteLine(twin.Run($"time rauc install {media}/0.1.1.raucb").Expect(0).Output);
        Assert.Matches("B state=good trial=yes(.|\n)*order=B A", twin.Run(Slots).Output);
        Restart(twin, stick);
        Assert.Equal("B 0.1.1", Running(twin));

        // gatewayd calls it good once it has restored something, by itself.
        twin.Until(() => twin.Run(Slots).Output.Contains("B state=good trial=no", StringComparison.Ordinal), () => $"slot B is found good: {twin.Run(Slots).Output}");

        // A slot on trial that nobody finds good, because its gatewayd does not start, gives way to the other one.
        twin.Run($"rauc install {media}/0.1.1.raucb").Expect(0);
        twin.Run("mkdir -p /state/etc/systemd/system && ln -s /dev/null /state/etc/systemd/system/gatewayd.service && sync").Expect(0);
        Restart(twin, stick, "Reached target multi-user");
        Assert.Equal("A 0.1.1", Running(twin));
        twin.Run("rm /state/etc/systemd/system/gatewayd.service && sync").Expect(0);
        twin.Run("systemctl --no-block start gateway-trial.service");
        twin.WaitForConsole("(?s)slot A.*slot B");
        twin.WaitFor("(?s)rauc.slot=B.*serves on https");
        Assert.Equal("B 0.1.1", Running(twin));
        Assert.Matches("A state=bad .*did not find it good", twin.Run(Slots).Output);
    }

    [Fact]
    public async Task The_operator_updates_it_and_one_whose_service_does_not_start_is_taken_back_by_itself()
    {
        string newer = UpdateBundle.OfVersion(_scratch, "0.1.1");
        string stick = UpdateBundle.Stick(_scratch, UpdateBundle.ThatDoesNotServe(_scratch, "0.1.2"));
        using var twin = new Twin(_scratch);
        twin.Start("--usb", stick);
        ClaimedTwin appliance = await ClaimedTwin.ClaimAsync(twin, _scratch);
        Agent agent = appliance.Enroll("host");
        string source = appliance.MakeSource();
        agent.Run("backup", source).Expect(0);

        // Sent by the operator, over the network.
        output.WriteLine(appliance.Operator("update", "install", newer, "--reboot").Expect(0).Output);
        twin.WaitFor("(?s)rauc.slot=B.*serves on https");
        twin.Until(() => Newest(appliance).State == "good", () => $"the new system is found good: {Newest(appliance)}; {twin.Run(Slots).Output}");
        Assert.Equal("B 0.1.1", Running(twin));
        Assert.Matches("B state=good trial=no", twin.Run(Slots).Output);
        output.WriteLine(Newest(appliance).Reason);

        // From the stick. Its trial is made shorter.
        twin.Run("mkdir -p /state/etc/systemd/system/gateway-trial.timer.d && printf '[Timer]\nOnBootSec=\nOnBootSec=4min\n' >/state/etc/systemd/system/gateway-trial.timer.d/short.conf && sync").Expect(0);
        appliance.Operator("update", "install", "0.1.2.raucb", "--stick", "--reboot").Expect(0);
        twin.WaitFor("(?s)rauc.slot=B.*rauc.slot=A.*rauc.slot=B.*serves on https");
        Assert.Equal("B 0.1.1", Running(twin));
        Assert.Matches("A state=bad", twin.Run(Slots).Output);
        twin.Until(() => Newest(appliance).State == "fell-back", () => $"the ledger says what came of it: {Newest(appliance)}");
        Assert.Contains("gatewayd did not find it good", Newest(appliance).Reason, StringComparison.Ordinal);
        output.WriteLine(appliance.Operator("update", "history").Output);
        output.WriteLine(appliance.Operator("alert", "list").Output);
        appliance.RequireRestored(agent, source, "restored");
        agent.Run("backup", source, "/etc").Expect(0);
    }

    [Fact]
    public void A_flipped_bit_in_the_slot_has_the_other_one_take_over()
    {
        using var twin = new Twin(_scratch);
        twin.Start();
        twin.WaitFor("serves on https");
        twin.Run("sync");
        twin.PullPlug();
        UpdateBundle.Flip(Path.Join(twin.Directory, "system.img"), RootA + 40 * 1048576 + 77);
        twin.Start();
        twin.WaitForConsole("slot A is refused: its root is not as it was built");
        twin.WaitFor("serves on https");
        Assert.StartsWith("B ", Running(twin), StringComparison.Ordinal);
        string slots = twin.Run(Slots).Output;
        output.WriteLine(slots);
        Assert.Matches("A state=bad .*why=its root is not as it was built", slots);
        Assert.Contains("gateway-array.service", twin.Run("systemctl is-active gatewayd gateway-array.service; systemctl list-units --no-pager gateway-array.service").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void Power_cuts_during_an_update_always_leave_a_system_that_starts()
    {
        int cuts = int.Parse(Environment.GetEnvironmentVariable("GATEWAY_POWER_CUTS") ?? "3", CultureInfo.InvariantCulture);
        int seed = int.Parse(Environment.GetEnvironmentVariable("GATEWAY_SEED") ?? "1", CultureInfo.InvariantCulture);
        var random = new Random(seed);
        string stick = UpdateBundle.Stick(_scratch, UpdateBundle.OfVersion(_scratch, "0.1.1"));
        using var twin = new Twin(_scratch);
        for (int cut = 1; cut <= cuts; cut++)
        {
            twin.Start("--usb", stick);

            // That gatewayd serves takes most of a start here, and the next update can begin before: it is waited for now and then, and at the end.
            if (cut % WholeStartEvery == 0)
            {
                twin.WaitFor("serves on https");
            }

            string slots = twin.Run(Slots).Output;

            // What starts may be on trial: this test stands for gatewayd's checks.
            string booted = Running(twin);
            twin.Run("rauc status mark-good").Expect(0);
            twin.Until(() => twin.Run("ls /run/media/gateway-usb/*/0.1.1.raucb").ExitCode == 0, () => "the stick is there");
            twin.Run("(rauc install /run/media/gateway-usb/*/0.1.1.raucb && sync && systemctl --no-block reboot) >/dev/null 2>&1 &");
            using var pause = new ManualResetEventSlim();
            int seconds = random.Next(1, 90);
            pause.Wait(TimeSpan.FromSeconds(seconds));
            twin.PullPlug();
            output.WriteLine($"cut {cut}: {booted}, after {seconds} s; slots before: {slots.ReplaceLineEndings("; ")}");
        }

        twin.Start("--usb", stick);
        twin.WaitFor("serves on https");
        output.WriteLine($"at last: {Running(twin)}; {twin.Run(Slots).Output}");
        Assert.Equal(0, twin.Run("systemctl is-active gatewayd").ExitCode);
    }

    // While the machine restarts nobody answers.
    private static (string State, string Reason) Newest(ClaimedTwin appliance)
    {
        ProgramRun history = appliance.Operator("update", "history", "--json");
        return history.ExitCode == 0 && history.Json.GetProperty("attempts") is { } attempts && attempts.GetArrayLength() > 0
            ? (attempts[0].GetProperty("state").GetString()!, attempts[0].TryGetProperty("reason", out JsonElement reason) ? reason.GetString()! : "")
            : ("unknown", history.Errors);
    }

    private static string Running(Twin twin) => twin.Run(". /run/gatewayos/start; echo $SLOT $VERSION").Expect(0).Output;

    private static void Restart(Twin twin, string stick, string until = "serves on https")
    {
        twin.Run("systemctl --no-block poweroff");
        twin.WaitForConsole("reboot: Power down");
        twin.PullPlug();
        twin.Start("--usb", stick);
        twin.WaitFor(until);
    }
}
