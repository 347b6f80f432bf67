namespace GatewayOS.ControlPlane.Tests;

/// <summary>A directory in memory, for tests in which links, processes and tokens die but the power never does: what they sync thousands of times, no disk has to.</summary>
internal sealed class MemoryDirectory : IDisposable
{
    /// <summary>Where it is.</summary>
    public string Path { get; } = Directory.CreateDirectory($"/dev/shm/gateway-fleet-{Guid.NewGuid():N}").FullName;

    /// <summary>A path in it.</summary>
    public string this[string name] => System.IO.Path.Join(Path, name);

    /// <summary>Removes it.</summary>
    public void Dispose() => Directory.Delete(Path, recursive: true);
}
