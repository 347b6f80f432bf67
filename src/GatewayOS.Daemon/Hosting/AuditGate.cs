using System.Globalization;
using GatewayOS.Api;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Policies;
using GatewayOS.Pages;
using GatewayOS.Web.Transcoding;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// Puts every changing call on record before it is carried out, and its outcome after it. Stands behind <see cref="PeerGate"/>, which says who calls.
/// </summary>
internal sealed class AuditGate(ApplianceHost appliance, ILogger<AuditGate> logger) : Interceptor
{
    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        if (!AccessTable.Of(context.Method).IsAudited)
        {
            return await continuation(request, context).ConfigureAwait(false);
        }

        TResponse? response = null;
        await RecordAsync(context, request, async () => response = await continuation(request, context).ConfigureAwait(false)).ConfigureAwait(false);
        return response!;
    }

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest, TResponse> continuation) =>
        AccessTable.Of(context.Method).IsAudited
            ? RecordAsync(context, request, () => continuation(request, responseStream, context))
            : continuation(request, responseStream, context);

    private async Task RecordAsync(ServerCallContext context, object request, Func<Task> call)
    {
        string who = Caller.Of(context).Who;
        string method = context.Method.TrimStart('/');
        string target = TargetOf(request);
        long begun;
        try
        {
            begun = appliance.Audit.Begin(who, method, target);
        }
        catch (IOException error)
        {
            DaemonLog.AuditFailed(logger, error.Message);
            throw new RpcException(new Status(StatusCode.Unavailable, $"Nothing was changed: the audit log cannot be written ({error.Message}). Make room on the disk of the appliance's state, then try again."));
        }

        string? failure = null;
        try
        {
            await call().ConfigureAwait(false);
        }
        catch (Exception error)
        {
            failure = error switch
            {
                RpcException rpc => $"{rpc.StatusCode}: {rpc.Status.Detail}",
                WebErrorException page => $"{page.Document.Code}: {page.Message}",
                _ => error.GetType().Name,
            };
            throw;
        }
        finally
        {
            End(begun, who, method, target, failure);
        }
    }

    // That it was asked for is on record already; what was done is not taken back.
    private void End(long begun, string who, string method, string target, string? failure)
    {
        try
        {
            appliance.Audit.End(begun, who, method, target, failure);
        }
        catch (IOException error)
        {
            DaemonLog.AuditFailed(logger, error.Message);
        }
    }

    private static string TargetOf(object request) => request switch
    {
        NodeRequest node => $"node:{node.Node}",
        BackUpNodeRequest backup => $"node:{backup.Node}",
        SetSettingsRequest settings => $"{(settings.HasName ? $"name:{settings.Name} " : "")}{(settings.HasZone ? $"zone:{settings.Zone}" : "")}".TrimEnd(),
        CreateTokenRequest token => token.ForOperator ? "login token" : "node token",
        UserRequest user => $"user:{user.User}",
        AddUserRequest user => $"user:{user.User} role:{user.Role}",
        SetRoleRequest user => $"user:{user.User} role:{user.Role}",
        SetPasswordRequest user => $"user:{user.User}",
        CreateApiTokenRequest token => $"role:{token.Role}",
        AlertRequest alert => $"alert:{alert.Id}",
        ReleaseHoldRequest hold => $"node:{hold.Node}",
        RevokeApiTokenRequest token => $"token:{token.Id}",
        PolicyRequest policy => $"policy:{policy.Name}",
        SetPolicyRequest policy => $"policy:{PolicyDocument.NameOf(policy.Document)}",
        AssignPolicyRequest policy => $"policy:{policy.Name} node:{policy.Node}{(policy.Remove ? " removed" : "")}",
        OrderJobRequest job => $"{job.Kind} node:{job.Node} policy:{job.Policy}",
        OrderRestoreRequest restore => $"snapshot:{restore.Snapshot} node:{restore.Node} target:{restore.Target}",
        JobRequestById job => $"job:{job.Id}",
        LockSnapshotRequest snapshot => string.Create(CultureInfo.InvariantCulture, $"snapshot:{snapshot.Id} seconds:{snapshot.DurationSeconds}"),
        PressRequest press => string.Create(CultureInfo.InvariantCulture, $"button:{press.Button} ms:{press.HoldMs}"),
        ShutDownRequest shutDown => shutDown.How.ToString(),
        ReplaceDiskRequest disk => string.Create(CultureInfo.InvariantCulture, $"{(disk.HasBay ? $"bay:{disk.Bay} " : "")}disk:{disk.Disk}{(disk.AcceptRisk ? " risk accepted" : "")}"),
        OverwriteNewDiskRequest disk => $"disk:{disk.Serial}",
        CheckArrayRequest check => $"array:{check.Array}{(check.Stop ? " stop" : "")}",
        SwitchTunnelRequest tunnel => tunnel.To.ToString(),
        GetTunnelKeyRequest key => key.Anew ? "new key" : "",
        AddVaultRequest vault => $"vault:{vault.Name}",
        VaultRequest vault => $"vault:{vault.Name}",
        SetVaultBandwidthRequest vault => $"vault:{vault.Name} limits:{vault.Limits.Count}",
        JoinFleetRequest join => $"control plane:{join.Address}",
        SetFleetRulesRequest rules => $"forbidden:{string.Join(',', rules.Rules?.Forbidden ?? [])} presence:{string.Join(',', rules.Rules?.NeedsPresence ?? [])}",
        BeginUploadRequest bundle => string.Create(CultureInfo.InvariantCulture, $"bundle:{bundle.Name} bytes:{bundle.Bytes}"),
        InstallUpdateRequest update => $"{(update.Stick.Length > 0 ? $"stick:{update.Stick}" : $"upload:{update.Upload}")}{(update.AllowDowngrade ? " downgrade allowed" : "")}{(update.Restart ? " restart" : "")}",
        FetchUpdateRequest update => $"url:{update.Url} sha256:{update.Sha256}{(update.AllowDowngrade ? " downgrade allowed" : "")}{(update.Restart ? " restart" : "")}",
        WebRequest page => page.Target,
        _ => "",
    };
}
