using GatewayOS.Api;
using GatewayOS.Api.Client;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Daemon.Fleet;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Store.Storage;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>The appliance's place in a fleet, for its own operators.</summary>
internal sealed class MembershipService(ApplianceHost appliance, FleetLinkWorker link, ILogger<MembershipService> logger) : Membership.MembershipBase
{
    private const int CommandsListed = 20;

    public override Task<MembershipMessage> Show(ShowMembershipRequest request, ServerCallContext context) => Task.FromResult(Message());

    public override async Task<MembershipMessage> Join(JoinFleetRequest request, ServerCallContext context)
    {
        if (appliance.Membership.Current is { } present)
        {
            throw Refuse(StatusCode.FailedPrecondition, $"The appliance belongs to '{present.ControlPlane}' at {present.Address} already. Leave that first: gatewayctl fleet leave.");
        }

        try
        {
            FleetMembership membership = await FleetIdentity.JoinAsync(appliance.State, request.Address, request.Claim, link.Self, appliance.Time, context.CancellationToken).ConfigureAwait(false);
            appliance.Membership.Join(membership);
            FleetIdentity.EndClaim(appliance.State);
            DaemonLog.OperatorActed(logger, Caller.Of(context).Who, $"had the appliance join '{membership.ControlPlane}' at {membership.Address} as {membership.ApplianceId}");
            return Message();
        }
        catch (FormatException error)
        {
            throw Refuse(StatusCode.InvalidArgument, error.Message);
        }
        catch (StoreIoException error)
        {
            throw Refuse(StatusCode.FailedPrecondition, error.Message);
        }
        catch (RpcException error)
        {
            throw Refuse(error.StatusCode == StatusCode.Unavailable ? StatusCode.FailedPrecondition : error.StatusCode, FleetChannel.Explain(error, request.Address));
        }
    }

    public override async Task<MembershipMessage> Leave(LeaveFleetRequest request, ServerCallContext context)
    {
        string problem = "";
        if (appliance.Membership.Current is { } membership)
        {
            // Told first: afterwards the appliance has nothing to say it with. Whether it can be told or not, leaving is its own operators' to decide.
            problem = await FleetIdentity.TellLeavingAsync(membership, appliance.Time, context.CancellationToken).ConfigureAwait(false);
            problem = problem.Length == 0 ? "" : $"The control plane could not be told. {problem} Have it revoke the appliance: gatewayctl fleet revoke {membership.ApplianceId}.";
            appliance.Membership.Leave();

            // What one control plane was to hear is nothing for the next.
            appliance.Alerts.Forget(LinkConversation.Receiver);
            DaemonLog.OperatorActed(logger, Caller.Of(context).Who, $"had the appliance leave '{membership.ControlPlane}'. {problem}".TrimEnd());
        }

        MembershipMessage now = Message();
        now.Notice = problem;
        return now;
    }

    public override Task<MembershipMessage> SetRules(SetFleetRulesRequest request, ServerCallContext context)
    {
        try
        {
            appliance.FleetRules.Set(new FleetRules(Read(request.Rules?.Forbidden ?? []), Read(request.Rules?.NeedsPresence ?? [])));
        }
        catch (StoreIoException error)
        {
            throw Refuse(StatusCode.FailedPrecondition, error.Message);
        }

        DaemonLog.OperatorActed(logger, Caller.Of(context).Who, "changed what the control plane may");
        return Task.FromResult(Message());
    }

    private static RpcException Refuse(StatusCode code, string why) => new(new Status(code, why));

    private static CommandClass[] Read(IEnumerable<string> names) =>
    [
        .. names.Select(name => Enum.GetValues<CommandClass>().Where(known => Word(known) == name).Cast<CommandClass?>().FirstOrDefault()
            ?? throw Refuse(StatusCode.InvalidArgument, $"There is no class of commands '{name}'. There are {string.Join(", ", Enum.GetValues<CommandClass>().Select(Word))}.")).Distinct(),
    ];

    private static string Word(CommandClass of) => of.ToString().ToLowerInvariant();

    private MembershipMessage Message()
    {
        FleetRules rules = appliance.FleetRules.Current;
        LinkState state = link.State;
        var message = new MembershipMessage
        {
            Link = state.State,
            Problem = state.Problem,
            SinceUnixMs = state.Since.ToUnixTimeMilliseconds(),
            Rules = new FleetRulesMessage { Forbidden = { rules.Forbidden.Select(Word) }, NeedsPresence = { rules.NeedsPresence.Select(Word) } },
        };
        if (appliance.Membership.Current is not { } membership)
        {
            return message;
        }

        message.Joined = true;
        message.Address = membership.Address;
        message.ControlPlane = membership.ControlPlane;
        message.Tenant = membership.Tenant;
        message.ApplianceId = membership.ApplianceId;
        message.CertificateExpiresUnixMs = FleetIdentity.Expiry(membership).ToUnixTimeMilliseconds();
        message.AlertsWaiting = appliance.Alerts.Waiting(LinkConversation.Receiver);
        message.Commands.Add(appliance.Commands.List(CommandsListed).Select(command => new MembershipCommand
        {
            Id = command.Id,
            Kind = command.Kind,
            State = command.State.ToString().ToLowerInvariant(),
            Detail = command.Detail,
            OrderedBy = command.OrderedBy,
            TakenUnixMs = command.Taken.ToUnixTimeMilliseconds(),
            JobId = command.JobId,
        }));
        return message;
    }
}
