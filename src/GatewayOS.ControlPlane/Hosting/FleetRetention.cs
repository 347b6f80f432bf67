using GatewayOS.ControlPlane.Storage;

namespace GatewayOS.ControlPlane.Hosting;

/// <summary>Forgets, every hour, what is older than it is to be kept: a few rows at a time, so that streams and people wait for none of it. Instances may do it at once.</summary>
internal sealed class FleetRetention(FleetStore store, ControlOptions options, TimeProvider time, ILogger<FleetRetention> logger) : BackgroundService
{
    private const int RowsAtOnceMax = 500;
    private static readonly TimeSpan s_interval = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await ForgetAsync(stoppingToken).ConfigureAwait(false);
            }
            catch (FleetDatabaseException error)
            {
                ControlLog.DatabaseFailed(logger, error.Message);
            }

            await Task.Delay(s_interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ForgetAsync(CancellationToken cancellation)
    {
        int sum = 0;
        int gone;
        do
        {
            gone = await store.ForgetAsync(options.Keep, RowsAtOnceMax, cancellation).ConfigureAwait(false);
            sum += gone;
        }
        while (gone > 0);
        if (sum > 0)
        {
            ControlLog.Forgot(logger, sum, options.Keep.TotalDays);
        }
    }
}
