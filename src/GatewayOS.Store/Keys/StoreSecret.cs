using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace GatewayOS.Store.Keys;

/// <summary>What opens a key slot. Never prints its content.</summary>
public abstract record StoreSecret
{
    private StoreSecret()
    {
    }

    /// <summary>The slot kind it belongs to.</summary>
    public abstract string Kind { get; }

    /// <summary>Gives the bytes to derive from.</summary>
    /// <param name="material">Key material, for the caller to zero; or null.</param>
    /// <param name="isRandomKey">True for 256 random bits, which need no stretching.</param>
    /// <param name="error">Why the secret cannot be used, or null.</param>
    internal abstract bool TryGetMaterial([NotNullWhen(true)] out byte[]? material, out bool isRandomKey, [NotNullWhen(false)] out string? error);

    /// <summary>Only the kind: secrets stay out of logs and messages.</summary>
    public sealed override string ToString() => Kind;

    /// <summary>A passphrase: its UTF-8 bytes exactly as given, without Unicode normalisation, so any program can derive the same key.</summary>
    /// <param name="Text">The passphrase; 1 to <see cref="LengthMax"/> UTF-16 units.</param>
    public sealed record Passphrase(string Text) : StoreSecret
    {
        /// <summary>Longest passphrase, in UTF-16 units.</summary>
        public const int LengthMax = 4096;

        /// <inheritdoc/>
        public override string Kind => KeySlotKinds.Passphrase;

        internal override bool TryGetMaterial([NotNullWhen(true)] out byte[]? material, out bool isRandomKey, [NotNullWhen(false)] out string? error)
        {
            material = null;
            isRandomKey = false;
            error = Text.Length switch
            {
                0 => "The passphrase is empty.",
                > LengthMax => $"The passphrase has {Text.Length} characters; at most {LengthMax} are allowed.",
                _ => null,
            };
            if (error is not null)
            {
                return false;
            }

            try
            {
                material = new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(Text);
                return true;
            }
            catch (ArgumentException)
            {
                error = "The passphrase is no valid Unicode text.";
                return false;
            }
        }
    }

    /// <summary>The content of a key file; see <see cref="Keys.KeyFile"/>.</summary>
    /// <param name="Content">The file's bytes, up to 1 MiB.</param>
    public sealed record KeyFile(byte[] Content) : StoreSecret
    {
        /// <inheritdoc/>
        public override string Kind => KeySlotKinds.KeyFile;

        internal override bool TryGetMaterial([NotNullWhen(true)] out byte[]? material, out bool isRandomKey, [NotNullWhen(false)] out string? error) =>
            Keys.KeyFile.TryRead(Content, out material, out isRandomKey, out error);
    }

    /// <summary>A recovery key as typed; see <see cref="RecoveryKey"/>.</summary>
    /// <param name="Text">The key; case, spaces and dashes do not matter.</param>
    public sealed record Recovery(string Text) : StoreSecret
    {
        /// <inheritdoc/>
        public override string Kind => KeySlotKinds.Recovery;

        /// <summary>A new recovery key.</summary>
        public static Recovery Generate()
        {
            Span<byte> key = stackalloc byte[RecoveryKey.KeyBytes];
            RandomNumberGenerator.Fill(key);
            Recovery secret = new(RecoveryKey.Format(key));
            CryptographicOperations.ZeroMemory(key);
            return secret;
        }

        internal override bool TryGetMaterial([NotNullWhen(true)] out byte[]? material, out bool isRandomKey, [NotNullWhen(false)] out string? error)
        {
            isRandomKey = true;
            return RecoveryKey.TryParse(Text, out material, out error);
        }
    }
}
