using GatewayOS.Agent.Connection;
using GatewayOS.Agent.Direct;
using GatewayOS.Agent.Remote;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store;

namespace GatewayOS.Agent.Commands;

/// <summary>Where this machine's snapshots are: at its appliance, or in its vault.</summary>
internal sealed class SnapshotSource : IDisposable
{
    private readonly IDisposable[] _owned;

    private SnapshotSource(ISnapshotStore store, params IDisposable[] owned) => (Store, _owned) = (store, owned);

    public ISnapshotStore Store { get; }

    public static SnapshotSource Open(AgentContext context, string purpose)
    {
        if (context.State.Vault.Config is { } vault)
        {
            RetryingMedium medium = VaultAccess.OpenMedium(context.State, vault);
            BackupStore opened = VaultAccess.OpenForReading(context.State, medium, purpose, context.Cancellation);
            return new SnapshotSource(opened, opened, medium);
        }

        ApplianceConnection connection = ApplianceConnection.Open(context.State);
        var limit = new BandwidthLimit(context.State.Config.BandwidthBytesPerSecond, TimeProvider.System);
        return new SnapshotSource(new RemoteStore(connection, limit, TimeProvider.System, static message => Console.Error.WriteLine($"gateway-agent: {message}"), context.Cancellation), connection);
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned)
        {
            owned.Dispose();
        }
    }
}
