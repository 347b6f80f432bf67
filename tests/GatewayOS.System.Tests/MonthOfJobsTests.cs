using System.Globalization;
using System.Text.Json;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests;

/// <summary>
/// A month of the real programs with time passed in: a gatewayd, an agent under two policies, clocks that change to summer time, and an appliance and an
/// agent that are killed and away for hours. Which runs there were, and what is kept, is held against a plain model that shares no code with them.
/// </summary>
public sealed class MonthOfJobsTests(ITestOutputHelper output) : IDisposable
{
    private const string ZoneName = "Europe/Berlin";
    private const int Days = 31;
    private const int KeptOfOften = 10;
    private const int OutagePercent = 12;
    private const int AgentDeathPercent = 15;

    private static readonly TimeSpan s_onTime = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_afterPlan = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_stepMax = TimeSpan.FromMinutes(2);
    private static readonly DateTimeOffset s_start = new(2027, 3, 10, 12, 0, 0, TimeSpan.Zero);

    private readonly ScratchDirectory _scratch = new("month");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Runs_windows_summer_time_missed_runs_retention_and_locks_are_what_the_model_says()
    {
        int seed = Environment.GetEnvironmentVariable("GATEWAY_SEED") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : Environment.ProcessId;
        output.WriteLine($"seed {seed} (GATEWAY_SEED={seed} repeats it)");
        var random = new Random(seed);
        var time = new PassedTime(_scratch["time"], s_start);
        using var appliance = new Appliance(_scratch, time.Environment);
        Agent agent = appliance.Enroll("node1");
        BuiltProgram service = agent.Start("run");
        Model[] models =
        [
            new("nightly", [.. Enumerable.Range(0, Days + 1).Select(Nightly)], makesUp: true),
            new("often", [.. Enumerable.Range(0, (Days + 1) * 4).Select(number => s_start.AddHours((number + 1) * 6)).Where(IsInWindow)], makesUp: false),
        ];
        try
        {
            Directory.CreateDirectory(_scratch["source"]);
            Policy(appliance, "nightly", "schedule.cron=30 2 * * *", "retention.daily=3", "retention.lock=60d");
            Policy(appliance, "often", "schedule.every=6h", "schedule.window=20:00-10:00", "schedule.missed=skip", $"retention.last={KeptOfOften}");
            Array.ForEach(models, model => model.Begin(time.Now));
            int outages = 0, deaths = 0;
            DateTimeOffset loginUntil = s_start.AddDays(Days - 7);
            foreach (DateTimeOffset planned in models.SelectMany(model => model.Planned).Where(planned => planned < s_start.AddDays(Days)).Distinct().Order())
            {
                if (planned + s_afterPlan <= time.Now)
                {
                    // It passed while the appliance was away; time does not go back.
                    continue;
                }

                if (planned > loginUntil)
                {
                    // A login ends after thirty days.
                    appliance.LogInAgain();
                    loginUntil += TimeSpan.FromDays(Days);
                }

                File.WriteAllText(_scratch["source/day"], planned.ToString("O", CultureInfo.InvariantCulture));
                bool away = random.Next(100) < OutagePercent;
                if (away)
                {
                    outages++;
                    appliance.Daemon.Signal("KILL");
                    appliance.Daemon.Wait();
                    time.JumpTo(planned + TimeSpan.FromMinutes(random.Next(10, 300)));
                    appliance.Start();
                }
                else
                {
                    if (random.Next(100) < AgentDeathPercent)
                    {
                        deaths++;
                        service.Signal("KILL");
                        service.Wait();
                        service.Dispose();
                        service = agent.Start("run");
                    }

                    time.JumpTo(planned + s_afterPlan);
                }

                Array.ForEach(models, model => model.Ask(time.Now));
                Settle(appliance, models);
            }

            output.WriteLine($"{outages} times the appliance was away, {deaths} times the agent died; {string.Join(", ", models.Select(model => $"{model.Runs.Count} runs of {model.Name}, {model.MadeUp} of them made up"))}");
            appliance.Operator("job", "run", "retention", "--follow", "--quiet").Expect(0);
        }
        finally
        {
            service.Dispose();
        }

        JsonElement[] points = [.. appliance.Operator("snapshot", "list", "--most", "1000", "--json").Expect(0).Json.GetProperty("snapshots").EnumerateArray()];
        foreach (Model model in models)
        {
            JsonElement[] jobs = [.. BackupsOf(appliance, model.Name).OrderBy(job => Time(job, "queued"))];
            Assert.Equal(model.Runs.Count, jobs.Length);
            Assert.All(jobs.Zip(model.Runs), pair => Assert.InRange(Time(pair.First, "queued"), pair.Second, pair.Second + s_stepMax));
            Assert.Equal(model.MadeUp, jobs.Count(job => job.GetProperty("isMadeUp").GetBoolean()));

            // Locked ones stay, though the retention rule asks for few: nobody can make the lock's time come by setting the clock.
            DateTimeOffset[] kept = [.. points.Where(point => point.GetProperty("policy").GetString() == model.Name).Select(point => Time(point, "started")).Order()];
            DateTimeOffset[] expected = [.. model.Name == "nightly" ? model.Runs : model.Runs.TakeLast(KeptOfOften)];
            Assert.Equal(expected.Length, kept.Length);
            Assert.All(kept.Zip(expected), pair => Assert.InRange(pair.First, pair.Second, pair.Second + s_stepMax));
        }

        appliance.VerifyStore();
    }

