using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using GatewayOS.Agent.Connection;
using GatewayOS.Api;
using Grpc.Core;

namespace GatewayOS.Agent.Service;

/// <summary>
/// The agent as a service: stays connected, does what the appliance says, renews its certificate in time, and comes back after every failure.
/// </summary>
internal sealed class AgentService(AgentState state, TimeProvider time, Action<string> log) : IDisposable
{
    private static readonly TimeSpan s_signOfLife = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan s_retryMin = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_retryMax = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_stopMax = TimeSpan.FromSeconds(45);

    private readonly ConcurrentDictionary<string, Thread> _working = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _reports = new(1);
    private readonly JobDesk _desk = new(state);
    private volatile AsyncDuplexStreamingCall<AgentReport, AgentOrder>? _call;

    public async Task RunAsync(CancellationToken cancellation)
    {
        Notify("READY=1");
        TimeSpan retry = s_retryMin;
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (await NodeEnrolment.RenewIfDueAsync(state, time, cancellation).ConfigureAwait(false))
                {
                    log("The certificate was renewed.");
                }

                using ApplianceConnection connection = ApplianceConnection.Open(state);
                await AttendAsync(connection, () => retry = s_retryMin, cancellation).ConfigureAwait(false);
            }
            catch (Exception error) when (error is RpcException or OperationCanceledException && cancellation.IsCancellationRequested)
            {
                break;
            }
            catch (RpcException error)
            {
                log(ApplianceConnection.Explain(error, state.Enrolled!.Gateway).Message);
            }
            catch (AgentException error) when (error.IsRetryable)
            {
                log(error.Message);
            }

            await Task.Delay(retry, time, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            retry = retry * 2 < s_retryMax ? retry * 2 : s_retryMax;
        }

        Notify("STOPPING=1");

        // Hooks behind a backup run also when it is stopped.
        foreach (Thread working in _working.Values)
        {
            working.Join(s_stopMax);
        }
    }

    public void Dispose()
    {
        _reports.Dispose();
        _desk.Dispose();
    }

    private async Task AttendAsync(ApplianceConnection connection, Action connected, CancellationToken cancellation)
    {
        using AsyncDuplexStreamingCall<AgentReport, AgentOrder> call = connection.Agents.Attend(cancellationToken: cancellation);
        await ArriveAsync(call).ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task alive = ShowLifeAsync(call, connected, ended.Token);
        try
        {
            while (await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false))
            {
                Obey(call.ResponseStream.Current, cancellation);
            }
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await alive.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // The stream's signs of life are also what the watchdog lives on: an agent that cannot get one out for long is stuck.
    private async Task ShowLifeAsync(AsyncDuplexStreamingCall<AgentReport, AgentOrder> call, Action connected, CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(s_signOfLife, time);
        while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
        {
            await ReportAsync(call, job: null).ConfigureAwait(false);
            connected();
            if (await NodeEnrolment.RenewIfDueAsync(state, time, cancellation).ConfigureAwait(false))
            {
                log("The certificate was renewed.");
                call.Dispose();
            }
        }
    }

    // From here on ends of jobs go out by this stream. One that comes in between is told twice, which does no harm.
    private async Task ArriveAsync(AsyncDuplexStreamingCall<AgentReport, AgentOrder> call)
    {
        _call = call;
        AgentReport arrival = Report();
        arrival.Arrives = true;
        arrival.Known.AddRange(_desk.Known);
        await SendAsync(call, arrival).ConfigureAwait(false);
    }

    private Task ReportAsync(AsyncDuplexStreamingCall<AgentReport, AgentOrder> call, JobReport? job)
    {
        AgentReport report = Report();
        report.Job = job;
        return SendAsync(call, report);
    }

    private static AgentReport Report() => new() { AgentVersion = ProgramVersion.Text, Platform = System.Runtime.InteropServices.RuntimeInformation.OSDescription };

    private async Task SendAsync(AsyncDuplexStreamingCall<AgentReport, AgentOrder> call, AgentReport report)
    {
        await _reports.WaitAsync().ConfigureAwait(false);
        try
        {
            await call.RequestStream.WriteAsync(report).ConfigureAwait(false);
            Notify("WATCHDOG=1");
        }
        finally
        {
            _reports.Release();
        }
    }

    private void Obey(AgentOrder order, CancellationToken cancellation)
    {
        switch (order.WhatCase)
        {
            case AgentOrder.WhatOneofCase.BackUp or AgentOrder.WhatOneofCase.Restore when _desk.Begin(order.JobId, cancellation) is { } stop:
                // A thread of its own, whose low priority its own threads inherit; the service's stays as it is.
                var thread = new Thread(() => Work(order, stop.Token, cancellation)) { Name = $"job {order.JobId}", IsBackground = true };
                _working[order.JobId] = thread;
                thread.Start();
                break;
            case AgentOrder.WhatOneofCase.Cancel:
                _desk.Cancel(order.JobId);
                break;
            case AgentOrder.WhatOneofCase.Acknowledge:
                _desk.Forget(order.JobId);
                break;
        }
    }

    private void Work(AgentOrder order, CancellationToken stop, CancellationToken serviceStops)
    {
        Func<JobReport> figures = static () => new JobReport();
        using var timer = new Timer(_ => Tell(Progress()), null, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        log($"Job {order.JobId} begins.");
        JobReport last = order.WhatCase == AgentOrder.WhatOneofCase.BackUp
            ? OrderedBackup.Run(state, order.JobId, order.BackUp, begun => figures = () => new JobReport { Files = begun.Files, Bytes = begun.Bytes, ExpectedBytes = begun.ExpectedBytes }, stop)
            : OrderedRestore.Run(state, order.JobId, order.Restore, begun => figures = () => new JobReport { Files = begun.Files, Bytes = begun.Bytes, ExpectedBytes = begun.ExpectedBytes }, stop);
        timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _working.TryRemove(order.JobId, out _);
        if (last.State == JobReport.Types.State.Cancelled && serviceStops.IsCancellationRequested)
        {
            // Interrupted, not called off: the appliance finds it unknown when the agent is back, and has it done again.
            return;
        }

        JobReport reached = figures();
        (last.Files, last.Bytes, last.ExpectedBytes) = (reached.Files, reached.Bytes, reached.ExpectedBytes);
        log($"Job {order.JobId} {(last.State == JobReport.Types.State.Done ? $"is done, snapshot {last.SnapshotId[..12]}" : "has failed or was stopped")}. {last.Message}");
        _desk.End(last);
        Tell(last);

        JobReport Progress()
        {
            JobReport report = figures();
            report.JobId = order.JobId;
            _desk.Progress(report);
            return report;
        }
    }

    private void Tell(JobReport report)
    {
        try
        {
            if (_call is { } call)
            {
                ReportAsync(call, report).GetAwaiter().GetResult();
            }
        }
        catch (Exception error) when (error is RpcException or InvalidOperationException or ObjectDisposedException)
        {
            // Said again when the appliance is met again.
        }
    }

    private static void Notify(string text)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 } path)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            socket.SendTo(Encoding.UTF8.GetBytes(text), new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
        }
    }
}
