using System.Diagnostics;
using System.Text.Json;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests;

/// <summary>
/// Nodes under a policy whose appliance and agents are killed at random moments. Every job must reach an end, and it must be the right one: what is done
/// has one restore point, what is not has none. The catalogue that lived through it equals one made anew.
/// </summary>
public sealed class JobChaosTests(ITestOutputHelper output) : IDisposable
{
    private const int Rounds = 40;
    private const int Nodes = 3;

    // Fewer, and the run says little: jobs that came to their end, and such that needed more than one attempt for it.
    private const int DoneMin = 12;
    private const int InterruptedMin = 4;

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
        Agent[] agents = [.. Enumerable.Range(0, Nodes).Select(node => appliance.Enroll($"node{node}"))];
        BuiltProgram[] services = [.. agents.Select(agent => agent.Start("run"))];
        try
        {
            Directory.CreateDirectory(_scratch["source"]);
            Policy(appliance, "schedule.every=10s", "bandwidthBytesPerSecond=1500000", "attempts=20");
            appliance.Operator(["policy", "assign", "p", .. Enumerable.Range(0, Nodes).Select(node => $"node{node}")]).Expect(0);
            for (int round = 0; round < Rounds; round++)
            {
                byte[] content = new byte[random.Next(100_000, 3_000_000)];
                random.NextBytes(content);
                File.WriteAllBytes(_scratch[$"source/file{random.Next(6)}"], content);
                Wait(TimeSpan.FromMilliseconds(random.Next(100, 5000)));

                // The appliance in half of the rounds, and each agent in a third of them.
                bool restarts = random.Next(2) == 0;
                if (restarts)
                {
                    appliance.Daemon.Signal("KILL");
                    appliance.Daemon.Wait();
                }

                for (int node = 0; node < Nodes; node++)
                {
                    if (random.Next(3) == 0)
                    {
                        services[node].Signal("KILL");
                        services[node].Wait();
                        services[node].Dispose();
                        services[node] = agents[node].Start("run");
                    }
                }

                if (restarts)
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
            Array.ForEach(services, service => service.Dispose());
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

        Assert.InRange(jobs.Count(job => Text(job, "state") == "done"), DoneMin, int.MaxValue);
        Assert.InRange(jobs.Count(job => job.GetProperty("attempt").GetInt32() > 1), InterruptedMin, int.MaxValue);
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
