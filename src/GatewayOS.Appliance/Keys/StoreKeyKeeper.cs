using System.Security.Cryptography;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Keys;

/// <summary>
/// Keeps the store's key in the state directory: sealed where something can seal it, else as a plain file. A plain file that is found where sealing works is moved in.
/// </summary>
/// <remarks>
/// At every moment the disk holds the key in one usable form: it is sealed, unsealed again and compared, durable, read back; then the plain file gets a name that says it is to go, and is
/// overwritten and deleted under that name. What opens nothing never takes the place of what may.
/// </remarks>
/// <param name="state">The state directory; borrowed.</param>
/// <param name="sealer">What seals; null when nothing does.</param>
/// <param name="opens">Says whether a key opens the store; true while there is no store.</param>
public sealed class StoreKeyKeeper(IStoreDisk state, IKeySealer? sealer, Func<byte[], bool> opens)
{
    /// <summary>The key as a plain file.</summary>
    public const string PlainFile = "store.key";

    /// <summary>The sealed key.</summary>
    public const string SealedFile = "store.key.sealed";

    /// <summary>Largest file that is read, in bytes: a key file of 1 MiB, sealed and written as text.</summary>
    public const int FileBytesMax = 2 * 1024 * 1024;

    private const string LockFile = "store.key.lock";
    private const string UnfinishedEnd = ".new";
    private const string LeavingEnd = ".leaving";
    private const string Remedy =
        "When that machine is gone, make a new key with the recovery key: 'u' on the appliance's console, or 'gatewayd unlock' as gatewayd's user.";

    /// <summary>Finds the key, and moves it to where it is kept best.</summary>
    /// <returns>Null when there is none at all.</returns>
    /// <exception cref="StoreUnusableException">There is one, and it cannot be read; the message says what to do. Nothing was changed.</exception>
    /// <exception cref="StoreIoException">The state directory cannot be read.</exception>
    public StoreKey? Load()
    {
        using IStoreLock held = Lock();
        RemoveLeftovers();
        byte[]? plain = Read(PlainFile);
        byte[]? blob = Read(SealedFile);
        if (plain is null)
        {
            return blob is null ? null : Unseal(blob);
        }

        if (sealer is null)
        {
            return InFile(plain);
        }

        SealResult found = blob is null ? default : sealer.Unseal(blob);
        if (found.Content is { } other && CryptographicOperations.FixedTimeEquals(other, plain))
        {
            CryptographicOperations.ZeroMemory(other);
            return Sealed(plain, RemovePlain());
        }

        if (opens(plain))
        {
            return TrySeal(plain, out StoreKey? moved, out string why) ? moved : InFile(plain, why);
        }

        // What opening the store says of the file is the best there is to say.
        return found.Content is { } key ? Sealed(key, $"{state.Location}/{PlainFile} is no key of the store and is not used; remove it.") : InFile(plain);
    }

    /// <summary>Keeps a new key. When this returns it survives a power cut, and an older one is gone.</summary>
    /// <param name="key">The key file's bytes; taken over.</param>
    /// <exception cref="StoreUnusableException">Another program changes it now.</exception>
    /// <exception cref="StoreIoException">It cannot be written; what was there stands.</exception>
    public StoreKey Keep(byte[] key)
    {
        using IStoreLock held = Lock();
        RemoveLeftovers();
        string why = "";
        if (sealer is not null && TrySeal(key, out StoreKey? kept, out why))
        {
            return kept!;
        }

        Replace(PlainFile, key);
        return InFile(key, why);
    }

    /// <summary>Wipes the key in every form, and whatever was left of one.</summary>
    /// <param name="stateDirectory">The state directory.</param>
    /// <exception cref="IOException">A file cannot be wiped.</exception>
    public static void Wipe(string stateDirectory)
    {
        foreach (string file in Directory.Exists(stateDirectory) ? Directory.GetFiles(stateDirectory, PlainFile + "*") : [])
        {
            FileWipe.Remove(file);
        }
    }

    private static bool IsLeftover(string name) =>
        name.StartsWith(PlainFile + ".", StringComparison.Ordinal) && (name.EndsWith(UnfinishedEnd, StringComparison.Ordinal) || name.EndsWith(LeavingEnd, StringComparison.Ordinal));

