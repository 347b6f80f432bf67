using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using GatewayOS.Appliance.Keys;

namespace GatewayOS.Hardware.Tpm;

/// <summary>
/// A connection to a TPM 2.0 with the storage key of its owner hierarchy, which is made anew from the TPM's seed each time and is the same as long as the TPM is not cleared. Bytes are in
/// the TPM's order (TPM 2.0 Library, part 2). For one thread; dispose of it soon, because others may wait for the TPM.
/// </summary>
internal sealed unsafe class TpmConnection : IDisposable
{
    // The layer that answered, in bits 16 to 23 of a code (TSS 2.0 Overview, response codes): 0 is the TPM itself.
    private const uint TransportLayer = 0x0a;

    // TPM_RC_INTEGRITY, without the bits that say which parameter.
    private const uint IntegrityCode = 0x9f;
    private const uint ParameterBits = 0xf40;

    private readonly Tss2.ContextHandle _context;
    private readonly List<uint> _loaded = [];

    /// <summary>Connects.</summary>
    /// <param name="configuration">Where the TPM is, as tpm2-tss names it: <c>device:/dev/tpmrm0</c>, <c>swtpm:path=SOCKET</c>.</param>
    /// <exception cref="TpmException">It cannot be reached or refuses.</exception>
    /// <exception cref="DllNotFoundException">tpm2-tss is missing.</exception>
    public TpmConnection(string configuration)
    {
        if (Tss2.OpenTransport(configuration, out nint transport) is not 0 and uint refused)
        {
            throw new TpmException(SealFailure.Unreachable, $"It is not there or may not be used by this user (0x{refused:x}).");
        }

        if (Tss2.OpenContext(out nint context, transport, 0) is not 0 and uint unusable)
        {
            Tss2.CloseTransport(ref transport);
            throw new TpmException(SealFailure.Unreachable, $"It does not answer as a TPM 2.0 (0x{unusable:x}).");
        }

        _context = new Tss2.ContextHandle(context, transport);
        try
        {
            (StorageKey, StorageKeyPublic) = MakeStorageKey();
        }
        catch
        {
            _context.Dispose();
            throw;
        }
    }

    /// <summary>The storage key's public part, by which a TPM is known again.</summary>
    public byte[] StorageKeyPublic { get; }

    private uint StorageKey { get; }

    /// <summary>Seals a secret below the storage key. On its way to the TPM it is encrypted for that key.</summary>
    /// <param name="secret">Up to 128 bytes.</param>
    /// <returns>What only this TPM can load: private and public part.</returns>
    public (byte[] Private, byte[] Public) Seal(ReadOnlySpan<byte> secret)
    {
        uint session = StartSession(Tss2.DecryptCommand | Tss2.EncryptResponse);
        byte[] sensitive = [.. Words((ushort)(secret.Length + 4), 0, (ushort)secret.Length), .. secret];
        byte* sensitiveAt = stackalloc byte[Tss2.StructureBytesMax];
        byte* templateAt = stackalloc byte[Tss2.StructureBytesMax];
        byte* nothing = stackalloc byte[Tss2.StructureBytesMax];
        try
        {
            Read(Tss2.ReadSensitive, sensitive, sensitiveAt);
            Read(Tss2.ReadPublic, TpmTemplates.SealedData, templateAt);
            byte* creation, hash, ticket;
            Check(
                Tss2.Create(_context, StorageKey, session, Tss2.None, Tss2.None, sensitiveAt, templateAt, nothing, nothing, out byte* privatePart, out byte* publicPart, &creation, &hash, &ticket),
                "seal");
            byte[] privateBytes = Write(Tss2.WritePrivate, privatePart);
            byte[] publicBytes = Write(Tss2.WritePublic, publicPart);
            Free(privatePart, publicPart, creation, hash, ticket);
            return (privateBytes, publicBytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(sensitive);
            CryptographicOperations.ZeroMemory(new Span<byte>(sensitiveAt, Tss2.StructureBytesMax));
        }
    }

    /// <summary>Gives a secret back. On its way it is encrypted for a session that only the storage key's owner can read.</summary>
    /// <returns>The secret, for the caller to zero.</returns>
    public byte[] Unseal(ReadOnlySpan<byte> privatePart, ReadOnlySpan<byte> publicPart)
    {
        byte* privateAt = stackalloc byte[Tss2.StructureBytesMax];
        byte* publicAt = stackalloc byte[Tss2.StructureBytesMax];
        Read(Tss2.ReadPrivate, privatePart, privateAt);
        Read(Tss2.ReadPublic, publicPart, publicAt);
        Check(Tss2.Load(_context, StorageKey, Tss2.Password, Tss2.None, Tss2.None, privateAt, publicAt, out uint item), "load what is sealed");
        _loaded.Add(item);
        uint session = StartSession(Tss2.EncryptResponse);
        Check(Tss2.Unseal(_context, item, session, Tss2.None, Tss2.None, out byte* data), "unseal");

        // TPM2B_SENSITIVE_DATA: a length in this machine's order, then bytes.
        var content = new Span<byte>(data + sizeof(ushort), *(ushort*)data);
        byte[] secret = content.ToArray();
        CryptographicOperations.ZeroMemory(content);
        Tss2.Free(data);
        return secret;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Behind the kernel's resource manager all of it goes with the connection; a TPM that is reached without keeps it.
        foreach (uint loaded in Enumerable.Reverse(_loaded))
        {
            _ = Tss2.Flush(_context, loaded);
        }

        _context.Dispose();
    }

    private static byte[] Words(params ReadOnlySpan<ushort> words)
    {
        byte[] bytes = new byte[words.Length * sizeof(ushort)];
        for (int no = 0; no < words.Length; no++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(no * sizeof(ushort)), words[no]);
        }

        return bytes;
    }

