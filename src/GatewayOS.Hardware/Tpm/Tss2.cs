using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace GatewayOS.Hardware.Tpm;

/// <summary>
/// The part of tpm2-tss 3.2 that is used: the loader of transports, the enhanced system API (ESAPI 1.00, TCG), and the marshalling of structures (TSS 2.0 MUAPI). Structures are built and read in the
/// TPM's own byte order, and the library turns them into its own, so that no layout of C is repeated here.
/// </summary>
internal static unsafe partial class Tss2
{
    public const uint None = 0xfff;
    public const uint Password = 0xff;
    public const uint OwnerHierarchy = 0x101;

    public const byte ContinueSession = 0x01;
    public const byte DecryptCommand = 0x20;
    public const byte EncryptResponse = 0x40;

    public const byte HmacSession = 0;
    public const ushort Sha256 = 0x000b;

    /// <summary>Room for any structure that is used; the largest has some 1400 bytes.</summary>
    public const int StructureBytesMax = 8192;

    private const string Loader = "libtss2-tctildr.so.0";
    private const string Esys = "libtss2-esys.so.0";
    private const string Marshalling = "libtss2-mu.so.0";

    [LibraryImport(Loader, EntryPoint = "Tss2_TctiLdr_Initialize", StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint OpenTransport(string configuration, out nint transport);

    [LibraryImport(Loader, EntryPoint = "Tss2_TctiLdr_Finalize")]
    public static partial void CloseTransport(ref nint transport);

    [LibraryImport(Esys, EntryPoint = "Esys_Initialize")]
    public static partial uint OpenContext(out nint context, nint transport, nint version);

    [LibraryImport(Esys, EntryPoint = "Esys_Finalize")]
    public static partial void CloseContext(ref nint context);

    [LibraryImport(Esys, EntryPoint = "Esys_Free")]
    public static partial void Free(void* structure);

    [LibraryImport(Esys, EntryPoint = "Esys_CreatePrimary")]
    public static partial uint CreatePrimary(
        ContextHandle context, uint hierarchy, uint session1, uint session2, uint session3, byte* sensitive, byte* template, byte* outside, byte* registers,
        out uint created, out byte* publicPart, byte** creation, byte** hash, byte** ticket);

    [LibraryImport(Esys, EntryPoint = "Esys_Create")]
    public static partial uint Create(
        ContextHandle context, uint parent, uint session1, uint session2, uint session3, byte* sensitive, byte* template, byte* outside, byte* registers,
        out byte* privatePart, out byte* publicPart, byte** creation, byte** hash, byte** ticket);

    [LibraryImport(Esys, EntryPoint = "Esys_Load")]
    public static partial uint Load(ContextHandle context, uint parent, uint session1, uint session2, uint session3, byte* privatePart, byte* publicPart, out uint loaded);

    [LibraryImport(Esys, EntryPoint = "Esys_Unseal")]
    public static partial uint Unseal(ContextHandle context, uint item, uint session1, uint session2, uint session3, out byte* data);

    [LibraryImport(Esys, EntryPoint = "Esys_StartAuthSession")]
    public static partial uint StartSession(
        ContextHandle context, uint key, uint bound, uint session1, uint session2, uint session3, byte* nonce, byte kind, ushort* symmetric, ushort hash, out uint session);

    [LibraryImport(Esys, EntryPoint = "Esys_TRSess_SetAttributes")]
    public static partial uint SetAttributes(ContextHandle context, uint session, byte attributes, byte mask);

    [LibraryImport(Esys, EntryPoint = "Esys_FlushContext")]
    public static partial uint Flush(ContextHandle context, uint loaded);

    [LibraryImport(Marshalling, EntryPoint = "Tss2_MU_TPM2B_PUBLIC_Unmarshal")]
    public static partial uint ReadPublic(byte* bytes, nuint count, ref nuint offset, byte* structure);

    [LibraryImport(Marshalling, EntryPoint = "Tss2_MU_TPM2B_PUBLIC_Marshal")]
    public static partial uint WritePublic(byte* structure, byte* bytes, nuint count, ref nuint offset);

    [LibraryImport(Marshalling, EntryPoint = "Tss2_MU_TPM2B_PRIVATE_Unmarshal")]
    public static partial uint ReadPrivate(byte* bytes, nuint count, ref nuint offset, byte* structure);

    [LibraryImport(Marshalling, EntryPoint = "Tss2_MU_TPM2B_PRIVATE_Marshal")]
    public static partial uint WritePrivate(byte* structure, byte* bytes, nuint count, ref nuint offset);

    [LibraryImport(Marshalling, EntryPoint = "Tss2_MU_TPM2B_SENSITIVE_CREATE_Unmarshal")]
    public static partial uint ReadSensitive(byte* bytes, nuint count, ref nuint offset, byte* structure);

    /// <summary>An open way to a TPM: the transport and the library's state.</summary>
    public sealed class ContextHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        private nint _transport;

        /// <summary>Takes both over.</summary>
        public ContextHandle(nint context, nint transport)
            : base(ownsHandle: true)
        {
            _transport = transport;
            SetHandle(context);
        }

        protected override bool ReleaseHandle()
        {
            CloseContext(ref handle);
            CloseTransport(ref _transport);
            return true;
        }
    }
}
