using System.Text.Json;
using GatewayOS.Api;
using GatewayOS.TestKit.Programs;
using Grpc.Core;

namespace GatewayOS.Daemon.Tests;

/// <summary>Policies and jobs through the real programs.</summary>
public sealed class PolicyJobTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("jobs");
    private readonly Appliance _appliance;
    private readonly Agent _agent;

    public PolicyJobTests()
    {
        _appliance = new Appliance(_scratch);
        _agent = _appliance.Enroll("node1");
        Directory.CreateDirectory(_scratch["source"]);
        File.WriteAllBytes(_scratch["source/data"], RandomBytes(3_000_000));
        File.WriteAllText(_scratch["source/left.out"], "x");
    }

    public void Dispose()
    {
        _appliance.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void A_policy_backs_a_node_up_by_itself_and_answers_for_it()
    {
        using BuiltProgram service = StartAgent();
        string hooks = Directory.CreateDirectory(Path.Join(_agent.State, "hooks")).FullName;
        Shell.Run($"printf '#!/bin/sh\\necho $GATEWAY_JOB >> {_scratch["hooked"]}\\n' > {hooks}/note && chmod +x {hooks}/note");
        JsonElement before = Assert.Single(Protection().EnumerateArray());
        Assert.Equal("unprotected", before.GetProperty("verdict").GetString());
        Assert.False(before.TryGetProperty("rpoSeconds", out _), "an RPO that nobody measured");

        // Everything that is wrong, at once; and nothing is kept.
        ProgramRun refused = _appliance.Operator("policy", "set", "p", "--set", "sources=[\"etc\"]", "--set", "schedule.every=1s", "--set", "colour=red", "--json");
        Assert.Equal(1, refused.ExitCode);
        Assert.Equal(["sources", "schedule.every", "colour"], refused.Json.GetProperty("problems").EnumerateArray().Select(problem => problem.GetProperty("field").GetString()));
        Assert.Empty(_appliance.Operator("policy", "list", "--json").Expect(0).Json.GetProperty("policies").EnumerateArray());

        // A cycle of a year that becomes one of ten seconds takes effect without a restart.
        SetPolicy("schedule.every=365d", "excludes=[\"*.out\"]", "retention.last=2", "drill.every=1d", "before.hook=note", "after.hook=note");
        _appliance.Operator("policy", "assign", "p", "node1").Expect(0);
        SetPolicy("schedule.every=10s");
        JsonElement job = Await(found => found.GetProperty("kind").GetString() == "backup" && State(found) == "done");
        Assert.Equal("p", job.GetProperty("policy").GetString());
        Assert.False(job.TryGetProperty("orderedBy", out _));
        Assert.Contains(job.GetProperty("id").GetString()!, File.ReadAllText(_scratch["hooked"]), StringComparison.Ordinal);
        SetPolicy("enabled=false");
        Until.Holds(() => _appliance.Operator("job", "list", "--open", "--json").Expect(0).Json.GetProperty("jobs").GetArrayLength() == 0, "nothing waits any more");
        _agent.Run("restore", "latest", "--target", _scratch["out"]).Expect(0);
        Assert.True(File.Exists(_scratch["out"] + _scratch["source/data"]));
        Assert.False(File.Exists(_scratch["out"] + _scratch["source/left.out"]));

        JsonElement drill = _appliance.Operator("drill", "run", "node1", "--json", "--quiet").Expect(0).Json.GetProperty("job").GetProperty("drill");
        Assert.Equal(1, drill.GetProperty("wholeFiles").GetInt64());
        Assert.True(drill.GetProperty("predictedSeconds").GetDouble() > 0);
        SetPolicy("enabled=true", "schedule.every=1h");
        JsonElement after = Assert.Single(Protection().EnumerateArray());
        Assert.Equal("protected", after.GetProperty("verdict").GetString());
        Assert.True(after.GetProperty("rtoSeconds").GetDouble() > 0);
        Assert.True(after.GetProperty("rpoSeconds").GetDouble() > 0);
        JsonElement preview = _appliance.Operator("policy", "preview", "p", "--node", "node1", "--set", "retention.last=1", "--runs", "3", "--json").Expect(0).Json;
        Assert.Equal(3, preview.GetProperty("nextRuns").GetArrayLength());
        Assert.Contains(preview.GetProperty("snapshots").EnumerateArray(), snapshot => snapshot.GetProperty("keep").GetBoolean());
        _appliance.Operator("job", "run", "retention", "--follow", "--quiet").Expect(0);
        Assert.InRange(_appliance.Operator("node", "snapshots", "node1", "--json").Expect(0).Json.GetProperty("snapshots").GetArrayLength(), 1, 2);
        Assert.Equal(1, _appliance.Operator("policy", "delete", "p").ExitCode);
        _appliance.Operator("policy", "assign", "p", "node1", "--remove").Expect(0);
        _appliance.Operator("policy", "delete", "p").Expect(0);
        _appliance.VerifyStore();
    }

    [Fact]
    public void A_job_outlives_a_killed_appliance_and_a_killed_agent()
    {
        BuiltProgram service = StartAgent();
        try
        {
            // Slow enough to be met at work.
            SetPolicy("schedule.every=365d", "bandwidthBytesPerSecond=400000");
            string id = Order();
            Await(job => Id(job) == id && State(job) == "running" && job.GetProperty("bytes").GetInt64() > 0);
            _appliance.Daemon.Signal("KILL");
            _appliance.Daemon.Wait();
            _appliance.Start();
            JsonElement done = Await(job => Id(job) == id && State(job) is not ("queued" or "running"));
            Assert.Equal(("done", 1), (State(done), done.GetProperty("attempt").GetInt32()));
            Assert.Single(Snapshots().EnumerateArray());

            File.WriteAllBytes(_scratch["source/more"], RandomBytes(3_000_000));
            id = Order();
            Await(job => Id(job) == id && State(job) == "running" && job.GetProperty("bytes").GetInt64() > 0);
            service.Signal("KILL");
            service.Wait();
            service.Dispose();
            service = _agent.Start("run");
            done = Await(job => Id(job) == id && State(job) is not ("queued" or "running") || State(job) == "failed");
            Assert.Equal(("done", 2), (State(done), done.GetProperty("attempt").GetInt32()));
            Assert.Equal(2, Snapshots().GetArrayLength());
        }
        finally
        {
            service.Dispose();
        }

        _appliance.VerifyStore();
    }

    [Fact]
    public void A_locked_restore_point_outlives_rules_operators_and_direct_calls()
    {
        using BuiltProgram service = StartAgent();
        SetPolicy("schedule.every=365d", "retention.last=1", "retention.lock=2d");
        _appliance.Operator("policy", "assign", "p", "node1").Expect(0);
        _appliance.Operator("job", "run", "backup", "--node", "node1", "--policy", "p", "--follow", "--quiet").Expect(0);
        _appliance.Operator("job", "run", "backup", "--node", "node1", "--policy", "p", "--follow", "--quiet").Expect(0);
        _appliance.Operator("job", "run", "retention", "--follow", "--quiet").Expect(0);
        Assert.Equal(2, Snapshots().GetArrayLength());
        ProgramRun direct = _appliance.StoreVerb("forget", Id(Snapshots()[0]));
        Assert.Equal(1, direct.ExitCode);
        Assert.Contains("locked until", direct.Errors, StringComparison.Ordinal);
        Assert.Equal(2, _appliance.StoreVerb("forget", "--keep-last", "1", "--json").Expect(0).Json.GetProperty("kept").GetInt32());
        Assert.Equal(2, Snapshots().GetArrayLength());

        // The administrator cannot shorten a lock, only lengthen it.
        string locked = Id(Snapshots()[0]);
        DateTimeOffset until = LockedUntil(_appliance.Operator("snapshot", "show", locked, "--json"));
        Assert.Equal(until, LockedUntil(_appliance.Operator("snapshot", "lock", locked, "--for", "1h", "--json")));
        Assert.True(LockedUntil(_appliance.Operator("snapshot", "lock", locked, "--for", "30d", "--json")) > until.AddDays(20));
        Assert.Contains("no span", _appliance.Operator("snapshot", "lock", locked, "--for", "soon").Expect(2).Errors, StringComparison.Ordinal);

        // Somebody takes the locks off on the disk, and moves the store's count of time: it is told, and all are back before anything is forgotten.
        Shell.Run($"rm '{_appliance.Store}'/retention/*.lock && sed -i 's/\"trusted\": \"20/\"trusted\": \"21/' '{_appliance.Store}/retention/clock.json'");
        _appliance.Operator("job", "run", "retention", "--follow", "--quiet").Expect(0);
        Assert.Equal(2, Snapshots().GetArrayLength());
        Assert.Contains(_appliance.Operator("alert", "list", "--json").Expect(0).Json.GetProperty("alerts").EnumerateArray(), alert => alert.GetProperty("kind").GetString() == "LockTampering");
        Assert.Equal(1, _appliance.StoreVerb("forget", locked).ExitCode);
        Assert.All(_appliance.Operator("snapshot", "list", "--node", "node1", "--policy", "p", "--json").Expect(0).Json.GetProperty("snapshots").EnumerateArray(), snapshot => Assert.True(snapshot.TryGetProperty("lockedUntil", out _)));
    }

    [Fact]
    public void Encrypted_files_raise_an_alert_and_the_good_restore_points_outlive_the_policys_rule()
    {
        using BuiltProgram service = StartAgent();
        SetPolicy("schedule.every=365d", "retention.last=2");
        _appliance.Operator("policy", "assign", "p", "node1").Expect(0);
        File.WriteAllText(_scratch["source/text"], string.Join('\n', Enumerable.Range(0, 900_000).Select(number => $"line {number * 7919L % 104_729}")));
        for (int day = 0; day < 8; day++)
        {
            File.WriteAllText(_scratch["source/diary"], $"day {day}");
            BackUpByPolicy();
        }

        string[] good = [.. Snapshots().EnumerateArray().Select(Id)];
        Assert.Empty(_appliance.Operator("alert", "holds", "--json").Expect(0).Json.GetProperty("holds").EnumerateArray());
        foreach (string file in Directory.GetFiles(_scratch["source"]))
        {
            File.WriteAllBytes(file, RandomBytes((int)new FileInfo(file).Length));
        }

        BackUpByPolicy();
        BackUpByPolicy();
        BackUpByPolicy();
        _appliance.Operator("job", "run", "retention", "--follow", "--quiet").Expect(0);
        Assert.Superset(good.ToHashSet(), Snapshots().EnumerateArray().Select(Id).ToHashSet());
        Assert.Contains(_appliance.Operator("alert", "list", "--json").Expect(0).Json.GetProperty("alerts").EnumerateArray(), alert => alert.GetProperty("kind").GetString() == "Anomaly");
        Assert.Equal(10, Snapshots().GetArrayLength());
        _appliance.Operator("alert", "release", "node1").Expect(0);
        _appliance.Operator("job", "run", "retention", "--follow", "--quiet").Expect(0);
        Assert.Equal(2, Snapshots().GetArrayLength());
    }

    [Fact]
    public void What_fails_is_told_of_and_cleared_and_versions_of_a_file_come_back()
    {
        using BuiltProgram service = StartAgent();
        SetPolicy("schedule.every=365d");
        _appliance.Operator("policy", "assign", "p", "node1").Expect(0);
        string file = _scratch["source/report"];
        File.WriteAllText(file, "first");
        BackUpByPolicy();
        File.WriteAllText(file, "the second");
        BackUpByPolicy();
        JsonElement[] versions = [];
        Until.Holds(() => (versions = [.. _appliance.Operator("snapshot", "versions", "node1", file, "--json").Expect(0).Json.GetProperty("versions").EnumerateArray()]).Length == 2, "both versions are in the catalogue");
        Assert.Equal([10, 5], versions.Select(version => version.GetProperty("size").GetInt64()));
        _appliance.Operator("restore", versions[1].GetProperty("lastSnapshot").GetString()!, file, "--target", _scratch["back"], "--quiet").Expect(0);
        Assert.Equal("first", File.ReadAllText(_scratch["back"] + file));

        Directory.Move(_scratch["source"], _scratch["away"]);
        _appliance.Operator("job", "run", "backup", "--node", "node1", "--policy", "p", "--follow", "--quiet").Expect(1);
        Until.Holds(() => Alerts("JobFailed").Length == 1, "the failure is told of");
        Assert.Contains("node1", Alerts("JobFailed")[0].GetProperty("remedy").GetString(), StringComparison.Ordinal);
        Directory.Move(_scratch["away"], _scratch["source"]);
        string again = Id(Assert.Single(_appliance.Operator("policy", "run", "p", "--json").Expect(0).Json.GetProperty("jobs").EnumerateArray()));
        Await(job => Id(job) == again && State(job) == "done");
        _appliance.Operator("policy", "run", "p", "--node", "nobody").Expect(2);
        Until.Holds(() => Alerts("JobFailed").Length == 0, "it is over");
        Assert.Equal("", string.Join(", ", UnauditedChanges()));
    }

    [Fact]
    public async Task Jobs_are_called_off_wait_for_their_node_and_obey_nobody_else()
    {
        SetPolicy("schedule.every=365d", "bandwidthBytesPerSecond=200000");
        string id = Order();
        JsonElement waiting = Await(job => Id(job) == id && job.GetProperty("fault").GetString() == "node-offline");
        Assert.Equal("queued", State(waiting));
        using BuiltProgram service = StartAgent();
        JsonElement running = Await(job => Id(job) == id && State(job) == "running");

        // Another node speaks of the job: as its end, and as its own when it arrives.
        using HostileNode hostile = await HostileNode.EnrolAsync(_appliance, "hostile");
        using (AsyncDuplexStreamingCall<AgentReport, AgentOrder> call = hostile.Agents.Attend())
        {
            var forged = new JobReport { JobId = $"{id}.{running.GetProperty("attempt").GetInt32()}", State = JobReport.Types.State.Done, SnapshotId = new string('0', 64) };
            await call.RequestStream.WriteAsync(new AgentReport { Arrives = true, Known = { forged } });
            await call.RequestStream.WriteAsync(new AgentReport { Job = forged });
            Assert.True(await call.ResponseStream.MoveNext());
        }

        RpcException refusal = await Assert.ThrowsAsync<RpcException>(async () => await hostile.Jobs.ListJobsAsync(new ListJobsRequest()));
        Assert.Equal(StatusCode.PermissionDenied, refusal.StatusCode);
        refusal = await Assert.ThrowsAsync<RpcException>(async () => await hostile.Policies.ListPoliciesAsync(new ListPoliciesRequest()));
        Assert.Equal(StatusCode.PermissionDenied, refusal.StatusCode);
        Assert.Equal("running", State(Await(job => Id(job) == id)));
        _appliance.Operator("job", "cancel", id).Expect(0);
        Await(job => Id(job) == id && State(job) == "cancelled");
        Assert.Empty(Snapshots().EnumerateArray());
    }

    [Fact]
    public async Task Another_nodes_files_come_to_a_node_only_by_an_operators_order_and_while_it_is_at_work_on_it()
    {
        _agent.Run("backup", _scratch["source"], "--quiet").Expect(0);
        string snapshot = Id(Snapshots()[0]);
        Agent other = _appliance.Enroll("node2");
        using (BuiltProgram service = other.Start("run"))
        {
            Until.Holds(() => EndToEndTests.Node(_appliance, "node2").GetProperty("connected").GetBoolean(), "the node is connected");
            _appliance.Operator("restore", snapshot, "--node", "node2", "--target", _scratch["elsewhere"], "--verify", "--quiet").Expect(0);
            Assert.Equal("", Shell.Differences(_scratch["source"], _scratch["elsewhere"] + _scratch["source"]));
            _appliance.Operator("restore", snapshot, _scratch["source/left.out"], "--node", "node2", "--target", _scratch["one"], "--quiet").Expect(0);
            Assert.Single(Directory.GetFiles(_scratch["one"], "*", SearchOption.AllDirectories));
            Assert.Empty(other.Run("snapshots", "--json").Expect(0).Json.GetProperty("snapshots").EnumerateArray());
        }

        // A hostile node takes the order, and looks what else it can get for it.
        using HostileNode hostile = await HostileNode.EnrolAsync(_appliance, "hostile");
        File.WriteAllText(_scratch["source/secret"], "made after the ordered restore point");
        _agent.Run("backup", _scratch["source"], "--quiet").Expect(0);
        using AsyncDuplexStreamingCall<AgentReport, AgentOrder> call = hostile.Agents.Attend();
        await call.RequestStream.WriteAsync(new AgentReport { Arrives = true });
        using var waiting = new BuiltProgram("gatewayctl", ["restore", snapshot, "--node", "hostile", "--target", "/x", "--quiet"], new Dictionary<string, string> { ["GATEWAY_LOGIN"] = _scratch["operator"] });
        Assert.True(await call.ResponseStream.MoveNext());
        AgentOrder order = call.ResponseStream.Current;
        Store.ContentHash root = Store.Snapshots.SnapshotDocuments.Decode(order.Restore.Snapshot.Document.Span, snapshot).Draft.Root.Parts[0].Hash;
        Store.ContentHash later = Store.Pipeline.ChunkHash.Of("made after the ordered restore point"u8);
        Assert.Null(await hostile.ReadAsync(root, order.JobId));
        Assert.Equal(StatusCode.NotFound, await hostile.ReadAsync(root, restoreJob: null));
        Assert.Equal(StatusCode.NotFound, await hostile.ReadAsync(later, order.JobId));
        using HostileNode third = await HostileNode.EnrolAsync(_appliance, "third");
        Assert.Equal(StatusCode.PermissionDenied, await third.ReadAsync(root, order.JobId));
        await call.RequestStream.WriteAsync(new AgentReport { Job = new JobReport { JobId = order.JobId, State = JobReport.Types.State.Done, SnapshotId = snapshot } });
        Assert.Equal(0, waiting.Wait().ExitCode);
        Assert.Equal(StatusCode.PermissionDenied, await hostile.ReadAsync(root, order.JobId));
    }

    private static byte[] RandomBytes(int count) => System.Security.Cryptography.RandomNumberGenerator.GetBytes(count);

    private static string Id(JsonElement job) => job.GetProperty("id").GetString()!;

    private static string State(JsonElement job) => job.GetProperty("state").GetString()!;

    private BuiltProgram StartAgent()
    {
        BuiltProgram service = _agent.Start("run");
        Until.Holds(() => EndToEndTests.Node(_appliance, "node1").GetProperty("connected").GetBoolean(), "the node is connected");
        return service;
    }

    private void SetPolicy(params string[] settings) =>
        _appliance.Operator(["policy", "set", "p", "--set", $"sources=[\"{_scratch["source"]}\"]", .. settings.SelectMany(setting => new[] { "--set", setting })]).Expect(0);

    private string Order() => Id(_appliance.Operator("job", "run", "backup", "--node", "node1", "--policy", "p", "--json").Expect(0).Json.GetProperty("job"));

    private void BackUpByPolicy() => _appliance.Operator("job", "run", "backup", "--node", "node1", "--policy", "p", "--follow", "--quiet").Expect(0);

    private JsonElement[] Alerts(string kind) =>
        [.. _appliance.Operator("alert", "list", "--json").Expect(0).Json.GetProperty("alerts").EnumerateArray().Where(alert => alert.GetProperty("kind").GetString() == kind)];

    // Every changing call of this test that the audit log does not know with its outcome.
    private IEnumerable<string> UnauditedChanges()
    {
        string[] done = [.. _appliance.Operator("audit", "list", "--json").Expect(0).Json.GetProperty("entries").EnumerateArray()
            .Where(entry => entry.GetProperty("outcome").GetString() == "done").Select(entry => $"{entry.GetProperty("method").GetString()} {entry.GetProperty("target").GetString()}")];
        return ((string[])["gatewayos.v1.Policies/SetPolicy policy:p", "gatewayos.v1.Policies/AssignPolicy policy:p node:node1", "gatewayos.v1.Jobs/OrderJob backup node:node1 policy:p", "gatewayos.v1.Jobs/OrderRestore snapshot:"])
            .Where(change => !done.Any(entry => entry.StartsWith(change, StringComparison.Ordinal)));
    }

    private static DateTimeOffset LockedUntil(ProgramRun run) => run.Expect(0).Json.GetProperty("snapshot").GetProperty("lockedUntil").GetDateTimeOffset();

    private JsonElement Protection() => _appliance.Operator("drill", "list", "--json").Expect(0).Json.GetProperty("nodes");

    private JsonElement Snapshots() => _appliance.Operator("node", "snapshots", "node1", "--json").Expect(0).Json.GetProperty("snapshots");

    private JsonElement Await(Func<JsonElement, bool> condition)
    {
        JsonElement found = default;
        Until.Holds(
            () =>
            {
                JsonElement.ArrayEnumerator jobs = _appliance.Operator("job", "list", "--json").Expect(0).Json.GetProperty("jobs").EnumerateArray();
                found = jobs.FirstOrDefault(condition);
                return found.ValueKind == JsonValueKind.Object;
            },
            "a job is as expected");
        return found;
    }
}