    // By hand: on the 28th clocks go from 02:00 to 03:00, so 02:30 comes about at 03:00.
    private static DateTimeOffset Nightly(int day)
    {
        TimeZoneInfo zone = TimeZoneInfo.FindSystemTimeZoneById(ZoneName);
        DateTime local = new DateTime(2027, 3, 11, 2, 30, 0).AddDays(day);
        local = zone.IsInvalidTime(local) ? local.AddMinutes(30) : local;
        return new DateTimeOffset(local, zone.GetUtcOffset(local)).ToUniversalTime();
    }

    private static bool IsInWindow(DateTimeOffset instant)
    {
        int hour = TimeZoneInfo.ConvertTime(instant, TimeZoneInfo.FindSystemTimeZoneById(ZoneName)).Hour;
        return hour is >= 20 or < 10;
    }

    private void Policy(Appliance appliance, string name, params string[] settings)
    {
        appliance.Operator(["policy", "set", name, "--set", $"sources=[\"{_scratch["source"]}\"]", "--set", $"schedule.zone={ZoneName}", .. settings.SelectMany(setting => new[] { "--set", setting })]).Expect(0);
        appliance.Operator("policy", "assign", name, "node1").Expect(0);
    }

    private static void Settle(Appliance appliance, Model[] models)
    {
        string said = "";
        Until.Holds(
            () =>
            {
                // Moving the time is not safe beside a program's start, once in a thousand: then its certificates seem not to be valid yet.
                ProgramRun run = ListJobs(appliance);
                JsonElement[] jobs = run.ExitCode == 0 ? JobsOf(run) : [];
                said = $"{string.Join("; ", jobs.Where(IsOpen))}{run.Errors}";
                return run.ExitCode == 0 && models.All(model => jobs.Count(job => Text(job, "policy") == model.Name && Text(job, "state") == "done") >= model.Runs.Count) && !jobs.Any(IsOpen);
            },
            () => $"jobs end: {said}");
    }

    private static bool IsOpen(JsonElement job) => Text(job, "state") is "queued" or "running";

    private static IEnumerable<JsonElement> BackupsOf(Appliance appliance, string policy) => JobsOf(ListJobs(appliance).Expect(0)).Where(job => Text(job, "kind") == "backup" && Text(job, "policy") == policy);

    private static ProgramRun ListJobs(Appliance appliance) => appliance.Operator("job", "list", "--most", "1000", "--json");

    private static JsonElement[] JobsOf(ProgramRun run) => [.. run.Json.GetProperty("jobs").EnumerateArray()];

    private static string Text(JsonElement job, string name) => job.TryGetProperty(name, out JsonElement text) ? text.GetString()! : "";

    private static DateTimeOffset Time(JsonElement job, string name) => job.GetProperty(name).GetDateTimeOffset();

    /// <summary>A policy as its description says it: planned instants, of which the newest decides when several have passed.</summary>
    private sealed class Model(string name, DateTimeOffset[] planned, bool makesUp)
    {
        private DateTimeOffset _considered;

        public string Name => name;

        public DateTimeOffset[] Planned => planned;

        public List<DateTimeOffset> Runs { get; } = [];

        public int MadeUp { get; private set; }

        public void Begin(DateTimeOffset now) => _considered = now;

        public void Ask(DateTimeOffset now)
        {
            DateTimeOffset? newest = planned.Where(instant => instant > _considered && instant <= now).Cast<DateTimeOffset?>().LastOrDefault();
            if (newest is null)
            {
                return;
            }

            bool isLate = now - newest > s_onTime;
            if (!isLate || makesUp)
            {
                Runs.Add(now);
                MadeUp += isLate ? 1 : 0;
            }

            _considered = now;
        }
    }
}
