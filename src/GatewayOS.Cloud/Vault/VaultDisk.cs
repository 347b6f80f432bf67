using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>
/// A vault as a disk that cannot be written: a store is opened, browsed, verified and restored from it as from any other, by ranges, without downloading it first.
/// Shows the vault as it was when it was listed. Thread-safe.
/// </summary>
public sealed class VaultDisk : IStoreDisk
{
    private readonly IVaultMedium _medium;
    private readonly VaultBlocks _blocks;
    private readonly CancellationToken _cancellation;
    private readonly IStoreDisk? _near;
    private readonly ILookup<string, StoreEntry> _directories;

    /// <summary>Uses a listing.</summary>
    /// <param name="medium">Where the vault is; borrowed.</param>
    /// <param name="listing">What is in it.</param>
    /// <param name="cancellation">Stops reads that are under way.</param>
    /// <param name="near">A directory in which an attach has left packs already: what is there is read from there. Null for none.</param>
    public VaultDisk(IVaultMedium medium, VaultListing listing, CancellationToken cancellation, IStoreDisk? near = null)
    {
        (_medium, Listing, _cancellation, _near, _blocks) = (medium, listing, cancellation, near, new VaultBlocks(medium));
        _directories = listing.Objects.SelectMany(EntriesOf).Distinct().ToLookup(entry => entry.Directory, entry => entry.Entry, StringComparer.Ordinal);
    }

    /// <summary>What is in the vault.</summary>
    public VaultListing Listing { get; }

    /// <inheritdoc/>
    public string Location => _medium.Location;

    /// <inheritdoc/>
    public bool IsReadOnly => true;

    /// <summary>Lists a vault and opens it.</summary>
    /// <param name="medium">Where it is; borrowed.</param>
    /// <param name="cancellation">Stops the listing, and reads later.</param>
    /// <exception cref="VaultException">It cannot be reached.</exception>
    public static async Task<VaultDisk> OpenAsync(IVaultMedium medium, CancellationToken cancellation) =>
        new(medium, await VaultListing.ReadAsync(medium, cancellation).ConfigureAwait(false), cancellation);

    /// <inheritdoc/>
    public IStoreFile OpenRead(string path) => OpenNear(path, streamed: false) ?? new VaultFile(this, Find(path), streamed: false);

    /// <inheritdoc/>
    public IStoreFile OpenReadStreamed(string path) => OpenNear(path, streamed: true) ?? new VaultFile(this, Find(path), streamed: true);

    /// <inheritdoc/>
    public IReadOnlyList<StoreEntry> List(string directory) => [.. _directories[directory]];

    /// <inheritdoc/>
    public bool IsLocked(string path) => false;

    /// <inheritdoc/>
    public IStoreLock? TryLock(string path) => throw ReadOnly(path);

    /// <inheritdoc/>
    public IStoreFile Create(string path) => throw ReadOnly(path);

    /// <inheritdoc/>
    public IStoreFile OpenWrite(string path) => throw ReadOnly(path);

    /// <inheritdoc/>
    public void Rename(string from, string to) => throw ReadOnly(to);

    /// <inheritdoc/>
    public void Delete(string path) => throw ReadOnly(path);

    /// <inheritdoc/>
    public void CreateDirectory(string path) => throw ReadOnly(path);

    /// <inheritdoc/>
    public void SyncDirectory(string path) => throw ReadOnly(path);

    private static IEnumerable<(string Directory, StoreEntry Entry)> EntriesOf(VaultObject found)
    {
        string name = found.Name;
        int slash = name.LastIndexOf('/');
        yield return (slash < 0 ? "" : name[..slash], new StoreEntry(name[(slash + 1)..], found.LengthBytes, IsDirectory: false));
        while (slash > 0)
        {
            name = name[..slash];
            slash = name.LastIndexOf('/');
            yield return (slash < 0 ? "" : name[..slash], new StoreEntry(name[(slash + 1)..], 0, IsDirectory: true));
        }
    }

    // A file whose name says what is in it, and that got its name when it was whole.
    private IStoreFile? OpenNear(string path, bool streamed)
    {
        if (_near is null || !SealedFile.TryParse(path, out SealedFile file) || !file.IsNamedByContent)
        {
            return null;
        }

        try
        {
            IStoreFile opened = streamed ? _near.OpenReadStreamed(path) : _near.OpenRead(path);
            if (opened.LengthBytes == Listing.Find(path)?.LengthBytes)
            {
                return opened;
            }

            opened.Dispose();
        }
        catch (StoreIoException)
        {
            // Not there yet, or not readable: the vault has it.
        }

        return null;
    }

    private VaultObject Find(string path) =>
        Listing.Find(path) ?? throw new StoreIoException(StoreIoFailure.Missing, path, $"There is no {path} in {Location}.");

    private StoreIoException ReadOnly(string path) => new(StoreIoFailure.Permission, path, $"Cannot write {path}: {Location} is a vault and is only read.");

    private int Read(VaultObject source, Span<byte> buffer, long offsetBytes, bool streamed)
    {
        try
        {
            if (!streamed)
            {
                return _blocks.Read(source, buffer, offsetBytes);
            }

            byte[] rented = System.Buffers.ArrayPool<byte>.Shared.Rent(buffer.Length);
            try
            {
                int read = _medium.ReadAsync(source, offsetBytes, rented.AsMemory(0, buffer.Length), _cancellation).GetAwaiter().GetResult();
                rented.AsSpan(0, read).CopyTo(buffer);
                return read;
            }
            finally
            {
                System.Buffers.ArrayPool<byte>.Shared.Return(rented);
            }
        }
        catch (VaultException error)
        {
            StoreIoFailure failure = error.Failure switch
            {
                VaultFailure.Missing => StoreIoFailure.Missing,
                VaultFailure.Refused => StoreIoFailure.Permission,
                _ => StoreIoFailure.Device,
            };
            throw new StoreIoException(failure, source.Name, error.Message, error);
        }
    }

    private sealed class VaultFile(VaultDisk disk, VaultObject source, bool streamed) : IStoreFile
    {
        public long LengthBytes => source.LengthBytes;

        public int ReadAt(Span<byte> buffer, long offsetBytes) => offsetBytes >= source.LengthBytes ? 0 : disk.Read(source, buffer, offsetBytes, streamed);

        public void WriteAt(ReadOnlySpan<byte> buffer, long offsetBytes) => throw disk.ReadOnly(source.Name);

        public void SetLength(long lengthBytes) => throw disk.ReadOnly(source.Name);

        public void Sync() => throw disk.ReadOnly(source.Name);

        public void StartWriteback(long offsetBytes, long lengthBytes)
        {
        }

        public void Dispose()
        {
        }
    }
}
