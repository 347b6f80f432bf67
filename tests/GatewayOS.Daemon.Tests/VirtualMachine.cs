using System.Text.Json;
using System.Text.Json.Nodes;
using GatewayOS.TestKit.Arrays;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>The published gatewayd with virtual disks, driven by gatewayctl.</summary>
internal sealed class VirtualMachine : IArrayMachine
{
    private const int Disks = 5;
    private const int BytesPerMebibyteOfStory = 8_000_000;

    private readonly ScratchDirectory _scratch = new("virtual");
    private readonly BaysOfFiles _bays;
    private readonly Appliance _appliance;

    public VirtualMachine()
    {
        JsonObject profile = JsonNode.Parse(File.ReadAllText(Path.Join(Gatewayctl.Root, "hw-profiles/dev.json")))!.AsObject();
        profile["storage"] = new JsonObject
        {
            ["mode"] = "md",
            ["level"] = "raid6",
            ["bays"] = new JsonArray([.. Enumerable.Range(1, Disks).Select(no => new JsonObject { ["no"] = no, ["label"] = $"Bay {no}", ["byPath"] = $"virtual-{no}" })]),
        };
        profile["rebuild"] = new JsonObject { ["minMBs"] = 100, ["maxMBs"] = 200 };
        File.WriteAllText(_scratch["profile.json"], profile.ToJsonString());
        _bays = new BaysOfFiles(_scratch["appliance/state"]);
        for (int bay = 1; bay <= Disks; bay++)
        {
            Plug(bay, $"D{bay}", 64);
        }

        _appliance = new Appliance(_scratch, "--profile", _scratch["profile.json"], "--virtual-array");
    }

    public ArrayFacts Facts() => ArrayFacts.Of(Json("raid", "status"), Json("alert", "list"));

    public void Plug(int bay, string serial, int mebibytes, bool isEmpty = true) => _bays.Plug(bay, serial, (long)mebibytes * BytesPerMebibyteOfStory, isEmpty ? "" : "ext4 'photos'");

    public void Pull(int bay) => _bays.Pull(bay);

    public string Replace(int bay) => Refusal("raid", "replace", "--bay", $"{bay}", "--yes", "--detach");

    public void Overwrite(string serial) => Until.Holds(() => _appliance.Operator("raid", "replace", "--overwrite", serial, "--detach").ExitCode == 0, $"what is on {serial} can be given up");

    public string Check() => Refusal("raid", "check");

    public void RestartService()
    {
        _appliance.Daemon.Signal("KILL");
        _appliance.Daemon.Wait();
        _appliance.Start();
    }

    /// <summary>A file that is no disk for a while: nothing can be read then.</summary>
    public void Disturb()
    {
        _bays.Say(5, "nonsense", true);
        Until.Holds(() => Facts().ReadProblem.Contains("bay-5.json", StringComparison.Ordinal), "the file that is no disk is told");
        _bays.Forget(5, "nonsense");
    }

    public void Dispose()
    {
        _appliance.Dispose();
        _scratch.Dispose();
    }

    private string Refusal(params string[] verb)
    {
        ProgramRun run = _appliance.Operator(verb);
        return run.ExitCode == 0 ? "" : run.Errors;
    }

    private JsonElement Json(string noun, string verb) => _appliance.Operator(noun, verb, "--json").Expect(0).Json;
}
