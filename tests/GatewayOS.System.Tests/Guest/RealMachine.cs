using System.Text.Json;
using System.Text.Json.Nodes;
using GatewayOS.TestKit.Arrays;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Guest;

/// <summary>
/// A machine with an array, by the real kernel, udisksd and D-Bus: a guest in which gatewayd keeps its store on the array, driven by gatewayctl alone.
/// </summary>
internal sealed class RealMachine : IArrayMachine
{
    private const int Disks = 5;
    private const int Bays = 5;

    private readonly ScratchDirectory _scratch = new("guest");
    private readonly ArrayGuest _guest;

    public RealMachine()
    {
        _guest = new ArrayGuest(_scratch);
        JsonObject profile = JsonNode.Parse(File.ReadAllText(Path.Join(Gatewayctl.Root, "hw-profiles/dev.json")))!.AsObject();
        profile["storage"] = new JsonObject
        {
            ["mode"] = "md",
            ["level"] = "raid6",
            ["bays"] = new JsonArray([.. Enumerable.Range(1, Bays).Select(no => new JsonObject { ["no"] = no, ["label"] = $"Bay {no}", ["byPath"] = $"bay-host{no - 1}" })]),
        };

        // Slow enough for a rebuild to be seen.
        profile["rebuild"] = new JsonObject { ["minMBs"] = 4, ["maxMBs"] = 8 };
        File.WriteAllText(_scratch["exchange/profile.json"], profile.ToJsonString());
        Sh($"for n in $(seq 0 {Disks - 1}); do bay $n; disk D$((n+1)) 64; plug $n D$((n+1)); done; udevadm settle");
        Sh($"mdadm --create /dev/md0 --quiet --run --level=6 --raid-devices={Disks} --bitmap=internal /dev/disk/by-path/bay-host*; udevadm settle; mdadm --wait /dev/md0; mkfs.ext4 -q /dev/md0 && mount /dev/md0 /srv/store");
        StartService();
        Sh("gatewayctl login 127.0.0.1:8441 --token \"$(cat /tmp/state/first-login-token)\" --name tester");
    }

    public ArrayFacts Facts() => ArrayFacts.Of(Json("raid status"), Json("alert list"));

    public void Plug(int bay, string serial, int mebibytes, bool isEmpty = true) =>
        Sh($"[ -e $target/core/fileio_0/{serial} ] || disk {serial} {mebibytes}; {(isEmpty ? "" : $"mkfs.ext4 -q -L photos /tmp/disks/{serial};")} plug {bay - 1} {serial}; udevadm settle");

    public void Pull(int bay) => Sh($"unplug {bay - 1}; udevadm settle");

    public string Replace(int bay) => Refusal($"gatewayctl raid replace --bay {bay} --yes --detach");

    public void Overwrite(string serial) => Until.Holds(() => _guest.Run($"{Login} gatewayctl raid replace --overwrite {serial} --detach").ExitCode == 0, $"what is on {serial} can be given up");

    public string Check() => Refusal("gatewayctl raid check");

    public void RestartService()
    {
        Sh("kill -9 $(pidof gatewayd); while pidof gatewayd; do sleep 0.1; done");
        StartService();
    }

    public void Disturb() => Sh("restart_udisks");

    /// <summary>Runs a command line that has to succeed.</summary>
    public string Sh(string commands) => _guest.Run($"{Login} {commands}").Expect(0).Output;

    public void Dispose()
    {
        _guest.Dispose();
        _scratch.Dispose();
    }

    private const string Login = "export GATEWAY_LOGIN=/tmp/login;";

    private void StartService() => Sh("""
        gatewayd --profile /exchange/profile.json --state /tmp/state --store /srv/store/s --listen 127.0.0.1:8441 --metrics 127.0.0.1:9441 --name guest > /exchange/gatewayd.log 2>&1 &
        for attempt in $(seq 600); do grep -q 'serves on' /exchange/gatewayd.log && exit 0; sleep 0.1; done
        cat /exchange/gatewayd.log; exit 1
        """);

    private string Refusal(string command)
    {
        ProgramRun run = _guest.Run($"{Login} {command}");
        return run.ExitCode == 0 ? "" : run.Output;
    }

    private JsonElement Json(string verb) => _guest.Run($"{Login} gatewayctl {verb} --json 2>/exchange/errors").Expect(0).Json;
}
