using GatewayOS.Appliance.Fleet;
using Google.Protobuf;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Daemon.Fleet;

/// <summary>
/// Carries the control plane's commands out, one after the other, whether it is connected or not. That one is begun is durable before it is; after a crash
/// its effect is looked for before it is done again, so that each is done once.
/// </summary>
internal sealed class FleetCommands(CommandLedger ledger, IFleetDeeds deeds, TimeProvider time, ILogger<FleetCommands> logger) : BackgroundService
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _wake = new(1);

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    /// <summary>Deals with all that is due now.</summary>
    public async Task RunOnceAsync(CancellationToken cancellation)
    {
        while (ledger.Next() is { } command)
        {
            await DealWithAsync(command, cancellation).ConfigureAwait(false);
        }

        foreach (LedgerCommand command in ledger.Running())
        {
            if (deeds.Follow(command) is { } end)
            {
                Put(command, end);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        ledger.Changed += Wake;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                // Jobs end without a word to the ledger: they are looked after every few seconds.
                await ((Task)_wake.WaitAsync(s_interval, stoppingToken)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                try
                {
                    await RunOnceAsync(stoppingToken).ConfigureAwait(false);
                }
                catch (SqliteException error)
                {
                    Hosting.DaemonLog.Background(logger, $"The control plane's commands cannot be dealt with now: {error.Message}");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // What was begun is taken up when gatewayd starts again.
        }
        finally
        {
            ledger.Changed -= Wake;
        }
    }

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    private async Task DealWithAsync(LedgerCommand command, CancellationToken cancellation)
    {
        if (command.State == CommandState.Begun)
        {
            if (deeds.Find(command) is { } done)
            {
                Put(command, done);
                return;
            }
        }
        else
        {
            string? refusal = time.GetUtcNow() > command.Expires ? "It came after its time: by the appliance's clock it was not to be begun any more." : deeds.Refusal(command);
            if (refusal is not null)
            {
                Put(command, new Deed(CommandState.Refused, refusal));
                return;
            }

            ledger.Put(command.Id, CommandState.Begun);
        }

        Put(command, await deeds.DoAsync(command, cancellation).ConfigureAwait(false));
    }

    private void Put(LedgerCommand command, Deed deed)
    {
        ledger.Put(command.Id, deed.State, deed.Detail, deed.JobId, deed.Reply?.ToByteArray());
        Hosting.DaemonLog.FleetCommand(logger, command.Kind, command.Id, command.OrderedBy, deed.State, deed.Detail);
    }
}
