using GatewayOS.Api;
using GatewayOS.Appliance.Audit;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Policies;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Daemon.Services;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Daemon.Fleet;

/// <summary>
/// Does for the control plane what operators do: by the same services, behind the same gates, so what it may stands in the same table and what it does in the
/// same record. Before that come the appliance's own rules.
/// </summary>
internal sealed class ApplianceDeeds(ApplianceHost appliance, IServiceProvider services, PeerGate who, AuditGate record, ApplianceBody body, FleetUpdates updates, ILogger<ApplianceDeeds> logger) : IFleetDeeds
{
    private readonly JobService _jobs = ActivatorUtilities.CreateInstance<JobService>(services);
    private readonly UpdatesService _updates = ActivatorUtilities.CreateInstance<UpdatesService>(services);
    private readonly PolicyService _policies = ActivatorUtilities.CreateInstance<PolicyService>(services);

    public Deed? Find(LedgerCommand command)
    {
        FleetOrder order = Parse(command);
        return order.OrderCase switch
        {
            FleetOrder.OrderOneofCase.Job or FleetOrder.OrderOneofCase.Restore when appliance.Jobs.Jobs.FirstOrDefault(known => known.OrderedBy == command.Who) is { } job => Running(job),
            FleetOrder.OrderOneofCase.SetPolicy when appliance.Policies.Entries.FirstOrDefault(known => known.Versions.Any(version => version.ChangedBy == command.Who)) is { } entry =>
                new Deed(CommandState.Done, $"The policy '{entry.Name}' has version {entry.Current.Version}."),

            FleetOrder.OrderOneofCase.Update => new Deed(CommandState.Running),

            // What remains says the same the second time.
            _ => null,
        };
    }

    public async Task<Deed> DoAsync(LedgerCommand command, CancellationToken cancellation)
    {
        FleetOrder order = Parse(command);
        try
        {
            return order.OrderCase switch
            {
                FleetOrder.OrderOneofCase.Job => Running(await CallAsync(command, "Jobs/OrderJob", order.Job, _jobs.OrderJob, cancellation).ConfigureAwait(false)),
                FleetOrder.OrderOneofCase.Restore => Running(await CallAsync(command, "Jobs/OrderRestore", order.Restore, _jobs.OrderRestore, cancellation).ConfigureAwait(false)),
                FleetOrder.OrderOneofCase.CancelJob => new Deed(
                    CommandState.Done, Reply: new FleetOrderReply { Job = await CallAsync(command, "Jobs/CancelJob", order.CancelJob, _jobs.CancelJob, cancellation).ConfigureAwait(false) }),
                FleetOrder.OrderOneofCase.SetPolicy => Changed(await CallAsync(command, "Policies/SetPolicy", order.SetPolicy, _policies.SetPolicy, cancellation).ConfigureAwait(false)),
                FleetOrder.OrderOneofCase.AssignPolicy => Changed(await CallAsync(command, "Policies/AssignPolicy", order.AssignPolicy, _policies.AssignPolicy, cancellation).ConfigureAwait(false)),
                FleetOrder.OrderOneofCase.PreviewPolicy => Previewed(await CallAsync(command, "Policies/PreviewPolicy", order.PreviewPolicy, _policies.PreviewPolicy, cancellation).ConfigureAwait(false)),
                FleetOrder.OrderOneofCase.Update => updates.Begin(command, () => CallAsync(command, "Updates/Fetch", order.Update, _updates.Fetch, CancellationToken.None)),
                _ => new Deed(CommandState.Refused, "This version of gatewayd does not know such a command. Update it."),
            };
        }
        catch (RpcException error)
        {
            return new Deed(error.StatusCode == StatusCode.PermissionDenied ? CommandState.Refused : CommandState.Failed, error.Status.Detail);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException or StoreDamagedException or StoreUnusableException)
        {
            // A command that fails must not end the service that backs up.
            return new Deed(CommandState.Failed, error.Message);
        }
    }

    public Deed? Follow(LedgerCommand command) => Parse(command).OrderCase == FleetOrder.OrderOneofCase.Update ? updates.Follow(command) : appliance.Jobs.Find(command.JobId) switch
    {
        null => new Deed(CommandState.Failed, "The job is not known any more.", command.JobId),
        { IsEnded: false } => null,
        { } job => Running(job) with { State = job.State is JobState.Done or JobState.Warned ? CommandState.Done : CommandState.Failed, Detail = job.Message },
    };

    public string? Refusal(LedgerCommand command)
    {
        FleetOrder order = Parse(command);
        string? refusal = appliance.FleetRules.Current.Refusal(command.Kind, body.Panel.UsePresence);
        refusal ??= order.OrderCase switch
        {
            FleetOrder.OrderOneofCase.SetPolicy => Refusal(order.SetPolicy),
            FleetOrder.OrderOneofCase.AssignPolicy when order.AssignPolicy.Remove => FleetRules.RefusalToLeave(appliance.Policies.PolicyOf(order.AssignPolicy.Name)),
            _ => null,
        };

        if (refusal is not null)
        {
            Note(command, refusal);
        }

        return refusal;
    }

    private static FleetOrder Parse(LedgerCommand command) => FleetOrder.Parser.ParseFrom(command.Order);

    private static Deed Changed(PolicyChangeReply reply) => new(
        reply.Problems.Count == 0 ? CommandState.Done : CommandState.Failed,
        reply.Problems.Count == 0 ? $"The policy '{reply.Policy?.Name}' has version {reply.Policy?.Version}." : string.Join(' ', reply.Problems.Select(problem => $"{problem.Field}: {problem.Problem} {problem.Remedy}")),
        Reply: new FleetOrderReply { Policy = reply });

    private static Deed Previewed(PreviewPolicyReply reply) => new(CommandState.Done, Reply: new FleetOrderReply { Preview = reply });

    private static Deed Running(JobMessage job) => new(CommandState.Running, job.Message, job.Id, new FleetOrderReply { Job = job });

    private Deed Running(JobRecord job) => Running(JobMessages.Of(job, appliance));

    private Task<TResponse> CallAsync<TRequest, TResponse>(LedgerCommand command, string method, TRequest request, UnaryServerMethod<TRequest, TResponse> serve, CancellationToken cancellation)
        where TRequest : class
        where TResponse : class
        => who.UnaryServerHandler(request, new FleetCallContext($"gatewayos.v1.{method}", command.Who, cancellation), (asked, context) => record.UnaryServerHandler(asked, context, serve));

    private string? Refusal(SetPolicyRequest change)
    {
        Policy? proposed = PolicyDocument.Read(change.Document, appliance.Time.GetUtcNow()).Policy;
        return FleetRules.Refusal(proposed is null ? null : appliance.Policies.PolicyOf(proposed.Name), proposed);
    }

    // It is refused whether that can be put on record or not.
    private void Note(LedgerCommand command, string refusal)
    {
        try
        {
            appliance.Audit.Note(command.Who, "gatewayos.v1.FleetLink/Attend", command.Kind, AuditOutcome.Failed, refusal);
        }
        catch (IOException error)
        {
            DaemonLog.AuditFailed(logger, error.Message);
        }
    }
}