    // Of null nothing happens.
    private static void Free(byte* first, byte* second, byte* third, byte* fourth, byte* fifth)
    {
        Tss2.Free(first);
        Tss2.Free(second);
        Tss2.Free(third);
        Tss2.Free(fourth);
        Tss2.Free(fifth);
    }

    private static void Read(Reader reader, ReadOnlySpan<byte> bytes, byte* structure)
    {
        nuint offset = 0;
        fixed (byte* at = bytes)
        {
            uint code = reader(at, (nuint)bytes.Length, ref offset, structure);
            if (code != 0 || offset != (nuint)bytes.Length)
            {
                throw new TpmException(SealFailure.Damaged, $"It is no structure of a TPM (0x{code:x}).");
            }
        }
    }

    private static byte[] Write(Writer writer, byte* structure)
    {
        byte[] bytes = new byte[Tss2.StructureBytesMax];
        nuint offset = 0;
        fixed (byte* at = bytes)
        {
            Check(writer(structure, at, (nuint)bytes.Length, ref offset), "write down what it made");
        }

        return bytes[..(int)offset];
    }

    private static void Check(uint code, string what)
    {
        if (code == 0)
        {
            return;
        }

        uint layer = (code >> 16) & 0xff;
        throw layer switch
        {
            TransportLayer => new TpmException(SealFailure.Unreachable, $"It does not answer when asked to {what} (0x{code:x})."),
            0 when (code & ~ParameterBits) == IntegrityCode => new TpmException(SealFailure.Damaged, $"It finds it altered when asked to {what} (TPM_RC_INTEGRITY)."),
            _ => new TpmException(SealFailure.Refused, $"It answers 0x{code:x} when asked to {what}."),
        };
    }

    private (uint Key, byte[] Public) MakeStorageKey()
    {
        byte* sensitive = stackalloc byte[Tss2.StructureBytesMax];
        byte* template = stackalloc byte[Tss2.StructureBytesMax];
        byte* nothing = stackalloc byte[Tss2.StructureBytesMax];
        Read(Tss2.ReadSensitive, Words(4, 0, 0), sensitive);
        Read(Tss2.ReadPublic, TpmTemplates.StorageKey, template);
        byte* creation, hash, ticket;
        Check(
            Tss2.CreatePrimary(
                _context, Tss2.OwnerHierarchy, Tss2.Password, Tss2.None, Tss2.None, sensitive, template, nothing, nothing, out uint key, out byte* publicPart, &creation, &hash, &ticket),
            "make the storage key of its owner hierarchy, which must have no password");
        _loaded.Add(key);
        byte[] bytes = Write(Tss2.WritePublic, publicPart);
        Free(publicPart, creation, hash, ticket, null);
        return (key, bytes);
    }

    private uint StartSession(int attributes)
    {
        ushort* aes128Cfb = stackalloc ushort[] { 0x0006, 128, 0x0043 };
        Check(Tss2.StartSession(_context, StorageKey, Tss2.None, Tss2.None, Tss2.None, Tss2.None, null, Tss2.HmacSession, aes128Cfb, Tss2.Sha256, out uint session), "start a session");
        _loaded.Add(session);
        byte all = (byte)(attributes | Tss2.ContinueSession);
        Check(Tss2.SetAttributes(_context, session, all, 0xff), "encrypt what goes over the bus");
        return session;
    }

    private delegate uint Reader(byte* bytes, nuint count, ref nuint offset, byte* structure);

    private delegate uint Writer(byte* structure, byte* bytes, nuint count, ref nuint offset);
}
