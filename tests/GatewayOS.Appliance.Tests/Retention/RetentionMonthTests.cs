using System.Globalization;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Retention;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Retention;

/// <summary>
/// A month of restore points through the engine and a real store, under rules, locks, holds, nodes that lie about time, a clock that is set at will and
/// hands that reach for what is locked; beside a plain model of what has to be there.
/// </summary>
public sealed class RetentionMonthTests : IDisposable
{
    private static readonly DateTimeOffset s_begin = new(2026, 10, 10, 0, 0, 0, TimeSpan.Zero);
    private static readonly TimeZoneInfo s_zone = TimeZoneInfo.FindSystemTimeZoneById("Europe/Berlin");
    private static readonly string[] s_nodes = ["node1", "node2"];

    private readonly ScratchDirectory _scratch = new("retention");
    private readonly HandSetClock _clock = new(s_begin);

    public void Dispose() => _scratch.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void What_is_there_is_what_rules_locks_and_holds_say_whatever_clocks_and_hands_do(int seed)
    {
        Random random = Seeded.Random(seed);
        var rule = new PlainRule(random.Next(0, 3), random.Next(1, 6), random.Next(0, 3), random.Next(3) == 0 ? null : TimeSpan.FromDays(random.Next(1, 9)));
        var state = new StateDirectory(_scratch["state"]);
        using BackupStore store = BackupStore.Create(
            new PosixDisk(_scratch["store"]), new StoreOptions(), new StoreSecret.KeyFile(KeyFile.Generate()), "test", new OpenOptions { Time = _clock, BootClock = _clock });
        using var alerts = new AlertCentre(_scratch["alerts.db"], "test", () => [], Assert.Fail, _clock);
        var book = new PolicyBook(state, _clock);
        Assert.Empty(book.Set($$"""{"name": "p", "sources": ["/x"], "schedule": {"every": "6h", "zone": "Europe/Berlin"}, "retention": {{rule.Json}} }""", 0, "test").Errors);
        Array.ForEach(s_nodes, node => Assert.Empty(book.Assign("p", node, follows: true).Errors));
        using var month = new Month(store, book, new SnapshotHolds(state, _clock), new LockWatch(state, _clock, alerts), alerts, _clock, rule, random);
        var engine = new JobEngine(_scratch["jobs"], book, month, new JobLimits(2), _ => true, _clock);
        while (_clock.Run < TimeSpan.FromDays(31))
        {
            _clock.Pass(TimeSpan.FromMinutes(random.Next(20, 120)));
            month.Step(engine);
            engine.Pump();
        }

        Assert.True(month.Wrongs.Count == 0, string.Join('\n', month.Wrongs));
        Assert.True(month.Made > 150 && month.Checked > 25, $"{month.Made} restore points, {month.Checked} times looked at");
        Assert.True(rule.Lock is null || month.Refused > 20, $"{month.Refused} hands were refused");
        Assert.DoesNotContain(alerts.List(withCleared: true, 1000), alert => alert.Event.Kind == AlertKind.LockTampering);
    }

    private sealed record PlainRule(int Last, int Daily, int Weekly, TimeSpan? Lock)
    {
        public string Json => string.Create(CultureInfo.InvariantCulture, $$"""{"last": {{Last}}, "daily": {{Daily}}, "weekly": {{Weekly}}{{(Lock is { } held ? $", \"lock\": \"{held.TotalDays}d\"" : "")}}}""");
    }

    /// <summary>A restore point as the model knows it.</summary>
    private sealed record Point(SnapshotRecord Record, DateTimeOffset Time, TimeSpan LockedUntilRun);

    /// <summary>Does jobs, plays the hands, and keeps the model.</summary>
    private sealed class Month(BackupStore store, PolicyBook book, SnapshotHolds holds, LockWatch locks, AlertCentre alerts, HandSetClock clock, PlainRule rule, Random random) : IJobRunner, IDisposable
    {
        private readonly StoreWriter _writer = store.OpenWriter(new WriterOptions { Workers = 0, Time = clock });
        private readonly SnapshotGuard _guard = new(new SnapshotWatch(alerts, holds), locks, id => id);
        private readonly List<Point> _points = [];
        private readonly Queue<JobRecord> _begun = [];
        private readonly Dictionary<string, DateTimeOffset> _held = [];

        public List<string> Wrongs { get; } = [];

        public int Made { get; private set; }

        public int Checked { get; private set; }

        public int Refused { get; private set; }

        public bool CanStart(JobRecord job) => true;

        public bool TryStart(JobRecord job, Policy? policy)
        {
            _begun.Enqueue(job);
            return true;
        }

        public void Cancel(string nodeId, string attemptId)
        {
        }

        public string? SnapshotOf(JobRecord job) => null;

        public void Dispose() => _writer.Dispose();

        public void Step(JobEngine engine)
        {
            SetTheClock();
            HoldOrRelease();
            Reach();
            while (_begun.TryDequeue(out JobRecord? job))
            {
                switch (job.Kind)
                {
                    case JobKind.Backup:
                        engine.End(job.NodeId, job.AttemptId, new JobOutcome(JobState.Done, SnapshotId: Make(job).Id));
                        break;
                    case JobKind.Retention:
                        int gone = RetentionRun.Forget(store, book, holds, _guard, clock.GetUtcNow(), CancellationToken.None);
                        Compare();
                        engine.End(job.AttemptId, new JobOutcome(JobState.Done, Figures: new JobFigures(gone, 0)));
                        break;
                    default:
                        engine.End(job.AttemptId, new JobOutcome(JobState.Done));
                        break;
                }
            }
        }

