using GatewayOS.Api;
using GatewayOS.Api.Tokens;
using GatewayOS.ControlPlane.Hosting;
using GatewayOS.ControlPlane.Storage;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace GatewayOS.ControlPlane.Operators;

/// <summary>
/// Stands before every method for people and programs: who calls is whom the token says, asked anew with every call, and a call that changes something is on
/// record before it is carried out. Appliances are admitted by their certificates (<see cref="Link.FleetLinkService"/>).
/// </summary>
internal sealed class FleetGate(FleetStore store, ILogger<FleetGate> logger) : Interceptor
{
    private const string Bearer = "Bearer ";

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        string prefix = $"/{Fleet.Descriptor.FullName}/";
        if (!context.Method.StartsWith(prefix, StringComparison.Ordinal))
        {
            return await continuation(request, context).ConfigureAwait(false);
        }

        try
        {
            FleetMethodAccess access = FleetAccess.Of(context.Method[prefix.Length..]);
            FleetCaller caller = await AdmitAsync(context, access).ConfigureAwait(false);
            context.UserState[typeof(FleetCaller)] = caller;
            return access.IsAudited
                ? await RecordAsync(request, context, caller, continuation).ConfigureAwait(false)
                : await continuation(request, context).ConfigureAwait(false);
        }
        catch (FleetDatabaseException error)
        {
            ControlLog.DatabaseFailed(logger, error.Message);
            throw new RpcException(new Status(StatusCode.Unavailable, "The control plane's database cannot be used now. Try again."));
        }
    }

    private async Task<FleetCaller> AdmitAsync(ServerCallContext context, FleetMethodAccess access)
    {
        string header = context.RequestHeaders.GetValue("authorization") ?? "";
        if (!header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            throw Refuse(context, "none", StatusCode.Unauthenticated, "A token of this control plane is needed.");
        }

        TokenRow? token = null;
        try
        {
            var presented = EnrolmentToken.Parse(header[Bearer.Length..]);
            token = await store.CheckTokenAsync(presented.Id, presented.Secret, context.CancellationToken).ConfigureAwait(false);
        }
        catch (FormatException error)
        {
            throw Refuse(context, "token", StatusCode.Unauthenticated, error.Message);
        }

        if (token is null)
        {
            throw Refuse(context, "token", StatusCode.Unauthenticated, "The token is not valid here, has expired or was revoked. Ask for a new one.");
        }

        var caller = new FleetCaller(token);
        if ((access.Roles & caller.Role) != FleetRole.None && !(access.ProviderOnly && !caller.Scope.IsProvider))
        {
            return caller;
        }

        const string NotAllowed = "Your token's role does not allow this.";
        await store.NoteAsync(token.Tenant, caller.Who, context.Method.TrimStart('/'), "", "failed", NotAllowed, context.CancellationToken).ConfigureAwait(false);
        throw Refuse(context, caller.Who, StatusCode.PermissionDenied, NotAllowed);
    }

    private async Task<TResponse> RecordAsync<TRequest, TResponse>(TRequest request, ServerCallContext context, FleetCaller caller, UnaryServerMethod<TRequest, TResponse> continuation)
        where TRequest : class
        where TResponse : class
    {
        string record = await store.NoteAsync(caller.Scope.Tenant, caller.Who, context.Method.TrimStart('/'), TargetOf(request), "asked", "", context.CancellationToken).ConfigureAwait(false);
        string? failure = null;
        try
        {
            return await continuation(request, context).ConfigureAwait(false);
        }
        catch (Exception error)
        {
            failure = error is RpcException rpc ? $"{rpc.StatusCode}: {rpc.Status.Detail}" : error.GetType().Name;
            throw;
        }
        finally
        {
            // What was done is done, whether the caller still waits or not.
            await store.CloseAsync(record, failure, CancellationToken.None).ConfigureAwait(false);
        }
    }

    private RpcException Refuse(ServerCallContext context, string who, StatusCode code, string why)
    {
        ControlLog.Refused(logger, context.Peer, who, context.Method, why);
        return new RpcException(new Status(code, why));
    }

    private static string TargetOf(object request) => request switch
    {
        OrderFleetCommandRequest order => $"appliance:{order.Appliance} {FleetOrders.Of(order.Order)?.Kind}",
        FleetCommandRequest command => $"command:{command.Id}",
        FleetApplianceRequest appliance => $"appliance:{appliance.Appliance}",
        CreateClaimRequest claim => $"tenant:{claim.Tenant} appliance:{claim.Name}",
        CreateFleetTokenRequest token => $"tenant:{token.Tenant} role:{token.Role}",
        FleetTokenRequest token => $"token:{token.Id}",
        AddTenantRequest tenant => $"tenant:{tenant.Name}",
        _ => "",
    };
}
