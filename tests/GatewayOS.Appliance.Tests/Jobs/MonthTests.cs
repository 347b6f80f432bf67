using System.Globalization;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Schedule;
using GatewayOS.Appliance.Tests.Schedule;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit;
using GatewayOS.TestKit.Programs;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Appliance.Tests.Jobs;

/// <summary>A month of an appliance with four nodes, across a change of clocks, with failures; beside a plain model of what has to come about.</summary>
public sealed class MonthTests : IDisposable
{
    private static readonly DateTimeOffset s_begin = new(2026, 10, 10, 0, 0, 0, TimeSpan.Zero);

    private static readonly (string Name, string Schedule, PlainCron? Cron, int Every)[] s_policies =
    [
        ("often", """{"every": "4h", "zone": "UTC"}""", null, 240),
        ("nightly", """{"cron": "30 2 * * *", "zone": "Europe/Berlin"}""", new PlainCron([30], [2], [], [], []), 0),
    ];

    private readonly ScratchDirectory _scratch = new("month");
    private readonly SimulatedClock _clock = new(s_begin);

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(1, 0.0)]
    [InlineData(2, 0.02)]
    [InlineData(4, 0.1)]
    public void A_month_comes_about_as_planned_whatever_fails(int seed, double trouble)
    {
        Random random = Seeded.Random(seed);
        var nodes = new SimulatedNodes(_clock, random, trouble);
        var book = new PolicyBook(new StateDirectory(_scratch["state"]), _clock);
        var models = new List<RunModel>();
        foreach ((string name, string schedule, PlainCron? cron, int every) in s_policies)
        {
            Assert.Empty(book.Set($$"""{"name": "{{name}}", "sources": ["/x"], "schedule": {{schedule}}, "attempts": 4}""", 0, "test").Errors);
            TimeZoneInfo zone = cron is null ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
            List<DateTimeOffset> runs = new PlainSchedule(cron, every, zone, null, TimeSpan.Zero).Runs(s_begin, s_begin.AddDays(31));
            for (int i = 0; i < 2; i++)
            {
                string node = $"{name}{i}";
                nodes.Add(node);
                Assert.Empty(book.Assign(name, node, follows: true).Errors);
                models.Add(new RunModel(node, runs, s_begin));
            }
        }

        JobEngine engine = Open(book, nodes);
        DateTimeOffset end = s_begin.AddDays(30);
        while (_clock.GetUtcNow() < end)
        {
            _clock.Advance(TimeSpan.FromMinutes(random.Next(1, 12)));
            if (random.NextDouble() < trouble / 100)
            {
                // Down for up to a day and a half.
                nodes.ApplianceRestarts();
                _clock.Advance(TimeSpan.FromMinutes(random.Next(1, 2000)));
                engine = Open(book, nodes);
                models.ForEach(model => model.Restart(engine.Jobs));
            }

            nodes.Step(engine);
            IReadOnlyList<JobRecord> before = engine.Jobs;
            models.ForEach(model => model.Before(before, _clock.GetUtcNow()));
            engine.Pump();
            IReadOnlyList<JobRecord> after = engine.Jobs;
            models.ForEach(model => model.After(after));

            // One that was given up too early and comes back is not sent away for others that have begun meanwhile.
            Assert.True(after.Count(job => job.State == JobState.Running && job.IsOnNode) <= (trouble == 0 ? 2 : 4));
        }

        Assert.Empty(nodes.Wrongs);
        Assert.All(models, model => Assert.True(model.Deviations.Count == 0, string.Join('\n', model.Deviations)));
        Assert.Equal(nodes.Snapshots.Count, nodes.Snapshots.Distinct().Count());
        JobRecord[] backups = [.. engine.Jobs.Where(job => job.Kind == JobKind.Backup)];
        Assert.All(backups.Where(job => job.State is JobState.Done or JobState.Warned), job => Assert.Contains(job.Tag, nodes.Snapshots));
        Assert.All(backups, job => Assert.True(job.Attempt <= 4 && (job.IsEnded || job.Queued > end.AddDays(-3)), job.ToString()));
        Assert.True(backups.Length >= (trouble > 0 ? 200 : 2 * (180 + 29)), backups.Length.ToString(CultureInfo.InvariantCulture));
        if (trouble == 0)
        {
            Assert.All(backups.Where(job => job.IsEnded), job => Assert.Equal((JobState.Done, 1), (job.State, job.Attempt)));
        }
        else
        {
            Assert.Contains(backups, job => job.Attempt > 1 && job.State == JobState.Done);

            // Two or three in a month of little trouble, and then also none; a dozen in one of more.
            Assert.True(trouble < 0.1 || backups.Any(job => job.State == JobState.Failed));
        }
    }

    private JobEngine Open(PolicyBook book, SimulatedNodes nodes) => new(_scratch["jobs"], book, nodes, new JobLimits(2), _ => true, _clock);

    /// <summary>Says at each step whether a node's job has to appear: when a planned run has come about that no job answers for yet.</summary>
    private sealed class RunModel(string node, List<DateTimeOffset> runs, DateTimeOffset since)
    {
        private DateTimeOffset? _dealt;
        private bool _expected;
        private bool _eitherWay;
        private bool _wasAtWork;
        private int _before;

        public List<string> Deviations { get; } = [];

        // A run that was passed over because the one before was still at work is not on record, and counts as missed after a restart.
        public void Restart(IReadOnlyList<JobRecord> jobs) => _dealt = Mine(jobs).Max(job => job.Considered);

        public void Before(IReadOnlyList<JobRecord> jobs, DateTimeOffset now)
        {
            // The steps before this one may have pumped too; what they ordered is seen here.
            JobRecord[] mine = [.. Mine(jobs)];
            if (mine.Length > _before)
            {
                DateTimeOffset newest = mine.Max(job => job.Considered)!.Value;
                _dealt = _dealt > newest ? _dealt : newest;
            }

            bool isDue = runs.Exists(run => run > (_dealt ?? since) && run <= now);
            bool isFree = mine.All(job => job.IsEnded);

            // Whether the job before ended before or after the engine looked in this step is not seen from here.
            _eitherWay = isDue && isFree && _wasAtWork;
            _expected = isDue && isFree;
            _dealt = isDue ? now : _dealt;
            _before = mine.Length;
        }

        public void After(IReadOnlyList<JobRecord> jobs)
        {
            JobRecord[] mine = [.. Mine(jobs)];
            _wasAtWork = mine.Any(job => !job.IsEnded);
            if (mine.Length - _before != (_expected ? 1 : 0) && !_eitherWay)
            {
                Deviations.Add($"{node}: {mine.Length - _before} jobs at {mine.LastOrDefault()?.Queued}, expected {_expected}");
            }

            _before = mine.Length;
        }

        private IEnumerable<JobRecord> Mine(IReadOnlyList<JobRecord> jobs) => jobs.Where(job => job.NodeId == node && job.Kind == JobKind.Backup);
    }
}
