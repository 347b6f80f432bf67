using GatewayOS.Api;
using GatewayOS.Appliance.Fleet;

namespace GatewayOS.Daemon.Fleet;

/// <summary>What came of a command.</summary>
/// <param name="State">Running, done, failed or refused.</param>
/// <param name="Detail">In words.</param>
/// <param name="JobId">The job that does it; empty for none.</param>
/// <param name="Reply">The answer.</param>
internal sealed record Deed(CommandState State, string Detail = "", string JobId = "", FleetOrderReply? Reply = null);

/// <summary>What the appliance does for the control plane.</summary>
internal interface IFleetDeeds
{
    /// <summary>Looks whether a command that was begun has had its effect.</summary>
    /// <returns>What came of it; null when it has none, or doing it again changes nothing more.</returns>
    Deed? Find(LedgerCommand command);

    /// <summary>Carries a command out.</summary>
    Task<Deed> DoAsync(LedgerCommand command, CancellationToken cancellation);

    /// <summary>How the job stands that does a command.</summary>
    /// <returns>What came of it; null while it is at work.</returns>
    Deed? Follow(LedgerCommand command);

    /// <summary>Says whether the appliance's own rules let a command be carried out.</summary>
    /// <returns>Null when they do; else why not.</returns>
    string? Refusal(LedgerCommand command);
}
