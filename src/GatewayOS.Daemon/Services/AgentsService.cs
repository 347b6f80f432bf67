using GatewayOS.Api;
using GatewayOS.Daemon.Hosting;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Nodes that are there and wait for orders.</summary>
internal sealed class AgentsService(ApplianceHost appliance) : Agents.AgentsBase
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
            appliance.Connections.Leave(node, presence);
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

            if (report.Job is not null)
            {
                appliance.Connections.Report(presence, report.Job);
            }
        }
    }
}
