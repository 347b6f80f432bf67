using System.Globalization;
using System.Security.Cryptography;
using GatewayOS.Appliance.Policies;

namespace GatewayOS.Appliance.Jobs;

/// <summary>Who does jobs. Called under the engine's lock: beginning a restore and <see cref="SnapshotOf"/> look into the store, nothing else waits.</summary>
public interface IJobRunner
{
    /// <summary>True when the job's worker is there: its node is connected.</summary>
    bool CanStart(JobRecord job);

    /// <summary>Begins an attempt. Its end is reported to the engine later, from another thread.</summary>
    /// <returns>False when the worker takes nothing now.</returns>
    bool TryStart(JobRecord job, Policy? policy);

    /// <summary>Asks the worker to stop an attempt.</summary>
    /// <param name="nodeId">The node it is at work on; empty for the appliance.</param>
    /// <param name="attemptId">The attempt.</param>
    void Cancel(string nodeId, string attemptId);

    /// <summary>Looks in the store for the restore point that an attempt of a backup made, whose end nobody reported. Only asked before a job is done once more.</summary>
    /// <returns>Null when there is none.</returns>
    string? SnapshotOf(JobRecord job);
}

/// <summary>An order for a job.</summary>
public sealed record JobRequest(JobKind Kind)
{
    /// <summary>Whose; empty for the whole store.</summary>
    public string NodeId { get; init; } = "";

    /// <summary>By which policy; empty for none.</summary>
    public string Policy { get; init; } = "";

    /// <summary>Paths instead of the policy's.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];

    /// <summary>What a restore does.</summary>
    public RestoreSpec? Restore { get; init; }

    /// <summary>Who orders it.</summary>
    public string OrderedBy { get; init; } = "";
}

/// <summary>
/// All jobs: ordered by schedules and operators, begun as limits allow, tried again, kept. Every change of state is durable before anybody
/// hears of it, so after a restart no job is lost, and none is doubled: what was at work is asked about where it was (<c>JobEngine.Nodes.cs</c>).
/// Driven from outside by <see cref="Pump"/>, and so the same in a simulation as in service. Thread-safe.
/// </summary>
public sealed partial class JobEngine
{
    /// <summary>How long a job waits for its node to come back, once it is at work there.</summary>
    public static readonly TimeSpan LostNodeMax = TimeSpan.FromMinutes(15);

    /// <summary>How long a job waits for a node that is not connected, before it has failed.</summary>
    public static readonly TimeSpan OfflineMax = TimeSpan.FromHours(24);

    /// <summary>Most jobs that wait.</summary>
    public const int QueuedMax = 2000;

    private const int OperatorAttemptsMax = 3;
    private static readonly TimeSpan s_wakeMax = TimeSpan.FromMinutes(1);

    private readonly JobJournal _journal;
    private readonly PolicyBook _book;
    private readonly IJobRunner _runner;
    private readonly JobLimits _limits;
    private readonly TimeProvider _time;
    private readonly Func<string, bool> _isNode;
    private readonly DateTimeOffset _opened;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, DateTimeOffset> _lastStart = new(StringComparer.Ordinal);

    /// <summary>Opens the engine, and takes up what was at work when it ended last.</summary>
    /// <param name="directory">Where jobs are kept.</param>
    /// <param name="book">The policies.</param>
    /// <param name="runner">Who does the work.</param>
    /// <param name="limits">How much at once.</param>
    /// <param name="isNode">Whether an ID is of an enrolled node.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="InvalidDataException">A job's file is damaged.</exception>
    public JobEngine(string directory, PolicyBook book, IJobRunner runner, JobLimits limits, Func<string, bool> isNode, TimeProvider time)
    {
        (_journal, _book, _runner, _limits, _isNode, _time) = (new JobJournal(directory), book, runner, limits, isNode, time);
        _opened = time.GetUtcNow();
        TakeUp();
    }

    /// <summary>Told about every change of a job, also of its figures, on any thread and outside the lock's order: handlers only note it.</summary>
    public event Action<JobRecord>? Changed;

    /// <summary>Tells whether there are vaults to keep up to date. Asked often, under the engine's lock.</summary>
    public Func<bool> HasVaults { get; init; } = static () => false;

    /// <summary>All jobs, oldest first.</summary>
    public IReadOnlyList<JobRecord> Jobs
    {
        get
        {
            lock (_gate)
            {
                return [.. _journal.All];
            }
        }
    }

    /// <summary>Finds a job by its ID or a beginning of it that is unique.</summary>
    public JobRecord? Find(string idOrBeginning)
    {
        lock (_gate)
        {
            JobRecord[] found = [.. _journal.All.Where(job => idOrBeginning.Length > 0 && job.Id.StartsWith(idOrBeginning, StringComparison.Ordinal)).Take(2)];
            return found.Length == 1 ? found[0] : null;
        }
    }

