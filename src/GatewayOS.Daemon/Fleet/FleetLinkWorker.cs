using GatewayOS.Api;
using GatewayOS.Api.Client;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store.Storage;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Daemon.Fleet;

/// <summary>How the link to the control plane is.</summary>
/// <param name="State"><c>off</c>, <c>connecting</c> or <c>up</c>.</param>
/// <param name="Problem">Why it is not up; empty when it is.</param>
/// <param name="Since">Since when.</param>
internal sealed record LinkState(string State, string Problem, DateTimeOffset Since);

/// <summary>Keeps the conversation with the control plane going while the appliance belongs to a fleet. Backups never wait for it.</summary>
internal sealed class FleetLinkWorker : BackgroundService
{
    private static readonly TimeSpan s_tick = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(1);

    private readonly ApplianceHost _appliance;
    private readonly DataWorkers _workers;
    private readonly TimeProvider _time;
    private readonly ILogger<FleetLinkWorker> _logger;
    private readonly SemaphoreSlim _wake = new(0);
    private readonly ReconnectDelay _delay;
    private readonly CertificateRenewal _renewal;
    private CancellationTokenSource? _cut;
    private LinkState _state;

    public FleetLinkWorker(ApplianceHost appliance, DataWorkers workers, TimeProvider time, ILogger<FleetLinkWorker> logger)
    {
        (_appliance, _workers, _time, _logger) = (appliance, workers, time, logger);
        _renewal = new CertificateRenewal(time);
        _delay = new ReconnectDelay(appliance.StoreId.GetHashCode(StringComparison.Ordinal));
        _state = new LinkState("off", "", time.GetUtcNow());
    }

    /// <summary>How the link is.</summary>
    public LinkState State => Volatile.Read(ref _state);

    /// <summary>Who the appliance is, for the control plane.</summary>
    public LinkHello Self => new() { Name = _appliance.Name, Model = _appliance.Profile.Title, Version = ProgramVersion.Text };

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _appliance.Membership.Changed += Turn;
        _appliance.Commands.Changed += Wake;
        _appliance.Alerts.MessagesAdded += Wake;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                // Before the membership is read: whoever joins or leaves from here on ends this turn.
                using var cut = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                Volatile.Write(ref _cut, cut);
                try
                {
                    await TurnAsync(cut.Token).ConfigureAwait(false);
                }
                catch (Exception error) when (error is not OutOfMemoryException)
                {
                    // Backups go on whatever becomes of the link: what nobody has thought of is logged whole, and it is tried again.
                    DaemonLog.Background(_logger, $"The link to the control plane failed: {error}");
                    Note("connecting", error.Message);
                    await Task.Delay(_delay.Next(), _time, cut.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }

                Volatile.Write(ref _cut, null);
            }
        }
        finally
        {
            _appliance.Membership.Changed -= Turn;
            _appliance.Commands.Changed -= Wake;
            _appliance.Alerts.MessagesAdded -= Wake;
        }
    }

    private async Task TurnAsync(CancellationToken cut)
    {
        if (_appliance.Membership.Current is not { } membership)
        {
            Note("off", "");
            await Task.Delay(s_idle, _time, cut).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        string problem = await ConnectAsync(membership, cut).ConfigureAwait(false);
        if (problem.Length > 0)
        {
            Note("connecting", problem);
            await Task.Delay(_delay.Next(), _time, cut).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // One connection. Whatever ends it, the next begins where the other end's word is.
    private async Task<string> ConnectAsync(FleetMembership membership, CancellationToken cut)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cut);
        try
        {
            using GrpcChannel channel = FleetIdentity.Open(membership);
            if (_renewal.IsDue(membership))
            {
                await FleetIdentity.RenewAsync(_appliance.Membership, membership, channel, _time, stop.Token).ConfigureAwait(false);
                _renewal.Renewed();
                return "";
            }

            using AsyncDuplexStreamingCall<ApplianceMessage, ControlMessage> call = new FleetLink.FleetLinkClient(channel).Attend(cancellationToken: stop.Token);
            await ConverseAsync(membership, call, stop.Token).ConfigureAwait(false);
            return "";
        }
        catch (RpcException error)
        {
            return stop.IsCancellationRequested ? "" : FleetChannel.Explain(error, membership.Address);
        }
        catch (Exception error) when (error is InvalidDataException or StoreIoException or StoreUnusableException or StoreDamagedException or SqliteException or IOException or System.Security.Cryptography.CryptographicException)
        {
            return error.Message;
        }
        catch (OperationCanceledException)
        {
            return "";
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }
    }

    private async Task ConverseAsync(FleetMembership membership, AsyncDuplexStreamingCall<ApplianceMessage, ControlMessage> call, CancellationToken stop)
    {
        var conversation = new LinkConversation(_appliance.Membership, _appliance.Commands, _appliance.Alerts, Self, _time);
        await call.RequestStream.WriteAsync(conversation.Begin(), stop).ConfigureAwait(false);
        Task<bool> next = call.ResponseStream.MoveNext(stop);
        Task woken = _wake.WaitAsync(s_tick, stop);
        while (true)
        {
            await Task.WhenAny(next, woken).ConfigureAwait(false);
            if (next.IsCompleted)
            {
                if (!await next.ConfigureAwait(false))
                {
                    throw new RpcException(new Status(StatusCode.Unavailable, "it ended the conversation"));
                }

                foreach (ApplianceMessage answer in conversation.Receive(call.ResponseStream.Current))
                {
                    await call.RequestStream.WriteAsync(answer, stop).ConfigureAwait(false);
                }

                next = call.ResponseStream.MoveNext(stop);
            }

            if (woken.IsCompleted)
            {
                await woken.ConfigureAwait(false);
                woken = _wake.WaitAsync(s_tick, stop);
                if (_appliance.Membership.Current is { } present && _renewal.IsDue(present))
                {
                    return;
                }
            }

            await SendDueAsync(membership, conversation, call, stop).ConfigureAwait(false);
        }
    }

    private async Task SendDueAsync(FleetMembership membership, LinkConversation conversation, AsyncDuplexStreamingCall<ApplianceMessage, ControlMessage> call, CancellationToken stop)
    {
        if (conversation.IsWelcome && State.State != "up")
        {
            _delay.Reset();
            Note("up", "");
            DaemonLog.FleetUp(_logger, membership.ControlPlane, membership.Address);
        }

        foreach (ApplianceMessage message in conversation.Due())
        {
            await call.RequestStream.WriteAsync(message, stop).ConfigureAwait(false);
        }

        if (conversation.IsStatusDue)
        {
            FleetApplianceStatus status = await _workers.RunAsync(() => FleetStatus.Of(_appliance)).ConfigureAwait(false);
            await call.RequestStream.WriteAsync(conversation.Tell(status), stop).ConfigureAwait(false);
        }
    }

    private void Turn()
    {
        try
        {
            Volatile.Read(ref _cut)?.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // That turn is over anyhow.
        }
    }

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    private void Note(string state, string problem)
    {
        LinkState last = State;
        if (last.State == state && last.Problem == problem)
        {
            return;
        }

        Volatile.Write(ref _state, new LinkState(state, problem, _time.GetUtcNow()));
        if (problem.Length > 0)
        {
            DaemonLog.FleetDown(_logger, problem);
        }
    }
}
