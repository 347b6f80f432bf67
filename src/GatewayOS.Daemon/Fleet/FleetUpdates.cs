using System.Collections.Concurrent;
using GatewayOS.Api;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Appliance.Updates;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Daemon.Services;
using Grpc.Core;

namespace GatewayOS.Daemon.Fleet;

/// <summary>
/// Updates that the control plane orders. Fetching a bundle takes long and other commands do not wait for it; what came of it then stands in the ledger of updates,
/// where it is known by who ordered it, across restarts.
/// </summary>
internal sealed class FleetUpdates(ApplianceUpdates updates)
{
    private readonly ConcurrentDictionary<string, Task<UpdateAttemptInfo>> _fetching = new(StringComparer.Ordinal);

    /// <summary>Begins.</summary>
    /// <param name="command">The command.</param>
    /// <param name="fetch">Fetches the bundle and has it installed.</param>
    public Deed Begin(LedgerCommand command, Func<Task<UpdateAttemptInfo>> fetch)
    {
        _fetching[command.Id] = fetch();
        return new Deed(CommandState.Running, "The bundle is being fetched.");
    }

    /// <summary>How it stands.</summary>
    /// <returns>What came of it; null while it is under way.</returns>
    public Deed? Follow(LedgerCommand command)
    {
        if (_fetching.TryGetValue(command.Id, out Task<UpdateAttemptInfo>? fetching))
        {
            if (!fetching.IsCompleted)
            {
                return null;
            }

            _fetching.TryRemove(command.Id, out _);
            if (fetching.Exception?.InnerException is { } error)
            {
                return error is RpcException { StatusCode: StatusCode.PermissionDenied } refused
                    ? new Deed(CommandState.Refused, refused.Status.Detail)
                    : new Deed(CommandState.Failed, error is RpcException rpc ? rpc.Status.Detail : error.Message);
            }
        }

        return updates.Engine.Status.Attempts.LastOrDefault(attempt => attempt.By == command.Who) switch
        {
            null => new Deed(CommandState.Failed, "gatewayd was restarted before the bundle was there. Order it again."),
            { IsEnded: false } => null,
            { State: UpdateState.Good } kept => new Deed(CommandState.Done, $"Version {kept.Version} runs. {kept.Reason}"),
            { } attempt => new Deed(attempt.State == UpdateState.Refused ? CommandState.Refused : CommandState.Failed, $"{UpdateMessages.WordOf(attempt.State)}: {attempt.Reason}"),
        };
    }
}
