using System.Threading.Channels;
using GatewayOS.Appliance.Jobs;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Follows one job: its state now, and again with each change, until it has ended.</summary>
internal static class JobWatch
{
    // What is followed too slowly is skipped: only the newest figures matter, and the last one is never dropped.
    private const int WaitingMax = 64;

    public static async IAsyncEnumerable<JobRecord> FollowAsync(JobEngine engine, string jobId, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var changes = Channel.CreateBounded<JobRecord>(new BoundedChannelOptions(WaitingMax) { FullMode = BoundedChannelFullMode.DropOldest });
        engine.Changed += Note;
        try
        {
            if (engine.Find(jobId) is { } now)
            {
                Note(now);
            }

            await foreach (JobRecord job in changes.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
            {
                yield return job;
                if (job.IsEnded)
                {
                    yield break;
                }
            }
        }
        finally
        {
            engine.Changed -= Note;
        }

        void Note(JobRecord job)
        {
            if (job.Id == jobId)
            {
                changes.Writer.TryWrite(job);
            }
        }
    }
}
