using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tests.Rig;

/// <summary>A medium around another one that tells a hook before each put; the hook may do anything, a throw included. Notes the order of puts.</summary>
internal sealed class HookedMedium(IVaultMedium inner, Action<string>? before = null) : IVaultMedium
{
    public List<string> Puts { get; } = [];

    public string Location => inner.Location;

    public int LockDays => inner.LockDays;

    public IAsyncEnumerable<VaultObject> ListAsync(string prefix, CancellationToken cancellation) => inner.ListAsync(prefix, cancellation);

    public Task<VaultObject> PutAsync(string name, IStoreFile content, CancellationToken cancellation)
    {
        before?.Invoke(name);
        lock (Puts)
        {
            Puts.Add(name);
        }

        return inner.PutAsync(name, content, cancellation);
    }

    public Task<int> ReadAsync(VaultObject source, long offsetBytes, Memory<byte> buffer, CancellationToken cancellation) => inner.ReadAsync(source, offsetBytes, buffer, cancellation);

    public Task DeleteAsync(string name, CancellationToken cancellation) => inner.DeleteAsync(name, cancellation);

    public Task PurgeAsync(string name, CancellationToken cancellation) => inner.PurgeAsync(name, cancellation);

    public Task<DateTimeOffset> ExtendLockAsync(VaultObject locked, CancellationToken cancellation) => inner.ExtendLockAsync(locked, cancellation);

    public Task TidyAsync(CancellationToken cancellation) => inner.TidyAsync(cancellation);

    public void Dispose() => inner.Dispose();
}
