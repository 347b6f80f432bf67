using System.Security.Cryptography;
using GatewayOS.Appliance.Keys;

namespace GatewayOS.Hardware.Tpm;

/// <summary>
/// Seals by a TPM 2.0, through tpm2-tss. The TPM seals a key of 32 random bytes, and the secret is encrypted under that, so its length does not matter.
/// </summary>
/// <param name="configuration">Where the TPM is, as tpm2-tss names it: <c>device:/dev/tpmrm0</c>, <c>swtpm:path=SOCKET</c>.</param>
public sealed class TpmSealer(string configuration) : IKeySealer
{
    /// <summary>Says that the machine's own TPM is used where there is one.</summary>
    public const string Auto = "auto";

    /// <summary>Says that none is used.</summary>
    public const string Off = "off";

    /// <summary>The machine's TPM, behind the kernel's resource manager.</summary>
    public const string Device = "/dev/tpmrm0";

    private const int KeyBytes = 32;

    /// <inheritdoc/>
    public string Name => $"the TPM at {configuration}";

    /// <summary>The TPM that is meant.</summary>
    /// <param name="choice"><see cref="Auto"/>, <see cref="Off"/>, or where it is.</param>
    /// <returns>Null for none.</returns>
    public static TpmSealer? Choose(string choice) => choice switch
    {
        Off => null,
        Auto => File.Exists(Device) ? new TpmSealer($"device:{Device}") : null,
        _ => new TpmSealer(choice),
    };

    /// <inheritdoc/>
    public SealResult Seal(ReadOnlySpan<byte> secret)
    {
        Span<byte> key = stackalloc byte[KeyBytes];
        RandomNumberGenerator.Fill(key);
        try
        {
            using var tpm = new TpmConnection(configuration);
            (byte[] privatePart, byte[] publicPart) = tpm.Seal(key);
            var document = new SealedDocument
            {
                Version = SealedDocument.VersionWritten,
                StorageKey = tpm.StorageKeyPublic,
                Public = publicPart,
                Private = privatePart,
                Nonce = RandomNumberGenerator.GetBytes(SealedDocument.NonceBytes),
                Wrapped = new byte[secret.Length + SealedDocument.TagBytes],
                Checksum = [],
            };
            using var cipher = new AesGcm(key, SealedDocument.TagBytes);
            cipher.Encrypt(document.Nonce, secret, document.Wrapped.AsSpan(0, secret.Length), document.Wrapped.AsSpan(secret.Length), document.Authenticated);
            return SealResult.Of((document with { Checksum = document.ExpectedChecksum() }).Encode());
        }
        catch (Exception error) when (error is TpmException or DllNotFoundException or EntryPointNotFoundException)
        {
            return Failure(error);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <inheritdoc/>
    public SealResult Unseal(ReadOnlySpan<byte> sealedSecret)
    {
        if (!SealedDocument.TryDecode(sealedSecret, out SealedDocument? document, out string? problem))
        {
            return SealResult.Fail(SealFailure.Damaged, problem);
        }

        byte[] key = [];
        try
        {
            using var tpm = new TpmConnection(configuration);

            // Before any session: what is encrypted for another storage key could be read on the bus.
            if (!tpm.StorageKeyPublic.AsSpan().SequenceEqual(document.StorageKey))
            {
                return SealResult.Fail(SealFailure.OtherChip, "This is another TPM, or it was cleared since.");
            }

            key = tpm.Unseal(document.Private, document.Public);
            byte[] secret = new byte[document.Wrapped.Length - SealedDocument.TagBytes];
            using var cipher = new AesGcm(key, SealedDocument.TagBytes);
            cipher.Decrypt(document.Nonce, document.Wrapped.AsSpan(0, secret.Length), document.Wrapped.AsSpan(secret.Length), secret, document.Authenticated);
            return SealResult.Of(secret);
        }
        catch (Exception error) when (error is TpmException or DllNotFoundException or EntryPointNotFoundException)
        {
            return Failure(error);
        }
        catch (CryptographicException)
        {
            return SealResult.Fail(SealFailure.Damaged, "It was altered: what the TPM gives back does not open it.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static SealResult Failure(Exception error) => error is TpmException refused
        ? SealResult.Fail(refused.Failure, refused.Message)
        : SealResult.Fail(SealFailure.Unreachable, "tpm2-tss is missing: install the Debian packages libtss2-esys-3.0.2-0 and libtss2-tctildr0.");
}
