using GatewayOS.Appliance.Panel;
using GatewayOS.Appliance.Raid;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Lights of the disk bays on the front panel, and what is to be done at the disks on its display. What is wished is kept besides, for the service.</summary>
internal sealed class PanelBayLights(IBayLights kept, ApplianceBody body, PanelFeed feed) : IBayLights
{
    private static readonly (BayLight Light, string Signal)[] s_signals = [(BayLight.Locate, "bay-locate"), (BayLight.Fault, "bay-fault"), (BayLight.Rebuild, "bay-rebuild")];

    public void Set(int bay, BayLight light)
    {
        kept.Set(bay, light);
        foreach ((BayLight one, string signal) in s_signals)
        {
            body.ShowBay(bay, signal, isSo: one == light);
        }
    }

    public void Tell(string text)
    {
        kept.Tell(text);
        feed.Step = text;
        body.Panel.Show(PanelSignal.Attention, text.Length > 0);
    }
}
