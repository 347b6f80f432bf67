namespace GatewayOS.Simulation;

internal static class PrefixReplay
{
    public static int Run(SimulationOptions options) => options.Prefixes ? 0 : 1;
}
