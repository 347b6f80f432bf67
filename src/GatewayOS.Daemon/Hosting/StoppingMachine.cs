using GatewayOS.Appliance.Power;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Stands for the machine where it is none of the models: a developer's computer goes on, and gatewayd stops.</summary>
internal sealed class StoppingMachine(IHostApplicationLifetime lifetime) : IMachine
{
    public void PowerOff() => lifetime.StopApplication();

    public void Reboot() => lifetime.StopApplication();
}
