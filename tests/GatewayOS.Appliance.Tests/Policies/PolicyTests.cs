using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Schedule;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Appliance.Tests.Policies;

/// <summary>Policies: read whole or refused whole, and kept.</summary>
public sealed class PolicyTests : IDisposable
{
    private static readonly DateTimeOffset s_now = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly ScratchDirectory _scratch = new("policy");
    private readonly SimulatedClock _clock = new(s_now);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Everything_that_can_be_said_is_read()
    {
        Policy policy = PolicyDocument.Read(
            """
            {
              // comments are fine
              "name": "servers", "enabled": false, "sources": ["/etc", "/home"], "includes": ["keep.iso"], "excludes": ["*.iso"], "oneFileSystem": true,
              "schedule": { "cron": "30 22 * * 1-5", "zone": "Europe/Berlin", "window": "22:00-06:00", "jitter": "15min", "missed": "skip" },
              "retention": { "last": 3, "daily": 7, "weekly": 4, "within": "1y6m", "lock": "14d" },
              "priority": "high", "bandwidthBytesPerSecond": 1000000, "attempts": 2,
              "before": { "hook": "stop-db", "timeout": "10min" }, "after": { "hook": "start-db", "mayFail": true },
              "verifyEvery": "7d", "drill": { "every": "1d", "files": 20 },
            }
            """,
            s_now).Policy!;
        Assert.Equal(("servers", false, 2, "keep.iso", "*.iso", true), (policy.Name, policy.Enabled, policy.Sources.Count, policy.Includes[0], policy.Excludes[0], policy.OneFileSystem));
        Assert.Equal((TimeSpan.FromMinutes(15), MissedRunRule.Skip, "22:00-06:00"), (policy.Schedule.Jitter, policy.Schedule.Missed, policy.Schedule.Window.ToString()));
        Assert.Equal((3, 7, 4, TimeSpan.FromDays(14)), (policy.Retention!.Last, policy.Retention.Daily, policy.Retention.Weekly, policy.Lock));
        Assert.Equal((PolicyPriority.High, 1_000_000, 2), (policy.Priority, policy.BandwidthBytesPerSecond, policy.Attempts));
        Assert.Equal((new PolicyHook("stop-db", TimeSpan.FromMinutes(10), false), new PolicyHook("start-db", TimeSpan.FromMinutes(5), true)), (policy.Before, policy.After));
        Assert.Equal((TimeSpan.FromDays(7), TimeSpan.FromDays(1), 20), (policy.VerifyEvery, policy.DrillEvery, policy.DrillFiles));
    }

    [Fact]
    public void Every_error_comes_at_once_with_its_field_and_a_remedy()
    {
        PolicyReading reading = PolicyDocument.Read(
            """
            {
              "name": "No Name", "sources": ["etc", "/home", "/home/"], "excludes": ["!back"], "colour": "red", "attempts": 0, "bandwidthBytesPerSecond": "much",
              "schedule": { "cron": "61 * * * *", "every": "30sec", "zone": "Europe/Berlim", "window": "22-6", "missed": "never" },
              "retention": { "daily": -1 }, "before": { "hook": "../evil", "timeout": "5h" }, "drill": { "every": "1min" }, "priority": 7
            }
            """,
            s_now);
        Assert.Null(reading.Policy);
        Assert.Equal(
            [
                "attempts", "bandwidthBytesPerSecond", "before.hook", "before.timeout", "colour", "drill.every", "excludes", "name", "priority", "retention.daily", "retention.last",
                "schedule.cron", "schedule.cron", "schedule.every", "schedule.missed", "schedule.window", "schedule.zone", "sources", "sources",
            ],
            reading.Errors.Select(error => error.Field).Order(StringComparer.Ordinal));
        Assert.All(reading.Errors, error => Assert.True(error.Problem.EndsWith('.') && error.Remedy.EndsWith('.'), error.ToString()));
    }

    [Theory]
    [InlineData("{", "(document)")]
    [InlineData("[]", "(document)")]
    [InlineData("""{"name":"a","sources":["/"],"schedule":{"cron":"0 12 * * *","zone":"UTC","window":"22:00-06:00"}}""", "schedule.cron")]
    [InlineData("""{"name":"a","sources":["/"],"schedule":{"cron":"0 0 31 2 *"}}""", "schedule.cron")]
    [InlineData("""{"name":"a","sources":["/"],"schedule":{"every":"1h","jitter":"1h"}}""", "schedule.jitter")]
    [InlineData("""{"name":"a","sources":["/"],"schedule":{}}""", "schedule.cron")]
    [InlineData("""{"name":"a","sources":["/"],"schedule":{"every":"1h"},"retention":{"daily":0}}""", "retention.last")]
    public void What_makes_no_sense_is_refused(string document, string field) => Assert.Equal(field, Assert.Single(PolicyDocument.Read(document, s_now).Errors).Field);

    [Fact]
    public void Policies_are_versioned_and_outlive_the_process()
    {
        var book = new PolicyBook(new StateDirectory(_scratch["state"]), _clock);
        int told = 0;
        book.Changed += () => told++;
        Assert.Equal(1, book.Set(Document("4h"), 0, "anna").Entry!.Current.Version);
        Assert.Equal(2, book.Set(Document("8h"), 1, "bert").Entry!.Current.Version);
        Assert.Contains("changed meanwhile", Assert.Single(book.Set(Document("6h"), 1, "anna").Errors).Problem, StringComparison.Ordinal);
        Assert.Contains("already", Assert.Single(book.Set(Document("6h"), 0, "anna").Errors).Problem, StringComparison.Ordinal);
        Assert.Empty(book.Assign("p", "node1", follows: true).Errors);
        Assert.Contains("follow", Assert.Single(book.Delete("p").Errors).Problem, StringComparison.Ordinal);
        Assert.Equal(3, told);

        var again = new PolicyBook(new StateDirectory(_scratch["state"]), _clock);
        Assert.Equal(TimeSpan.FromHours(8), again.PolicyOf("p")!.Schedule.Every);
        Assert.Equal(["anna", "bert"], again.Find("p")!.Versions.Select(version => version.ChangedBy));
        Assert.Equal(("node1", "p", s_now), (again.Assignments[0].NodeId, again.Assignments[0].Policy, again.Assignments[0].Since));
        Assert.Empty(again.Assign("p", "node1", follows: false).Errors);
        Assert.Empty(again.Delete("p").Errors);
        Assert.Empty(new PolicyBook(new StateDirectory(_scratch["state"]), _clock).Entries);
    }

    [Fact]
    public void A_damaged_file_is_not_taken_for_no_policies()
    {
        var state = new StateDirectory(_scratch["state"]);
        File.WriteAllText(state.PathOf("policies.json"), "{\"version\": 1, \"poli");
        Assert.Contains("policies.json", Assert.Throws<InvalidDataException>(() => new PolicyBook(state, _clock)).Message, StringComparison.Ordinal);
    }

    private static string Document(string every) => $$$"""{"name": "p", "sources": ["/etc"], "schedule": {"every": "{{{every}}}", "zone": "UTC"}}""";
}
