using GatewayOS.Store.Keys;

namespace GatewayOS.Simulation;

/// <summary>The secret of simulated stores: a key file of our own form, because its key derivation costs microseconds.</summary>
internal static class SimulationKey
{
    public static StoreSecret Secret { get; } = new StoreSecret.KeyFile("GATEWAY-KEY-1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"u8.ToArray());
}
