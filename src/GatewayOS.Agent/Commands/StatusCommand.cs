using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Agent.Connection;
using GatewayOS.Agent.Remote;
using GatewayOS.Agent.Service;
using GatewayOS.Api;
using GatewayOS.Store.Snapshots;
using Grpc.Core;

namespace GatewayOS.Agent.Commands;

/// <summary><c>status</c> and <c>run</c>.</summary>
internal static class StatusCommand
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    public static Command BuildStatus() => AgentCommand.Make("status", "Say where this machine is enrolled or which vault it backs up to, whether that is there, and when the last backup was", [], Status);

    public static Command BuildRun() => AgentCommand.Make("run", "Stand by for the appliance's orders, as the service does", [], Run);

    private static int Run(AgentContext context)
    {
        ApplianceConnection.Open(context.State).Dispose();
        using var service = new AgentService(context.State, TimeProvider.System, message => Console.Error.WriteLine($"gateway-agent: {message}"));
        service.RunAsync(context.Cancellation).GetAwaiter().GetResult();
        return AgentCommand.Good;
    }

    private static int Status(AgentContext context)
    {
        if (context.State.Vault.Config is { } vault)
        {
            return VaultCommands.Status(context, vault);
        }

        Enrolled? enrolled = context.State.Enrolled;
        using X509Certificate2? certificate = context.State.Certificate();
        if (enrolled is null || certificate is null)
        {
            string state = enrolled is null ? "not enrolled" : "waiting for approval";
            context.Out.WriteLine(enrolled is null ? "Not enrolled. 'gateway-agent enroll --gateway HOST --token TOKEN' does that; a machine without an appliance backs up to a vault with 'gateway-agent vault init PLACE'." : $"Waiting for approval at {enrolled.Gateway} as '{enrolled.NodeName}'.");
            context.WriteJson(new StatusJson(true, state, enrolled?.Gateway, null, enrolled?.NodeName, null, null, null, null, null), AgentOutputJson.Default.StatusJson);
            return AgentCommand.Good;
        }

        DateTimeOffset expires = new(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        context.Out.WriteLine($"Node         {enrolled.NodeName} ({enrolled.NodeId})");
        context.Out.WriteLine($"Appliance    {enrolled.Gateway}");
        context.Out.WriteLine($"Certificate  until {expires:yyyy-MM-dd HH:mm} UTC, renewed before by the service");
        (SnapshotRecord[]? snapshots, string? problem) = Ask(context);
        SnapshotRecord? last = snapshots?.LastOrDefault();
        context.Out.WriteLine(problem is null ? "Connection   works" : $"Connection   {problem}");
        if (snapshots is not null)
        {
            context.Out.WriteLine(last is null ? "Backups      none yet" : $"Backups      {snapshots.Length}, the last one at {last.FinishedUtc:yyyy-MM-dd HH:mm} UTC ({last.ShortId})");
        }

        context.WriteJson(
            new StatusJson(problem is null, "enrolled", enrolled.Gateway, enrolled.NodeId, enrolled.NodeName, expires, problem is null, problem, snapshots?.Length, last?.FinishedUtc),
            AgentOutputJson.Default.StatusJson);
        return problem is null ? AgentCommand.Good : AgentCommand.Failed;
    }

    private static (SnapshotRecord[]? Snapshots, string? Problem) Ask(AgentContext context)
    {
        using ApplianceConnection connection = ApplianceConnection.Open(context.State);
        try
        {
            var records = new List<SnapshotRecord>();
            using AsyncServerStreamingCall<SnapshotMessage> call = connection.Runs.ListSnapshots(new ListSnapshotsRequest(), deadline: TimeProvider.System.GetUtcNow().UtcDateTime + s_timeout, cancellationToken: context.Cancellation);
            while (call.ResponseStream.MoveNext(CancellationToken.None).GetAwaiter().GetResult())
            {
                records.Add(SnapshotDocuments.Decode(call.ResponseStream.Current.Document.Span, call.ResponseStream.Current.Id));
            }

            return ([.. records], null);
        }
        catch (RpcException error)
        {
            return (null, ApplianceConnection.Explain(error, connection.Gateway).Message);
        }
    }
}
