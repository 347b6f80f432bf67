namespace GatewayOS.Grpc.Tests;

/// <summary>Tests that measure what the process allocates: no other may run meanwhile.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    public const string Name = "alone";
}
