namespace GatewayOS.Appliance.Jobs;

/// <content>Work that rests for a while, as an appliance that is too hot sheds it: none is begun, and what is at work is interrupted and taken up later.</content>
public sealed partial class JobEngine
{
    private readonly HashSet<string> _restingAttempts = new(StringComparer.Ordinal);
    private HashSet<JobKind> _resting = [];
    private string _restReason = "";

    /// <summary>Kinds of jobs that rest now.</summary>
    public IReadOnlyCollection<JobKind> Resting
    {
        get
        {
            lock (_gate)
            {
                return [.. _resting];
            }
        }
    }

    /// <summary>Has kinds of jobs rest, and no others. One that is interrupted so loses none of its attempts.</summary>
    /// <param name="kinds">Which; none to let all go on.</param>
    /// <param name="reason">Why, a sentence: it stands with the jobs that wait.</param>
    public void Rest(IReadOnlyCollection<JobKind> kinds, string reason)
    {
        lock (_gate)
        {
            (_resting, _restReason) = ([.. kinds], reason);
            foreach (JobRecord job in _journal.All.Where(job => job.State == JobState.Running && _resting.Contains(job.Kind) && !job.CancelAsked).ToArray())
            {
                if (_restingAttempts.Add(job.AttemptId))
                {
                    _runner.Cancel(job.IsOnNode ? job.NodeId : "", job.AttemptId);
                }
            }
        }

        Pump();
    }

    private bool CanBegin(JobRecord job) => !_resting.Contains(job.Kind) && _runner.CanStart(job);

    // True when the attempt was interrupted for the rest, and the job waits again. One that was done before it heard of it is done.
    private bool TakeRest(JobRecord job, JobOutcome outcome)
    {
        if (!_restingAttempts.Remove(job.AttemptId) || outcome.State is JobState.Done or JobState.Warned || job.CancelAsked)
        {
            return false;
        }

        Put(job with { State = JobState.Queued, NotBefore = _time.GetUtcNow(), AttemptsMax = job.AttemptsMax + 1, Fault = JobFault.Interrupted, Message = _restReason, Figures = default });
        return true;
    }
}
