using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Policies;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Jobs;

/// <summary>Work that rests because the appliance sheds load.</summary>
public sealed class RestTests : IJobRunner, IDisposable
{
    private const string Why = "It is too hot.";

    private readonly ScratchDirectory _scratch = new("rest");
    private readonly ManualClock _clock = new();
    private readonly List<string> _begun = [];
    private readonly List<string> _cancelled = [];
    private readonly JobEngine _engine;

    public RestTests() => _engine = new JobEngine(_scratch["jobs"], new PolicyBook(new StateDirectory(_scratch["state"]), _clock), this, new JobLimits(2), _ => true, _clock);

    public void Dispose() => _scratch.Dispose();

    bool IJobRunner.CanStart(JobRecord job) => true;

    bool IJobRunner.TryStart(JobRecord job, Policy? policy)
    {
        _begun.Add(job.AttemptId);
        return true;
    }

    void IJobRunner.Cancel(string nodeId, string attemptId) => _cancelled.Add(attemptId);

    string? IJobRunner.SnapshotOf(JobRecord job) => null;

    [Fact]
    public void What_rests_does_not_begin_and_everything_else_does()
    {
        _engine.Rest([JobKind.Gc], Why);
        JobRecord gc = _engine.Order(new JobRequest(JobKind.Gc))!;
        JobRecord verify = _engine.Order(new JobRequest(JobKind.Verify))!;
        Assert.Equal([$"{verify.Id}.1"], _begun);
        Assert.Equal([JobKind.Gc], _engine.Resting);
        _engine.Rest([], "");
        Assert.Equal([$"{verify.Id}.1", $"{gc.Id}.1"], _begun);
    }

    [Fact]
    public void What_is_at_work_is_interrupted_and_taken_up_again_with_all_its_attempts()
    {
        JobRecord gc = _engine.Order(new JobRequest(JobKind.Gc))!;
        _engine.Rest([JobKind.Gc], Why);
        _engine.Rest([JobKind.Gc, JobKind.Verify], Why);
        Assert.Equal([$"{gc.Id}.1"], _cancelled);
        _engine.End($"{gc.Id}.1", new JobOutcome(JobState.Cancelled));
        JobRecord waiting = _engine.Find(gc.Id)!;
        Assert.Equal((JobState.Queued, Why, gc.AttemptsMax + 1), (waiting.State, waiting.Message, waiting.AttemptsMax));
        _engine.Rest([], "");
        Assert.Equal([$"{gc.Id}.1", $"{gc.Id}.2"], _begun);
        _engine.End($"{gc.Id}.2", new JobOutcome(JobState.Done));
        Assert.Equal(JobState.Done, _engine.Find(gc.Id)!.State);
    }

    [Fact]
    public void What_was_done_before_it_heard_of_the_rest_is_done()
    {
        JobRecord gc = _engine.Order(new JobRequest(JobKind.Gc))!;
        _engine.Rest([JobKind.Gc], Why);
        _engine.End($"{gc.Id}.1", new JobOutcome(JobState.Done));
        Assert.Equal(JobState.Done, _engine.Find(gc.Id)!.State);
    }

    [Fact]
    public void What_was_called_off_while_it_rested_stays_called_off()
    {
        JobRecord gc = _engine.Order(new JobRequest(JobKind.Gc))!;
        _engine.Rest([JobKind.Gc], Why);
        _engine.Cancel(gc.Id, "user:vera");
        _engine.End($"{gc.Id}.1", new JobOutcome(JobState.Cancelled));
        Assert.Equal(JobState.Cancelled, _engine.Find(gc.Id)!.State);
    }
}
