using GatewayOS.Store.Sealed;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Vault;

/// <summary>Whether an object is in a vault, as far as its listing and the ledger tell.</summary>
internal enum VaultPresence
{
    /// <summary>Not there.</summary>
    Absent,

    /// <summary>There, as it was put.</summary>
    There,

    /// <summary>There, and not known to have been put.</summary>
    Unknown,

    /// <summary>There, and not as it was put.</summary>
    Altered,
}

/// <summary>What became of a file that was to be in a vault.</summary>
internal enum VaultPutResult
{
    /// <summary>It was there.</summary>
    There,

    /// <summary>It was there without this machine knowing, and is right.</summary>
    Adopted,

    /// <summary>It was put.</summary>
    Put,

    /// <summary>It was put where something else stood, or where it had been put before and has gone.</summary>
    Mended,

    /// <summary>The source does not have it any more.</summary>
    Vanished,

    /// <summary>It is damaged in the source, and was not put.</summary>
    Damaged,
}

/// <summary>Brings single sealed files into a vault. What is put was checked in memory and is sent from there: rot in the source must not spread to its copy. Belongs to one thread.</summary>
/// <param name="open">Opens a file of the source.</param>
/// <param name="storeId">The store.</param>
/// <param name="config">The bytes of its config file.</param>
/// <param name="medium">Where the vault is; borrowed.</param>
/// <param name="vault">The same, to read; its listing learns what is put.</param>
/// <param name="ledger">What was put there; learns what is put.</param>
/// <param name="cancellation">Stops what is under way.</param>
internal sealed class VaultPut(Func<SealedFile, IStoreFile> open, Guid storeId, ReadOnlyMemory<byte> config, IVaultMedium medium, VaultDisk vault, VaultLedger ledger, CancellationToken cancellation) : IDisposable
{
    private readonly SealedCheck _check = new(storeId, config);
    private readonly SealedContent _content = new();

    /// <summary>Why the last file was <see cref="VaultPutResult.Damaged"/>.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>Length of the last file that was put.</summary>
    public long BytesPut { get; private set; }

    /// <summary>Compares a vault's listing with what was put.</summary>
    public static VaultPresence Look(VaultListing listing, VaultLedger ledger, string name) => listing.Find(name) is not { } there ? VaultPresence.Absent
        : ledger.Find(name) is not { } known ? VaultPresence.Unknown
        : known.LengthBytes == there.LengthBytes && known.Tag == there.Tag ? VaultPresence.There
        : VaultPresence.Altered;

    /// <summary>Sees to it that a file is in the vault.</summary>
    /// <exception cref="VaultException">The vault cannot be reached or is full.</exception>
    /// <exception cref="StoreIoException">The source cannot be read.</exception>
    public VaultPutResult Bring(SealedFile file)
    {
        VaultPresence presence = Look(vault.Listing, ledger, file.Name);
        if (presence == VaultPresence.There)
        {
            return VaultPutResult.There;
        }

        bool wasPut = ledger.Find(file.Name) is not null;
        if (presence == VaultPresence.Unknown && IsRight(file))
        {
            ledger.Set(vault.Listing.Find(file.Name)!);
            return VaultPutResult.Adopted;
        }

        VaultPutResult result = Put(file);
        return result == VaultPutResult.Put && (wasPut || presence != VaultPresence.Absent) ? VaultPutResult.Mended : result;
    }

    /// <summary>True when what stands in the vault under a file's name is that file, by its structure.</summary>
    /// <exception cref="StoreIoException">The vault cannot be read.</exception>
    public bool IsRight(SealedFile file)
    {
        try
        {
            using IStoreFile there = vault.OpenReadStreamed(file.Name);
            return _check.Structure(file, there) is null;
        }
        catch (StoreIoException error) when (error.InnerException is VaultException { Failure: VaultFailure.Missing })
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _check.Dispose();
        _content.Dispose();
    }

    private VaultPutResult Put(SealedFile file)
    {
        try
        {
            using IStoreFile source = open(file);
            IStoreFile content = _content.Of(file, source);
            if (_check.Whole(file, content) is { } reason)
            {
                Reason = reason;
                return VaultPutResult.Damaged;
            }

            VaultObject put = medium.PutAsync(file.Name, content, cancellation).GetAwaiter().GetResult();
            vault.Listing.Set(put);
            ledger.Set(put);
            BytesPut = put.LengthBytes;
            return VaultPutResult.Put;
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            return VaultPutResult.Vanished;
        }
        catch (StoreDamagedException error)
        {
            Reason = error.Message;
            return VaultPutResult.Damaged;
        }
    }
}