        private SnapshotRecord Make(JobRecord job)
        {
            // Most say when they began; some lie, to make others expire.
            DateTimeOffset now = clock.GetUtcNow();
            DateTimeOffset started = random.Next(10) switch { 0 => now.AddDays(random.Next(2, 900)), 1 => now.AddDays(-random.Next(2, 900)), _ => now.AddMinutes(-random.Next(0, 180)) };
            SnapshotRecord made = _writer.Commit(new SnapshotDraft
            {
                Host = job.NodeId,
                NodeId = job.NodeId,
                Sources = ["/x"],
                Tags = [job.Tag, RetentionRun.TagOf(job.Policy)],
                StartedUtc = started,
                Root = ContentRef.Empty,
                ProblemCount = random.Next(4) == 0 ? 1 : 0,
            });
            RetentionRun.Lock(store, book, made);
            bool isBelieved = started <= now && now - started < TimeSpan.FromDays(1);
            _points.Add(new Point(made, isBelieved ? started : made.FinishedUtc, rule.Lock is { } held ? clock.Run + held : TimeSpan.Zero));
            Made++;
            return made;
        }

        private void SetTheClock() => clock.Off = random.Next(60) switch { 0 => TimeSpan.FromDays(random.Next(1, 400)), 1 => -TimeSpan.FromDays(random.Next(1, 20)), < 6 => TimeSpan.Zero, _ => clock.Off };

        private void HoldOrRelease()
        {
            string node = s_nodes[random.Next(s_nodes.Length)];
            if (random.Next(40) == 0 && _points.LastOrDefault(point => point.Record.Draft.NodeId == node) is { } point)
            {
                _held.TryAdd(node, holds.Hold(node, point.Record.FinishedUtc, "for the test").Through);
            }
            else if (random.Next(30) == 0 && _held.Remove(node))
            {
                holds.Release(node);
            }
        }

        // Somebody with the store open tries to delete a restore point.
        private void Reach()
        {
            if (_points.Count == 0 || random.Next(3) > 0)
            {
                return;
            }

            Point point = _points[random.Next(_points.Count)];
            if (clock.Run >= point.LockedUntilRun)
            {
                return;
            }

            try
            {
                store.DeleteSnapshot(point.Record);
                Wrongs.Add($"{clock.Run}: {point.Record.ShortId} was locked until {point.LockedUntilRun} and could be deleted");
            }
            catch (StoreUnusableException)
            {
                Refused++;
            }
        }

        private void Compare()
        {
            Checked++;
            HashSet<string> kept = [.. s_nodes.SelectMany(Keep)];
            Point[] all = [.. _points];
            _points.RemoveAll(point => !kept.Contains(point.Record.Id));
            string[] there = [.. store.Snapshots().Records.Select(record => record.Id).Order(StringComparer.Ordinal)];
            string[] expected = [.. kept.Order(StringComparer.Ordinal)];
            if (!there.SequenceEqual(expected, StringComparer.Ordinal))
            {
                IEnumerable<string> wrong = all.Where(point => there.Contains(point.Record.Id) != kept.Contains(point.Record.Id))
                    .Select(point => $"{point.Record.Draft.NodeId} {point.Time:u}, finished {point.Record.FinishedUtc:u}, locked until {point.LockedUntilRun}, {(kept.Contains(point.Record.Id) ? "missing" : "left")}");
                Wrongs.Add($"{clock.Run} by {rule}, held {string.Join(',', _held)}: {string.Join("; ", wrong)}");
            }
        }

        // As plainly as it can be said: what each part of the rule keeps.
        private IEnumerable<string> Keep(string node)
        {
            Point[] newestFirst = [.. _points.Where(point => point.Record.Draft.NodeId == node).OrderByDescending(point => point.Time).ThenBy(point => point.Record.Id, StringComparer.Ordinal)];
            IEnumerable<Point> byDay = newestFirst.GroupBy(point => Local(point).Date).Take(rule.Daily).Select(day => day.First());
            IEnumerable<Point> byWeek = newestFirst.GroupBy(point => Local(point).Date.AddDays(-(((int)Local(point).DayOfWeek + 6) % 7))).Take(rule.Weekly).Select(week => week.First());
            Point? newestWhole = newestFirst.Where(point => point.Record.Draft.ProblemCount == 0).OrderByDescending(point => point.Record.FinishedUtc).ThenBy(point => point.Record.Id, StringComparer.Ordinal).FirstOrDefault();
            return newestFirst.Take(rule.Last).Concat(byDay).Concat(byWeek)
                .Concat(newestFirst.Where(point => clock.Run < point.LockedUntilRun))
                .Concat(newestFirst.Where(point => _held.TryGetValue(node, out DateTimeOffset through) && point.Record.FinishedUtc <= through))
                .Concat(newestWhole is null ? [] : [newestWhole])
                .Select(point => point.Record.Id);
        }

        private static DateTime Local(Point point) => TimeZoneInfo.ConvertTime(point.Time, s_zone).DateTime;
    }
}
