using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tests.Rig;

/// <summary>A medium that stops its user after so many reads.</summary>
internal sealed class CountingMedium(IVaultMedium inner, int reads, CancellationTokenSource stop) : IVaultMedium
{
    private int _reads;

    public int Reads => _reads;

    public string Location => inner.Location;

    public int LockDays => inner.LockDays;

    public IAsyncEnumerable<VaultObject> ListAsync(string prefix, CancellationToken cancellation) => inner.ListAsync(prefix, cancellation);

    public Task<VaultObject> PutAsync(string name, IStoreFile content, CancellationToken cancellation) => inner.PutAsync(name, content, cancellation);

    public Task<int> ReadAsync(VaultObject source, long offsetBytes, Memory<byte> buffer, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _reads) == reads)
        {
            stop.Cancel();
        }

        return inner.ReadAsync(source, offsetBytes, buffer, cancellation);
    }

    public Task DeleteAsync(string name, CancellationToken cancellation) => inner.DeleteAsync(name, cancellation);

    public Task PurgeAsync(string name, CancellationToken cancellation) => inner.PurgeAsync(name, cancellation);

    public Task<DateTimeOffset> ExtendLockAsync(VaultObject locked, CancellationToken cancellation) => inner.ExtendLockAsync(locked, cancellation);

    public Task TidyAsync(CancellationToken cancellation) => inner.TidyAsync(cancellation);

    public void Dispose() => inner.Dispose();
}
