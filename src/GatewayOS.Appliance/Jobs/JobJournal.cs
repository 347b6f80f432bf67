using System.Text.Json;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Jobs;

/// <summary>
/// Keeps jobs: a small file each, replaced whole whenever a job changes its state, so that a power cut leaves it in the old or the new one.
/// Not thread-safe: the engine's lock guards it.
/// </summary>
internal sealed class JobJournal
{
    /// <summary>Ended jobs that are kept; the oldest go first.</summary>
    public const int EndedMax = 5000;

    private const string Suffix = ".json";

    private readonly StateDirectory _files;
    private readonly SortedDictionary<string, JobRecord> _jobs = new(StringComparer.Ordinal);
    private int _ended;

    /// <summary>Opens the journal.</summary>
    /// <exception cref="InvalidDataException">A job's file is damaged.</exception>
    public JobJournal(string directory)
    {
        _files = new StateDirectory(directory);
        foreach (string path in Directory.GetFiles(_files.Location, "*" + Suffix))
        {
            try
            {
                JobRecord job = JsonSerializer.Deserialize(File.ReadAllBytes(path), JobJson.Default.JobRecord) ?? throw new JsonException("It is empty.");
                _jobs.Add(job.Id, job);
                _ended += job.IsEnded ? 1 : 0;
            }
            catch (JsonException error)
            {
                throw new InvalidDataException($"{path} is damaged: {error.Message} It says how a job stands. Delete it: at worst the job is done once more.", error);
            }
        }
    }

    /// <summary>All jobs, oldest first.</summary>
    public IEnumerable<JobRecord> All => _jobs.Values;

    public JobRecord? Find(string id) => _jobs.GetValueOrDefault(id);

    /// <summary>Keeps a job's new state. Durable when it returns.</summary>
    public void Put(JobRecord job)
    {
        _files.Replace(job.Id + Suffix, JsonSerializer.SerializeToUtf8Bytes(job, JobJson.Default.JobRecord));
        bool wasEnded = Find(job.Id)?.IsEnded ?? false;
        _jobs[job.Id] = job;
        _ended += (job.IsEnded ? 1 : 0) - (wasEnded ? 1 : 0);
        if (_ended > EndedMax)
        {
            DropOldest();
        }
    }

    /// <summary>Notes figures that need not survive.</summary>
    public void PutInMemory(JobRecord job) => _jobs[job.Id] = job;

    // What a schedule or a prediction rests on stays: the newest of each kind, node and policy.
    private void DropOldest()
    {
        HashSet<string> newest = [.. _jobs.Values.GroupBy(job => (job.Kind, job.NodeId, job.Policy, job.State)).Select(group => group.Last().Id)];
        foreach (JobRecord old in _jobs.Values.Where(job => job.IsEnded && !newest.Contains(job.Id)).Take(EndedMax / 10).ToArray())
        {
            File.Delete(_files.PathOf(old.Id + Suffix));
            _jobs.Remove(old.Id);
            _ended--;
        }
    }
}
