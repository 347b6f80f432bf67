using GatewayOS.Pages;

namespace GatewayOS.Daemon.Fleet;

/// <summary>A call that the control plane has ordered: made here, through the gates that every call goes through.</summary>
internal sealed class FleetCallContext(string method, string who, CancellationToken cancellation) : LocalCallContext(method, "control plane", cancellation)
{
    /// <summary>Who orders it, as the appliance's records name it.</summary>
    public string Who { get; } = who;
}
