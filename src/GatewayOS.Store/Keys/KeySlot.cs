using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Keys;

/// <summary>
/// A key slot: one small JSON document that holds the store's master key, wrapped with AES-256-GCM under a key from a secret. All its other
/// fields and the store's binding are authenticated, so a slot with altered parameters, or carried to another store, does not open.
/// </summary>
internal static class KeySlot
{
    /// <summary>Version written here, and the only one read.</summary>
    public const int Version = 1;

    /// <summary>Longest slot document, in bytes.</summary>
    public const int DocumentBytesMax = 16 << 10;

    /// <summary>Length of the checksum, in bytes.</summary>
    internal const int ChecksumBytes = 16;

    private const int SaltBytes = 16;
    private const int SaltBytesMax = 64;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int IdBytes = 16;

    private static readonly UnlockOutcome s_notThisStores = new(UnlockStatus.Damaged, "The key slot is damaged, altered or of another store.");

    /// <summary>Makes a slot.</summary>
    /// <param name="masterKey">The key to wrap.</param>
    /// <param name="secret">What will open it.</param>
    /// <param name="label">The user's name for it, up to <see cref="KeySlotInfo.LabelLengthMax"/>.</param>
    /// <param name="storeBinding">Digest of the store's configuration.</param>
    /// <param name="cost">Cost of Argon2id, for secrets that need stretching.</param>
    /// <param name="time">Clock for the creation date.</param>
    /// <returns>The document, UTF-8.</returns>
    /// <exception cref="ArgumentException">Secret, label or cost cannot be used; the message says why.</exception>
    /// <exception cref="StoreUnusableException">Argon2id finds no memory now; a retry may help.</exception>
    /// <exception cref="DllNotFoundException">libargon2 is missing; the message names its Debian package.</exception>
    public static byte[] Create(
        MasterKey masterKey, StoreSecret secret, string label, ReadOnlySpan<byte> storeBinding, KdfCost cost, TimeProvider time)
    {
        if (label.Length > KeySlotInfo.LabelLengthMax)
        {
            throw new ArgumentException($"The label has {label.Length} characters; at most {KeySlotInfo.LabelLengthMax} are allowed.", nameof(label));
        }

        if (!secret.TryGetMaterial(out byte[]? material, out bool isRandomKey, out string? error))
        {
            throw new ArgumentException(error, nameof(secret));
        }

        Span<byte> wrappingKey = stackalloc byte[MasterKey.SizeBytes];
        try
        {
            KeySlotDocument slot = new()
            {
                Version = Version,
                Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes)),
                Kind = secret.Kind,
                Label = label,
                Created = time.GetUtcNow().UtcDateTime.ToString("O", CultureInfo.InvariantCulture),
                Kdf = isRandomKey
                    ? new KeySlotKdf { Name = KeySlotKdf.HkdfSha256, Salt = RandomNumberGenerator.GetBytes(SaltBytes) }
                    : new KeySlotKdf
                    {
                        Name = KeySlotKdf.Argon2id,
                        MemoryKiB = cost.MemoryKiB,
                        Iterations = cost.Iterations,
                        Lanes = cost.Lanes,
                        Salt = RandomNumberGenerator.GetBytes(SaltBytes),
                    },
                Nonce = RandomNumberGenerator.GetBytes(NonceBytes),
                Wrapped = new byte[MasterKey.SizeBytes + TagBytes],
                Checksum = [],
            };
            slot.Kdf.Derive(material, wrappingKey);
            using (AesGcm cipher = new(wrappingKey, TagBytes))
            {
                cipher.Encrypt(
                    slot.Nonce, masterKey.Bytes, slot.Wrapped.AsSpan(0, MasterKey.SizeBytes), slot.Wrapped.AsSpan(MasterKey.SizeBytes), slot.AuthenticatedBytes(storeBinding));
            }

