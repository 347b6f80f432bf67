using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.System.Tests.Vault;

/// <summary>An appliance with vaults at two S3 services, one of which gets a part; and what the second is worth when appliance and first service are gone.</summary>
public sealed class TwoRegionTests
{
    private const int Files = 30;
    private const int FileBytes = 1_000_000;

    [Fact]
    public void The_second_region_restores_alone_what_its_task_took()
    {
        using var scratch = new ScratchDirectory("regions");
        var environment = new Dictionary<string, string> { ["GATEWAY_VAULTS"] = scratch["vaults.json"], ["AWS_ACCESS_KEY_ID"] = S3Server.AccessKey, ["AWS_SECRET_ACCESS_KEY"] = S3Server.SecretKey };
        using var second = new S3Server();
        second.Request("PUT", "region2");
        string recovery;
        using (var first = new S3Server())
        {
            first.Request("PUT", "region1");
            using var appliance = new Appliance(scratch, environment);
            Agent web = Enroll(appliance, scratch, "web-1", seed: 1), db = Enroll(appliance, scratch, "db-1", seed: 2);
            recovery = appliance.StoreVerb("key", "recovery", "--json").Expect(0).Json.GetProperty("recoveryKey").GetString()!;
            appliance.Operator("vault", "add", "one", "s3://region1", "--endpoint", first.Endpoint).Expect(0);
            appliance.Operator("vault", "add", "two", "s3://region2", "--endpoint", second.Endpoint, "--by-tasks").Expect(0);
            appliance.Operator("vault", "task", "add", "web", "--vault", "two", "--node", "web").Expect(0);
            Assert.Equal((1, 0), (Progress(appliance).History, Progress(appliance).Tail));
            Sync(appliance);
            Assert.Equal((1, 1, 0, 0), Progress(appliance));

            // The live tail, of which a part is another node's.
            Fill(scratch["web-1"], seed: 3, Files / 3);
            Fill(scratch["db-1"], seed: 4, Files / 3);
            web.Run("backup", scratch["web-1"]).Expect(0);
            db.Run("backup", scratch["db-1"]).Expect(0);
            Assert.Equal((1, 1), (Progress(appliance).History, Progress(appliance).Tail));
            Sync(appliance);
            Assert.Equal((1, 1, 1, 1), Progress(appliance));
            appliance.Operator("vault", "verify", "--vault", "two", "--keyless", "--read-data", "--quiet").Expect(0);
        }

        Directory.Delete(scratch["appliance"], recursive: true);
        File.Delete(scratch["vaults.json"]);
        environment["GATEWAY_RECOVERY_KEY"] = recovery;
        Run(environment, "vault", "add", "two", "s3://region2", "--endpoint", second.Endpoint);
        JsonElement snapshots = Run(environment, "vault", "snapshots", "--json").Json.GetProperty("snapshots");
        Assert.All(snapshots.EnumerateArray(), snapshot => Assert.Equal("web-1", snapshot.GetProperty("host").GetString()));
        Assert.Equal(2, snapshots.GetArrayLength());
        Run(environment, "vault", "restore", "latest", "--target", scratch["out"], "--quiet");
        Assert.Equal("", Shell.Differences(scratch["out"] + scratch["web-1"], scratch["web-1"]));
    }

    private static Agent Enroll(Appliance appliance, ScratchDirectory scratch, string name, int seed)
    {
        Fill(scratch[name], seed, Files);
        Agent agent = appliance.Enroll(name);
        agent.Run("backup", scratch[name]).Expect(0);
        return agent;
    }

    private static void Fill(string directory, int seed, int files)
    {
        Directory.CreateDirectory(directory);
        var random = new Random(seed);
        byte[] content = new byte[FileBytes];
        for (int i = 0; i < files; i++)
        {
            random.NextBytes(content);
            File.WriteAllBytes(Path.Join(directory, $"f{seed}-{i}"), content);
        }
    }

    private static void Sync(Appliance appliance) => appliance.Operator("job", "run", "vault", "--follow", "--quiet").Expect(0);

    private static (int History, int HistoryThere, int Tail, int TailThere) Progress(Appliance appliance)
    {
        ProgramRun run = appliance.Operator("vault", "task", "show", "web", "--vault", "two", "--store", appliance.Store, "--key-file", Path.Join(appliance.State, "store.key"), "--json").Expect(0);
        JsonElement task = Assert.Single(run.Json.GetProperty("tasks").EnumerateArray());
        return (task.GetProperty("history").GetInt32(), task.GetProperty("historyThere").GetInt32(), task.GetProperty("tail").GetInt32(), task.GetProperty("tailThere").GetInt32());
    }

    private static ProgramRun Run(Dictionary<string, string> environment, params string[] arguments)
    {
        using var program = new BuiltProgram("gatewayctl", arguments, environment);
        return program.Wait().Expect(0);
    }
}
