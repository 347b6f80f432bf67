using System.Diagnostics;
using System.Text.Json;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests;

/// <summary>
/// A node under a policy whose appliance and agent are killed at random moments. Every job must reach an end, and it must be the right one: what is done
/// has one restore point, what is not has none. The catalogue that lived through it equals one made anew.
/// </summary>
public sealed class JobChaosTests(ITestOutputHelper output) : IDisposable
{
    private const int Rounds = 24;

    // After several interruptions a job waits some minutes before it is tried again.
    private static readonly TimeSpan s_endMax = TimeSpan.FromMinutes(8);

    private readonly ScratchDirectory _scratch = new("jobchaos");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Every_job_reaches_the_right_end_however_often_appliance_and_agent_are_killed()
    {
        int seed = Environment.GetEnvironmentVariable("GATEWAY_SEED") is { } given ? int.Parse(given) : Environment.ProcessId;
        output.WriteLine($"seed {seed} (GATEWAY_SEED={seed} repeats the choices; the moments are the machine's)");
        var random = new Random(seed);
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("node1");
        BuiltProgram service = agent.Start("run");
        try
        {
            Directory.CreateDirectory(_scratch["source"]);
            Policy(appliance, "schedule.every=10s", "bandwidthBytesPerSecond=1500000", "attempts=20");
            appliance.Operator("policy", "assign", "p", "node1").Expect(0);
            for (int round = 0; round < Rounds; round++)
            {
                byte[] content = new byte[random.Next(100_000, 3_000_000)];
                random.NextBytes(content);
                File.WriteAllBytes(_scratch[$"source/file{random.Next(6)}"], content);
                Wait(TimeSpan.FromMilliseconds(random.Next(100, 5000)));
                int victims = random.Next(1, 4);
                if ((victims & 1) != 0)
                {
                    appliance.Daemon.Signal("KILL");
                    appliance.Daemon.Wait();
                }

                if ((victims & 2) != 0)
                {
                    service.Signal("KILL");
                    service.Wait();
                    service.Dispose();
                    service = agent.Start("run");
                }

                if ((victims & 1) != 0)
                {
                    appliance.Start();
                }
            }

            Policy(appliance, "enabled=false");
            long begun = Stopwatch.GetTimestamp();
            while (Jobs(appliance, "--open").Length > 0)
            {
                Assert.True(Stopwatch.GetElapsedTime(begun) < s_endMax, $"jobs do not end: {Jobs(appliance, "--open")[0]}");
                Wait(TimeSpan.FromSeconds(1));
            }
        }
        finally
        {
            service.Dispose();
        }

        JsonElement[] snapshots = [.. appliance.Operator("snapshot", "list", "--most", "1000", "--json").Expect(0).Json.GetProperty("snapshots").EnumerateArray()];
        ILookup<string, string> byJob = snapshots.ToLookup(
            snapshot => snapshot.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!).Single(tag => tag.StartsWith("job=", StringComparison.Ordinal))[4..], snapshot => snapshot.GetProperty("id").GetString()!);
        JsonElement[] jobs = [.. Jobs(appliance, "--most", "1000").Where(job => Text(job, "kind") == "backup")];
        output.WriteLine($"{jobs.Length} jobs: {string.Join(", ", jobs.GroupBy(job => Text(job, "state")).Select(group => $"{group.Count()} {group.Key}"))}; {jobs.Max(job => job.GetProperty("attempt").GetInt32())} attempts at most, {snapshots.Length} restore points");
        foreach (JsonElement job in jobs)
        {
            string[] made = [.. byJob[Text(job, "id")]];
            Assert.True(Text(job, "state") == "done" ? made.Length == 1 && made[0] == Text(job, "snapshot") : made.Length == 0, $"{job} made {made.Length} restore points");
        }

        Assert.Contains(jobs, job => Text(job, "state") == "done");
        Assert.Equal(snapshots.Length, jobs.Count(job => Text(job, "state") == "done"));
        appliance.VerifyStore();
        string[] before = Versions(appliance);
        appliance.Daemon.Signal("KILL");
        appliance.Daemon.Wait();
        Directory.Delete(Path.Join(appliance.State, "catalogue"), recursive: true);
        appliance.Start();
        Assert.Equal(before, Versions(appliance));
    }

    private void Policy(Appliance appliance, params string[] settings) =>
        appliance.Operator(["policy", "set", "p", "--set", $"sources=[\"{_scratch["source"]}\"]", .. settings.SelectMany(setting => new[] { "--set", setting })]).Expect(0);

    private static JsonElement[] Jobs(Appliance appliance, params string[] options) => [.. appliance.Operator(["job", "list", "--json", .. options]).Expect(0).Json.GetProperty("jobs").EnumerateArray()];

    private static string[] Versions(Appliance appliance)
    {
        string[] versions = [];
        Until.Holds(
            () =>
            {
                JsonElement found = appliance.Operator("find", "file?", "--limit", "10000", "--json").Expect(0).Json;
                versions = [.. found.GetProperty("versions").EnumerateArray().Select(version => version.GetRawText())];
                return versions.Length > 0 && found.GetProperty("pendingSnapshots").GetInt32() == 0;
            },
            "the catalogue covers all snapshots");
        return versions;
    }

    private static string Text(JsonElement job, string name) => job.TryGetProperty(name, out JsonElement text) ? text.GetString()! : "";

    private static void Wait(TimeSpan time)
    {
        using var pause = new ManualResetEventSlim();
        pause.Wait(time);
    }
}