            return JsonSerializer.SerializeToUtf8Bytes(slot with { Checksum = slot.ExpectedChecksum(storeBinding) }, KeySlotJson.Default.KeySlotDocument);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrappingKey);
            CryptographicOperations.ZeroMemory(material);
        }
    }

    /// <summary>Opens a slot. Everything cheap is checked before the costly derivation.</summary>
    /// <param name="document">The slot as read.</param>
    /// <param name="secret">What may open it.</param>
    /// <param name="storeBinding">Digest of this store's configuration.</param>
    /// <param name="masterKey">The key, for the caller to dispose; null unless unlocked.</param>
    /// <exception cref="StoreUnusableException">Argon2id finds no memory now; a retry may help.</exception>
    /// <exception cref="DllNotFoundException">libargon2 is missing; the message names its Debian package.</exception>
    public static UnlockOutcome TryUnlock(ReadOnlySpan<byte> document, StoreSecret secret, ReadOnlySpan<byte> storeBinding, out MasterKey? masterKey)
    {
        masterKey = null;
        UnlockOutcome parsed = Parse(document, out KeySlotDocument? slot);
        if (slot is null)
        {
            return parsed;
        }

        if (!HasChecksum(slot, storeBinding))
        {
            return s_notThisStores;
        }

        if (secret.Kind != slot.Kind)
        {
            return new(UnlockStatus.WrongSecret, $"The key slot opens with a {slot.Kind}, not with a {secret.Kind}.");
        }

        if (!secret.TryGetMaterial(out byte[]? material, out bool isRandomKey, out string? error))
        {
            return new(UnlockStatus.WrongSecret, error);
        }

        try
        {
            if (isRandomKey != (slot.Kdf.Name == KeySlotKdf.HkdfSha256))
            {
                return WrongSecret(slot.Kind);
            }

            masterKey = Unwrap(slot, material, storeBinding);
            return masterKey is null ? WrongSecret(slot.Kind) : new(UnlockStatus.Unlocked, "");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(material);
        }
    }

    /// <summary>Checks a slot as far as that goes without its secret.</summary>
    /// <param name="document">The slot as read.</param>
    /// <param name="storeBinding">Digest of this store's configuration.</param>
    /// <returns><see cref="UnlockStatus.Unlocked"/> when nothing is wrong with it.</returns>
    public static UnlockOutcome Check(ReadOnlySpan<byte> document, ReadOnlySpan<byte> storeBinding)
    {
        UnlockOutcome parsed = Parse(document, out KeySlotDocument? slot);
        return slot is null || HasChecksum(slot, storeBinding) ? parsed : s_notThisStores;
    }

    /// <summary>What can be told about a slot without its secret.</summary>
    /// <returns>False when the document cannot be read as a slot; the outcome then says why.</returns>
    public static bool TryReadInfo(ReadOnlySpan<byte> document, [NotNullWhen(true)] out KeySlotInfo? info, out UnlockOutcome outcome)
    {
        outcome = Parse(document, out KeySlotDocument? slot);
        info = slot is null ? null : new KeySlotInfo(slot.Id, slot.Kind, slot.Label, ParseCreated(slot.Created) ?? default, slot.Kdf.Describe());
        return info is not null;
    }

    private static bool HasChecksum(KeySlotDocument slot, ReadOnlySpan<byte> storeBinding) =>
        slot.ExpectedChecksum(storeBinding).AsSpan().SequenceEqual(slot.Checksum);

    private static UnlockOutcome WrongSecret(string kind) => new(UnlockStatus.WrongSecret, $"This {kind} does not open the key slot.");

    private static MasterKey? Unwrap(KeySlotDocument slot, ReadOnlySpan<byte> material, ReadOnlySpan<byte> storeBinding)
    {
        Span<byte> wrappingKey = stackalloc byte[MasterKey.SizeBytes];
        Span<byte> plain = stackalloc byte[MasterKey.SizeBytes];
        try
        {
            slot.Kdf.Derive(material, wrappingKey);
            using AesGcm cipher = new(wrappingKey, TagBytes);
            cipher.Decrypt(
                slot.Nonce, slot.Wrapped.AsSpan(0, MasterKey.SizeBytes), slot.Wrapped.AsSpan(MasterKey.SizeBytes), plain, slot.AuthenticatedBytes(storeBinding));
            return new MasterKey(plain);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrappingKey);
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    private static UnlockOutcome Parse(ReadOnlySpan<byte> document, out KeySlotDocument? slot)
    {
        slot = null;
        if (document.Length > DocumentBytesMax)
        {
            return new(UnlockStatus.Damaged, $"The key slot has {document.Length} bytes; at most {DocumentBytesMax} are allowed.");
        }

        try
        {
            int version = JsonSerializer.Deserialize(document, KeySlotVersionJson.Default.KeySlotVersion)?.Version ?? 0;
            if (version > Version)
            {
                return new(UnlockStatus.Unsupported, $"The key slot has version {version}; this program reads version {Version}. Update it.");
            }

            KeySlotDocument? read = JsonSerializer.Deserialize(document, KeySlotJson.Default.KeySlotDocument);
            string errors = read is null ? "It is empty." : Errors(read);
            if (errors.Length > 0)
            {
                return new(UnlockStatus.Damaged, "The key slot cannot be used. " + errors);
            }

            slot = read;
            return default;
        }
        catch (JsonException error)
        {
            return new(UnlockStatus.Damaged, "The key slot is no valid document: " + error.Message);
        }
    }

    private static string Errors(KeySlotDocument slot)
    {
        List<string> errors = [];
        void Check(bool good, string error)
        {
            if (!good)
            {
                errors.Add(error);
            }
        }

        Check(slot.Version == Version, $"Version {slot.Version} never existed.");
        Check(slot.Id.Length == 2 * IdBytes && slot.Id.All(char.IsAsciiHexDigitLower), "The ID is no 32 hex digits.");
        Check(slot.Kind is KeySlotKinds.Passphrase or KeySlotKinds.KeyFile or KeySlotKinds.Recovery, "The kind is unknown.");
        Check(slot.Label.Length <= KeySlotInfo.LabelLengthMax, $"The label has more than {KeySlotInfo.LabelLengthMax} characters.");
        Check(ParseCreated(slot.Created) is not null, "The creation date is no ISO 8601 date.");
        Check(slot.Kdf.Salt.Length is >= SaltBytes and <= SaltBytesMax, $"The salt has {slot.Kdf.Salt.Length} bytes; allowed are {SaltBytes} to {SaltBytesMax}.");
        Check(slot.Nonce.Length == NonceBytes, $"The nonce is not {NonceBytes} bytes long.");
        Check(slot.Wrapped.Length == MasterKey.SizeBytes + TagBytes, "The wrapped key has a wrong length.");
        Check(slot.Checksum.Length == ChecksumBytes, $"The checksum is not {ChecksumBytes} bytes long.");
        switch (slot.Kdf.Name)
        {
            case KeySlotKdf.Argon2id:
                string costErrors = slot.Kdf.Cost.Errors();
                Check(costErrors.Length == 0, costErrors);
                break;
            case KeySlotKdf.HkdfSha256:
                Check(slot.Kdf.Cost == new KdfCost(0, 0, 0), "The key derivation hkdf-sha256 has no cost parameters.");
                Check(slot.Kind != KeySlotKinds.Passphrase, "A passphrase slot without stretching is refused.");
                break;
            default:
                errors.Add("The key derivation is unknown.");
                break;
        }

        return string.Join(' ', errors);
    }

    private static DateTimeOffset? ParseCreated(string created) =>
        DateTimeOffset.TryParse(created, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset parsed) ? parsed : null;
}
