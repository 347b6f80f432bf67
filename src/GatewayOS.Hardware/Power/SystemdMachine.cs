using System.Diagnostics;
using GatewayOS.Appliance.Power;

namespace GatewayOS.Hardware.Power;

/// <summary>Turns the machine off by systemd, which stops every service in order first. gatewayd's user needs the right to (polkit's <c>org.freedesktop.login1.power-off</c>).</summary>
public sealed class SystemdMachine : IMachine
{
    /// <inheritdoc/>
    /// <exception cref="System.ComponentModel.Win32Exception">systemctl is not there.</exception>
    public void PowerOff() => Run("poweroff");

    /// <inheritdoc/>
    /// <exception cref="System.ComponentModel.Win32Exception">systemctl is not there.</exception>
    public void Reboot() => Run("reboot");

    private static void Run(string verb)
    {
        using Process? started = Process.Start(new ProcessStartInfo("systemctl", ["--no-block", "--no-ask-password", verb]) { UseShellExecute = false });
    }
}