    /// <summary>Orders a job. Durable when it returns.</summary>
    /// <returns>The job; the one that waits or runs already when it does the same. Null when too many wait.</returns>
    public JobRecord? Order(JobRequest request)
    {
        JobRecord? job;
        lock (_gate)
        {
            JobRecord? same = request.Kind == JobKind.Restore ? null : _journal.All.LastOrDefault(known => !known.IsEnded && IsSame(known, request));
            job = same ?? Add(request, JobQueue.ClassMax, OperatorAttemptsMax, considered: null, latestStart: null, isMadeUp: false);
        }

        Pump();
        return job;
    }

    /// <summary>Calls a job off. One at work is stopped by its worker, who reports its end.</summary>
    /// <returns>The job; null when there is none.</returns>
    public JobRecord? Cancel(string id, string by)
    {
        lock (_gate)
        {
            if (_journal.Find(id) is not { } job || job.IsEnded)
            {
                return _journal.Find(id);
            }

            string message = $"Called off by {by}.";
            if (job.State == JobState.Queued)
            {
                Put(job with { State = JobState.Cancelled, Ended = _time.GetUtcNow(), Message = message });
            }
            else
            {
                Put(job with { CancelAsked = true, Message = message });
                _runner.Cancel(job.IsOnNode ? job.NodeId : "", job.AttemptId);
            }

            return _journal.Find(id);
        }
    }

    /// <summary>Finds an attempt that is at work now.</summary>
    /// <param name="nodeId">The node it is at work on.</param>
    /// <param name="attemptId">The attempt.</param>
    /// <returns>Null when that node is not at work on it, or not any more.</returns>
    public JobRecord? RunningAttempt(string nodeId, string attemptId)
    {
        lock (_gate)
        {
            return Running(nodeId, attemptId);
        }
    }

    /// <summary>Notes how far a job on the appliance is.</summary>
    public void Progress(string attemptId, JobFigures figures) => Progress("", attemptId, figures);

    /// <summary>Notes how far a job is.</summary>
    /// <param name="by">The node that says so; empty for the appliance. Nobody speaks of another's jobs.</param>
    /// <param name="attemptId">The attempt.</param>
    /// <param name="figures">How far it is.</param>
    public void Progress(string by, string attemptId, JobFigures figures)
    {
        lock (_gate)
        {
            if (Running(by, attemptId) is { } job)
            {
                _journal.PutInMemory(job with { Figures = figures });
                Changed?.Invoke(job with { Figures = figures });
            }
        }
    }

    /// <summary>Takes note of the end of an attempt on the appliance.</summary>
    public void End(string attemptId, JobOutcome outcome) => End("", attemptId, outcome);

    /// <summary>Takes note of an attempt's end. Another attempt follows when that may help. What is not at work any more is not ended twice.</summary>
    /// <param name="by">The node that says so; empty for the appliance. Nobody ends another's jobs.</param>
    /// <param name="attemptId">The attempt.</param>
    /// <param name="outcome">How it ended.</param>
    public void End(string by, string attemptId, JobOutcome outcome)
    {
        lock (_gate)
        {
            if (Running(by, attemptId) is { } job)
            {
                EndAttempt(job, outcome);
            }
        }

        Pump();
    }

    /// <summary>Does what is due: orders by schedule, begins jobs, gives up on what has waited too long.</summary>
    /// <returns>When to call again at the latest.</returns>
    public DateTimeOffset Pump()
    {
        lock (_gate)
        {
            DateTimeOffset now = _time.GetUtcNow();
            DateTimeOffset next = OrderBySchedules(now);
            GiveUpWaiting(now);
            while (JobQueue.Choose([.. _journal.All.Where(job => !job.IsEnded)], _limits, _lastStart, CanBegin, now) is { } job && Begin(job, now))
            {
            }

            DateTimeOffset wake = _journal.All.Where(job => job.State == JobState.Queued && job.NotBefore > now).Select(job => job.NotBefore).Append(next).Append(now + s_wakeMax).Min();
            return wake;
        }
    }

    private static bool IsSame(JobRecord job, JobRequest request) =>
        job.Kind == request.Kind && job.NodeId == request.NodeId && job.Policy == request.Policy && job.Paths.SequenceEqual(request.Paths, StringComparer.Ordinal);

    private JobRecord? Add(JobRequest request, int priority, int attemptsMax, DateTimeOffset? considered, DateTimeOffset? latestStart, bool isMadeUp)
    {
        if (_journal.All.Count(job => job.State == JobState.Queued) >= QueuedMax)
        {
            return null;
        }

        DateTimeOffset now = _time.GetUtcNow();
        var job = new JobRecord
        {
            Id = NewId(now),
            Kind = request.Kind,
            NodeId = request.NodeId,
            Policy = request.Policy,
            Paths = request.Paths,
            Restore = request.Restore,
            OrderedBy = request.OrderedBy,
            Priority = priority,
            State = JobState.Queued,
            Queued = now,
            NotBefore = now,
            Considered = considered,
            LatestStart = latestStart,
            IsMadeUp = isMadeUp,
            AttemptsMax = attemptsMax,
        };
        Put(job);
        return job;
    }

