using GatewayOS.Api;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Daemon.Hosting;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Nodes that are there and wait for orders.</summary>
internal sealed class AgentsService(ApplianceHost appliance, DataWorkers workers) : Agents.AgentsBase
{
    public override async Task Attend(IAsyncStreamReader<AgentReport> requestStream, IServerStreamWriter<AgentOrder> responseStream, ServerCallContext context)
    {
        string node = PeerGate.CallerOf(context).Id;
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, appliance.Connections.CutOf(node));
        NodePresence presence = appliance.Connections.Enter(node);
        try
        {
            Task sending = SendOrdersAsync(presence, responseStream, cut.Token);
            Task reading = ReadReportsAsync(node, presence, requestStream, cut.Token);
            Task ended = await Task.WhenAny(sending, reading).ConfigureAwait(false);
            presence.Orders.Writer.TryComplete();
            await ended.ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated, "The node was cut off."));
        }
        finally
        {
            if (appliance.Connections.Leave(node, presence))
            {
                appliance.Jobs.NodeLeft(node);
            }
        }
    }

    private static async Task SendOrdersAsync(NodePresence presence, IServerStreamWriter<AgentOrder> stream, CancellationToken cancellation)
    {
        await foreach (AgentOrder order in presence.Orders.Reader.ReadAllAsync(cancellation).ConfigureAwait(false))
        {
            await stream.WriteAsync(order, cancellation).ConfigureAwait(false);
        }
    }

    private async Task ReadReportsAsync(string node, NodePresence presence, IAsyncStreamReader<AgentReport> stream, CancellationToken cancellation)
    {
        while (await stream.MoveNext(cancellation).ConfigureAwait(false))
        {
            AgentReport report = stream.Current;
            if (report.AgentVersion.Length > 0)
            {
                appliance.Registry.Seen(node, report.AgentVersion, report.Platform);
            }

            if (report.Arrives)
            {
                NodeJobReport[] known = [.. report.Known.Select(JobMessages.Of)];
                await workers.RunAsync(() =>
                {
                    appliance.Jobs.NodeCame(node, known);
                    return true;
                }).ConfigureAwait(false);
                await AcknowledgeAsync(presence, report.Known, cancellation).ConfigureAwait(false);
            }

            if (report.Job is { } job)
            {
                await TakeAsync(node, presence, job, cancellation).ConfigureAwait(false);
            }
        }
    }

    private async Task TakeAsync(string node, NodePresence presence, JobReport report, CancellationToken cancellation)
    {
        NodeJobReport taken = JobMessages.Of(report);
        if (taken.Outcome is not { } outcome)
        {
            presence.Job = report;
            appliance.Jobs.Progress(node, taken.AttemptId, taken.Figures);
            return;
        }

        presence.Job = null;
        await workers.RunAsync(() =>
        {
            appliance.Jobs.End(node, taken.AttemptId, outcome);
            return true;
        }).ConfigureAwait(false);
        await AcknowledgeAsync(presence, [report], cancellation).ConfigureAwait(false);
    }

    // Only after the end is durable here: the agent forgets it then.
    private static async Task AcknowledgeAsync(NodePresence presence, IEnumerable<JobReport> reports, CancellationToken cancellation)
    {
        foreach (JobReport ended in reports.Where(report => report.State != JobReport.Types.State.Running))
        {
            await presence.Orders.Writer.WriteAsync(new AgentOrder { JobId = ended.JobId, Acknowledge = new AcknowledgeOrder() }, cancellation).ConfigureAwait(false);
        }
    }
}
