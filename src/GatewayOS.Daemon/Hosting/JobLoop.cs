using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Keeps jobs going: looks after them every other second. Ends and orders of jobs have it looked after at once besides.</summary>
internal sealed class JobLoop(JobEngine engine, ApplianceHost appliance, TimeProvider time, ILogger<JobLoop> logger) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan s_timeKeptEvery = TimeSpan.FromMinutes(10);

    private long _timeKept = time.GetTimestamp();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        engine.Changed += job =>
        {
            if (job.IsEnded)
            {
                DaemonLog.JobEnded(logger, job.Kind, job.Id, job.NodeId, job.State, job.Message);
            }
        };
        using var timer = new PeriodicTimer(s_interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
        {
            try
            {
                engine.Pump();
                if (time.GetElapsedTime(_timeKept) > s_timeKeptEvery)
                {
                    _timeKept = time.GetTimestamp();
                    using StoreLease lease = appliance.Store.Lease();
                    lease.Store.KeepTrustedTime();
                }
            }
            catch (Exception error) when (error is Store.Storage.StoreIoException or Store.Storage.StoreDamagedException or Store.Storage.StoreUnusableException or IOException)
            {
                // A full disk, say. Jobs wait; the loop must not end with it.
                DaemonLog.JobsStall(logger, error.Message);
            }
        }
    }
}