    // The time in front makes files and lists sort by age; the rest cannot be guessed or met twice.
    private static string NewId(DateTimeOffset now) => string.Create(CultureInfo.InvariantCulture, $"{now.ToUnixTimeMilliseconds():x12}{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(10))}");

    private bool Begin(JobRecord job, DateTimeOffset now)
    {
        Policy? policy = job.Policy.Length > 0 ? _book.PolicyOf(job.Policy) : null;
        if (job.Policy.Length > 0 && policy is null)
        {
            EndAttempt(job, JobOutcome.Failed(JobFault.Refused, $"The policy '{job.Policy}' is gone, or does not hold any more."));
            return true;
        }

        if (job is { Kind: JobKind.Backup, Attempt: > 0 } && _runner.SnapshotOf(job) is { } made)
        {
            EndAttempt(job, new JobOutcome(JobState.Done, Message: "The restore point was made; only the node's word of it was lost.", SnapshotId: made));
            return true;
        }

        JobRecord begun = job with { State = JobState.Running, Started = now, Attempt = job.Attempt + 1, Fault = JobFault.None, Message = "", Figures = default };
        Put(begun);
        if (!_runner.TryStart(begun, policy))
        {
            Put(job);
            return false;
        }

        _lastStart[job.NodeId] = now;
        return true;
    }

    private void EndAttempt(JobRecord job, JobOutcome outcome)
    {
        DateTimeOffset now = _time.GetUtcNow();
        _lost.Remove(job.Id);
        if (TakeRest(job, outcome))
        {
            return;
        }

        JobRecord ended = job with
        {
            Fault = outcome.Fault,
            Message = outcome.Message.Length > 0 ? outcome.Message : job.CancelAsked ? job.Message : "",
            Figures = outcome.Figures == default ? job.Figures : outcome.Figures,
            SnapshotId = outcome.SnapshotId,
            Drill = outcome.Drill,
        };
        if (outcome.State == JobState.Failed && JobRetry.Helps(outcome.Fault) && job.Attempt < job.AttemptsMax && !job.CancelAsked)
        {
            Put(ended with { State = JobState.Queued, NotBefore = now + JobRetry.Wait(job.Id, job.Attempt, outcome.Fault) });
            return;
        }

        JobState state = job.CancelAsked && outcome.State == JobState.Failed ? JobState.Cancelled : outcome.State;
        Put(ended with { State = state, Ended = now });
        if (job.Kind == JobKind.Retention && outcome.Figures.Files > 0)
        {
            // What was forgotten frees nothing by itself.
            _ = Add(new JobRequest(JobKind.Gc), job.Priority, OperatorAttemptsMax, considered: null, latestStart: null, isMadeUp: false);
        }
    }

    private void GiveUpWaiting(DateTimeOffset now)
    {
        foreach ((string id, DateTimeOffset since) in _lost.ToArray())
        {
            if (now - since > LostNodeMax && _journal.Find(id) is { State: JobState.Running } job)
            {
                EndAttempt(job, JobOutcome.Failed(JobFault.NodeOffline, "The node left while the job was at work there, and did not come back."));
            }
        }

        foreach (JobRecord job in _journal.All.Where(job => job.State == JobState.Queued).ToArray())
        {
            if (job.LatestStart < now)
            {
                MissWindow(job, now);
            }
            else if (job.IsOnNode && now >= job.NotBefore && !_runner.CanStart(job))
            {
                WaitForNode(job, now);
            }
        }
    }

    private void WaitForNode(JobRecord job, DateTimeOffset now)
    {
        if (now - job.Queued > OfflineMax)
        {
            Put(job with { State = JobState.Failed, Ended = now, Fault = JobFault.NodeOffline, Message = $"The node was not connected for {OfflineMax.TotalHours:0} hours. Look whether gateway-agent runs there." });
        }
        else if (job.Fault != JobFault.NodeOffline)
        {
            Put(job with { Fault = JobFault.NodeOffline, Message = "The node is not connected; the job waits for it." });
        }
    }

    private JobRecord? Running(string by, string attemptId)
    {
        int dot = attemptId.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && _journal.Find(attemptId[..dot]) is { State: JobState.Running } job && job.AttemptId == attemptId && (job.IsOnNode ? job.NodeId : "") == by ? job : null;
    }

    private void Put(JobRecord job)
    {
        _journal.Put(job);
        Changed?.Invoke(job);
    }
}