    private IStoreLock Lock() => state.TryLock(LockFile) ?? throw new StoreUnusableException($"Another program changes the store's key in {state.Location} now. Try again.");

    private StoreKey InFile(byte[] key, string why = "") => new(
        key, KeyPlace.File, $"in the file {state.Location}/{PlainFile}: who gets that disk can read the backups", sealer is null ? "" : $"{sealer.Name} does not seal it: {why}");

    private StoreKey Sealed(byte[] key, string note = "") => new(key, KeyPlace.Sealed, $"sealed by {sealer!.Name}", note);

    private StoreKey Unseal(byte[] blob)
    {
        string file = $"{state.Location}/{SealedFile}";
        if (sealer is null)
        {
            throw new StoreUnusableException($"The store's key is sealed by a TPM ({file}), and there is none here. Turn it on in the firmware's settings, or say where it is with --tpm. {Remedy}");
        }

        SealResult found = sealer.Unseal(blob);
        return found.Content is { } key
            ? Sealed(key)
            : throw new StoreUnusableException(found.Failure switch
            {
                SealFailure.OtherChip => $"The store's key ({file}) was not sealed by {sealer.Name}: {found.Reason} Start with the board that it belongs to. {Remedy}",
                SealFailure.Damaged => $"The sealed store's key {file} cannot be used: {found.Reason} Put a copy of it back. {Remedy}",
                SealFailure.Unreachable => $"The store's key is sealed, and {sealer.Name} cannot be reached: {found.Reason} Try again; then look at the TPM in the firmware's settings. {Remedy}",
                _ => $"The store's key is sealed, and {sealer.Name} refuses to unseal it: {found.Reason} Restart the machine; then look at the TPM in the firmware's settings. {Remedy}",
            });
    }

    // False: nothing has changed but perhaps the sealed file, which then holds this very key.
    private bool TrySeal(byte[] key, out StoreKey? kept, out string why)
    {
        kept = null;
        SealResult made = sealer!.Seal(key);
        why = made.Reason;
        if (made.Content is not { } blob)
        {
            return false;
        }

        SealResult back = sealer.Unseal(blob);
        if (back.Content is not { } again || !CryptographicOperations.FixedTimeEquals(again, key))
        {
            why = $"what was sealed does not come back. {back.Reason}";
            return false;
        }

        CryptographicOperations.ZeroMemory(again);
        try
        {
            Replace(SealedFile, blob);
            if (!blob.AsSpan().SequenceEqual(Read(SealedFile)))
            {
                why = $"{state.Location}/{SealedFile} does not read as it was written.";
                return false;
            }
        }
        catch (StoreIoException error)
        {
            why = error.Message;
            return false;
        }

        kept = Sealed(key, RemovePlain());
        return true;
    }

    // Under its own name it is never found half overwritten. A name in between is not a key any more.
    private string RemovePlain()
    {
        if (!Has(PlainFile))
        {
            return "";
        }

        try
        {
            state.Rename(PlainFile, PlainFile + LeavingEnd);
            state.SyncDirectory("");
            FileWipe.Remove(state, PlainFile + LeavingEnd);
            return "";
        }
        catch (StoreIoException error)
        {
            return $"The key's plain file could not be wiped ({error.Message}). The next start tries again.";
        }
    }

    // Names that a power cut left in between: nothing depends on them, and they may hold a key.
    private void RemoveLeftovers()
    {
        foreach (string name in state.ListNames("").Where(IsLeftover).ToArray())
        {
            FileWipe.Remove(state, name);
        }
    }

    private bool Has(string name) => state.ListNames("").Contains(name, StringComparer.Ordinal);

    private byte[]? Read(string name)
    {
        if (!Has(name))
        {
            return null;
        }

        using IStoreFile file = state.OpenRead(name);
        byte[] content = new byte[Math.Min(file.LengthBytes, FileBytesMax)];
        return content[..file.ReadAt(content, 0)];
    }

    private void Replace(string name, ReadOnlySpan<byte> content)
    {
        using (IStoreFile file = state.Create(name + UnfinishedEnd))
        {
            file.WriteAt(content, 0);
            file.Sync();
        }

        state.Rename(name + UnfinishedEnd, name);
        state.SyncDirectory("");
    }
}
