using GatewayOS.Api;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Retention;
using GatewayOS.Appliance.Schedule;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store.Maintenance;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Policies, for operators.</summary>
internal sealed class PolicyService(ApplianceHost appliance, DataWorkers workers, ILogger<PolicyService> logger) : Api.Policies.PoliciesBase
{
    private const int PreviewRunsMax = 1000;
    private const int PreviewRunsDefault = 5;

    public override Task<ListPoliciesReply> ListPolicies(ListPoliciesRequest request, ServerCallContext context) =>
        Task.FromResult(new ListPoliciesReply { Policies = { appliance.Policies.Entries.Select(entry => Message(entry, withHistory: false)) } });

    public override Task<PolicyMessage> GetPolicy(PolicyRequest request, ServerCallContext context) => Task.FromResult(Message(
        appliance.Policies.Find(request.Name) ?? throw new RpcException(new Status(StatusCode.NotFound, $"There is no policy '{request.Name}'. 'gatewayctl policy list' shows all.")), withHistory: true));

    public override Task<PolicyChangeReply> SetPolicy(SetPolicyRequest request, ServerCallContext context)
    {
        string by = Caller.Of(context).Who;
        return Changed(context, "set", appliance.Policies.Set(request.Document, request.HasExpectedVersion ? request.ExpectedVersion : null, by));
    }

    public override Task<PolicyChangeReply> DeletePolicy(PolicyRequest request, ServerCallContext context) => Changed(context, $"deleted {request.Name}", appliance.Policies.Delete(request.Name));

    public override Task<PolicyChangeReply> AssignPolicy(AssignPolicyRequest request, ServerCallContext context)
    {
        // A removed node's following ends by its ID.
        string node = request.Remove ? appliance.Registry.Find(request.Node)?.Id ?? request.Node : FindNode(request.Node).Id;
        return Changed(context, $"{(request.Remove ? "taken from" : "given to")} {appliance.NameOf(node)}", appliance.Policies.Assign(request.Name, node, follows: !request.Remove));
    }

    public override async Task<PreviewPolicyReply> PreviewPolicy(PreviewPolicyRequest request, ServerCallContext context)
    {
        DateTimeOffset now = appliance.Time.GetUtcNow();
        PolicyReading reading = PolicyDocument.Read(request.Document, now, appliance.Time.LocalTimeZone);
        if (reading.Policy is not { } policy)
        {
            return new PreviewPolicyReply { Problems = { reading.Errors.Select(Problem) } };
        }

        NodeRecord? node = request.Node.Length > 0 ? FindNode(request.Node) : null;
        int runs = Math.Clamp(request.Runs == 0 ? PreviewRunsDefault : request.Runs, 1, PreviewRunsMax);
        var schedule = new RunSchedule(node is null ? policy.Schedule with { Jitter = TimeSpan.Zero } : policy.Schedule, JobEngine.SeedOf(node?.Id ?? "", policy.Name));
        var reply = new PreviewPolicyReply { NextRunsUnixMs = { schedule.RunsAfter(now).Take(runs).Select(run => run.ToUnixTimeMilliseconds()) } };
        if (node is not null)
        {
            IReadOnlyList<RetentionDecision> plan = await workers.RunAsync(() =>
            {
                using StoreLease lease = appliance.Store.Lease();
                return RetentionRun.Plan(lease.Store.KnownSnapshots(), node.Id, policy, appliance.Holds, lease.Store.HoldingLocks(), now);
            }).ConfigureAwait(false);
            reply.Snapshots.Add(plan.Select(decision => new KeptSnapshot
            {
                Id = decision.Snapshot.Id,
                StartedUnixMs = decision.Snapshot.Draft.StartedUtc.ToUnixTimeMilliseconds(),
                Keep = decision.Keep,
                Reasons = { decision.Reasons },
            }));
        }

        return reply;
    }

    private static PolicyProblem Problem(PolicyError error) => new() { Field = error.Field, Problem = error.Problem, Remedy = error.Remedy };

    private Task<PolicyChangeReply> Changed(ServerCallContext context, string what, PolicyChange change)
    {
        if (change.Errors.Count == 0)
        {
            DaemonLog.OperatorActed(logger, Caller.Of(context).Who, $"changed policies: {change.Entry?.Name} {what}");
            appliance.Jobs.Pump();
        }

        return Task.FromResult(new PolicyChangeReply { Policy = change.Entry is { } entry ? Message(entry, withHistory: false) : null, Problems = { change.Errors.Select(Problem) } });
    }

    private PolicyMessage Message(PolicyEntry entry, bool withHistory)
    {
        PolicyReading reading = PolicyDocument.Read(entry.Current.Document, appliance.Time.GetUtcNow(), appliance.Time.LocalTimeZone);
        var message = new PolicyMessage
        {
            Name = entry.Name,
            Version = entry.Current.Version,
            ChangedUnixMs = entry.Current.Changed.ToUnixTimeMilliseconds(),
            ChangedBy = entry.Current.ChangedBy,
            Document = entry.Current.Document,
            Holds = reading.Policy is { Enabled: true },
            Problems = { reading.Errors.Select(error => error.ToString()) },
            Nodes =
            {
                appliance.Policies.Assignments.Where(assignment => assignment.Policy == entry.Name).Select(assignment => new FollowingNode
                {
                    NodeId = assignment.NodeId,
                    NodeName = appliance.Registry.Find(assignment.NodeId)?.Name ?? assignment.NodeId,
                    NextRunUnixMs = appliance.Jobs.NextBackup(assignment.NodeId, entry.Name)?.ToUnixTimeMilliseconds() ?? 0,
                }),
            },
        };
        if (withHistory)
        {
            message.History.Add(entry.Versions.Select(version => new PolicyVersionInfo { Version = version.Version, ChangedUnixMs = version.Changed.ToUnixTimeMilliseconds(), ChangedBy = version.ChangedBy, Document = version.Document }));
        }

        return message;
    }

    private NodeRecord FindNode(string idOrName) => appliance.Registry.Find(idOrName)
        ?? throw new RpcException(new Status(StatusCode.NotFound, $"There is no node '{idOrName}'. 'gatewayctl node list' shows all."));
}
