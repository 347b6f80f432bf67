using System.Globalization;
using System.Net.Sockets;
using System.Text;
using GatewayOS.Agent.Connection;
using GatewayOS.Agent.Remote;
using GatewayOS.Api;
using GatewayOS.Backup.Files;
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
    private readonly SemaphoreSlim _reports = new(1);

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
    }

    public void Dispose() => _reports.Dispose();

    private async Task AttendAsync(ApplianceConnection connection, Action connected, CancellationToken cancellation)
    {
        using AsyncDuplexStreamingCall<AgentReport, AgentOrder> call = connection.Agents.Attend(cancellationToken: cancellation);
        await ReportAsync(call, job: null).ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task alive = ShowLifeAsync(call, connected, ended.Token);
        try
        {
            while (await call.ResponseStream.MoveNext(cancellation).ConfigureAwait(false))
            {
                if (call.ResponseStream.Current is { BackUp: { } order } current)
                {
                    StartBackup(call, current.JobId, [.. order.Paths], cancellation);
                }
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

    private async Task ReportAsync(AsyncDuplexStreamingCall<AgentReport, AgentOrder> call, JobReport? job)
    {
        await _reports.WaitAsync().ConfigureAwait(false);
        try
        {
            await call.RequestStream.WriteAsync(new AgentReport
            {
                AgentVersion = ProgramVersion.Text,
                Platform = System.Runtime.InteropServices.RuntimeInformation.OSDescription,
                Job = job,
            }).ConfigureAwait(false);
            Notify("WATCHDOG=1");
        }
        finally
        {
            _reports.Release();
        }
    }

    // A thread of its own, whose low priority its own threads inherit; the service's stays as it is.
    private void StartBackup(AsyncDuplexStreamingCall<AgentReport, AgentOrder> call, string jobId, string[] paths, CancellationToken cancellation)
    {
        var thread = new Thread(() => BackUp(call, jobId, paths, cancellation)) { Name = $"backup {jobId}", IsBackground = true };
        thread.Start();
    }

    private void BackUp(AsyncDuplexStreamingCall<AgentReport, AgentOrder> call, string jobId, string[] paths, CancellationToken cancellation)
    {
        var progress = new BackupProgress();
        using var timer = new Timer(_ => Tell(Report(JobReport.Types.State.Running)), null, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        JobReport last;
        try
        {
            log($"Backup {jobId} begins.");
            BackupResult result = BackupJob.Run(state, BackupJob.Options(state, [.. paths.Select(Encoding.UTF8.GetBytes)]), begun => progress = begun, cancellation);
            last = Report(JobReport.Types.State.Done);
            last.SnapshotId = result.Snapshot.Id;
            last.SentBytes = result.Statistics.StoredBytes;
            last.Message = result.Snapshot.Marked ? $"{result.Snapshot.Draft.ProblemCount} problems; the first: {result.Snapshot.Draft.Problems[0].Path}: {result.Snapshot.Draft.Problems[0].Reason}" : "";
        }
        catch (Exception error)
        {
            last = Report(JobReport.Types.State.Failed);
            last.Message = error.Message;
        }

        timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        log(string.Create(CultureInfo.InvariantCulture, $"Backup {jobId} {(last.State == JobReport.Types.State.Done ? $"made snapshot {last.SnapshotId[..12]}" : "failed")}. {last.Message}"));
        Tell(last);

        JobReport Report(JobReport.Types.State jobState) => new()
        {
            JobId = jobId,
            State = jobState,
            Files = progress.Files,
            Bytes = progress.Bytes,
            ExpectedBytes = progress.ExpectedBytes,
        };

        void Tell(JobReport report)
        {
            try
            {
                ReportAsync(call, report).GetAwaiter().GetResult();
            }
            catch (Exception error) when (error is RpcException or InvalidOperationException or ObjectDisposedException)
            {
                // The appliance sees the snapshot, or its absence, when the node is back.
            }
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
