using GatewayOS.Agent.Connection;
using GatewayOS.Api;
using Google.Protobuf;

namespace GatewayOS.Agent.Service;

/// <summary>
/// The jobs this agent works on, and those it has ended that the appliance has not taken note of. The latter are kept on the disk: an answer
/// that was lost, or a restart, must not have a job done twice. Thread-safe.
/// </summary>
internal sealed class JobDesk : IDisposable
{
    /// <summary>Ended jobs that are kept for an appliance that does not acknowledge; the oldest go first.</summary>
    private const int EndedMax = 100;

    private readonly AgentState _state;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (JobReport Report, CancellationTokenSource Stop)> _atWork = new(StringComparer.Ordinal);
    private readonly List<JobReport> _ended;

    public JobDesk(AgentState state)
    {
        _state = state;
        _ended = [.. Load(state)];
    }

    /// <summary>Everything the appliance has to be told when it is met again.</summary>
    public IReadOnlyList<JobReport> Known
    {
        get
        {
            lock (_gate)
            {
                return [.. _ended, .. _atWork.Values.Select(work => work.Report)];
            }
        }
    }

    /// <summary>Takes a job on.</summary>
    /// <returns>What stops it; null when the job is known already: orders may come twice.</returns>
    public CancellationTokenSource? Begin(string jobId, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_atWork.ContainsKey(jobId) || _ended.Exists(report => report.JobId == jobId))
            {
                return null;
            }

            var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            _atWork.Add(jobId, (new JobReport { JobId = jobId }, stop));
            return stop;
        }
    }

    /// <summary>Notes how far a job is.</summary>
    public void Progress(JobReport report)
    {
        lock (_gate)
        {
            if (_atWork.TryGetValue(report.JobId, out (JobReport Report, CancellationTokenSource Stop) work))
            {
                _atWork[report.JobId] = (report, work.Stop);
            }
        }
    }

    /// <summary>Notes a job's end. Durable when it returns.</summary>
    public void End(JobReport report)
    {
        lock (_gate)
        {
            if (_atWork.Remove(report.JobId, out (JobReport Report, CancellationTokenSource Stop) work))
            {
                work.Stop.Dispose();
            }

            _ended.Add(report);
            _ended.RemoveRange(0, Math.Max(0, _ended.Count - EndedMax));
            Save();
        }
    }

    /// <summary>Stops a job; what is not at work is not there to stop.</summary>
    public void Cancel(string jobId)
    {
        lock (_gate)
        {
            if (_atWork.TryGetValue(jobId, out (JobReport Report, CancellationTokenSource Stop) work))
            {
                work.Stop.Cancel();
            }
        }
    }

    /// <summary>The appliance has taken note of a job's end.</summary>
    public void Forget(string jobId)
    {
        lock (_gate)
        {
            if (_ended.RemoveAll(report => report.JobId == jobId) > 0)
            {
                Save();
            }
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach ((JobReport _, CancellationTokenSource stop) in _atWork.Values)
            {
                stop.Dispose();
            }
        }
    }

    // What cannot be read is forgotten: then the appliance looks for the snapshot, and at worst has the job done again.
    private static IEnumerable<JobReport> Load(AgentState state)
    {
        try
        {
            return state.EndedJobs is { } bytes ? AgentReport.Parser.ParseFrom(bytes).Known : [];
        }
        catch (InvalidProtocolBufferException)
        {
            return [];
        }
    }

    private void Save() => _state.SaveEndedJobs(new AgentReport { Known = { _ended } }.ToByteArray());
}
