using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>An object of a vault.</summary>
/// <param name="Name">Its path in the vault, '/'-separated; the same as in the store.</param>
/// <param name="LengthBytes">Its length.</param>
/// <param name="Tag">Differs when somebody has put other content there, as far as the medium can tell without reading; empty when it cannot.</param>
/// <param name="Version">Which version of the object, when one of an earlier time is meant; null for the one that is there now.</param>
/// <param name="LockedUntil">Until when nobody can delete or replace it, as far as this program knows.</param>
public sealed record VaultObject(string Name, long LengthBytes, string Tag, string? Version = null, DateTimeOffset? LockedUntil = null)
{
    /// <summary>The storage class it was listed in, as the service calls it; null where there are none.</summary>
    public string? Class { get; init; }
}

/// <summary>
/// Where the objects of a vault lie: a bucket, or a directory on another disk. Names are relative, '/'-separated ASCII. An object is there whole or not at all,
/// whatever happens to the writer, the link or the power. Thread-safe. Every failure is a <see cref="VaultException"/>; whether a retry may help stands in it.
/// </summary>
public interface IVaultMedium : IDisposable
{
    /// <summary>What to call this place in messages.</summary>
    string Location { get; }

    /// <summary>For how many days an object that is put cannot be deleted or replaced by anybody; 0 when nothing is locked here.</summary>
    int LockDays { get; }

    /// <summary>Lists the objects whose names begin so, in no order.</summary>
    /// <param name="prefix">The beginning; empty for all.</param>
    /// <param name="cancellation">Stops the listing.</param>
    IAsyncEnumerable<VaultObject> ListAsync(string prefix, CancellationToken cancellation);

    /// <summary>Puts an object, over one of the same name. When this returns it survives a power cut there.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="content">Its content; borrowed. Read from the beginning, in parts; may be read more than once.</param>
    /// <param name="cancellation">Stops it; the object is there or not.</param>
    /// <returns>The object as a listing would show it.</returns>
    Task<VaultObject> PutAsync(string name, IStoreFile content, CancellationToken cancellation);

    /// <summary>Reads a range.</summary>
    /// <param name="source">The object, as it was listed.</param>
    /// <param name="offsetBytes">Where the range begins; below the object's length.</param>
    /// <param name="buffer">Gets it.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Bytes read; fewer than asked for only at the object's end.</returns>
    Task<int> ReadAsync(VaultObject source, long offsetBytes, Memory<byte> buffer, CancellationToken cancellation);

    /// <summary>Deletes an object; one that is not there is fine.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellation">Stops it.</param>
    Task DeleteAsync(string name, CancellationToken cancellation);

    /// <summary>Deletes an object for good, with all its earlier versions, to free the room it takes. What a lock holds stays.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="cancellation">Stops it.</param>
    Task PurgeAsync(string name, CancellationToken cancellation);

    /// <summary>Moves the end of an object's lock to <see cref="LockDays"/> from now. A lock is only ever made longer.</summary>
    /// <param name="locked">The object.</param>
    /// <param name="cancellation">Stops it.</param>
    /// <returns>Until when it is locked now.</returns>
    Task<DateTimeOffset> ExtendLockAsync(VaultObject locked, CancellationToken cancellation);

    /// <summary>Removes what interrupted puts have left. Only while nobody else puts.</summary>
    /// <param name="cancellation">Stops it.</param>
    Task TidyAsync(CancellationToken cancellation);
}
