using System.Runtime.InteropServices;

namespace GatewayOS.Store.Compression;

/// <summary>LZ4 blocks through Debian's liblz4 (package liblz4-1), which stands in for K4os.Compression.LZ4.</summary>
internal static unsafe partial class Lz4
{
    private const string Library = "liblz4.so.1";

    /// <summary>LZ4's fastest setting that still finds most matches; higher values trade size for speed.</summary>
    private const int Acceleration = 1;

    /// <summary>Alignment LZ4 asks of a state, in bytes.</summary>
    private const int StateAlignBytes = 8;

    // Pinned managed memory rather than native: it goes with its thread, without a finaliser. 16 KiB.
    [ThreadStatic]
    private static byte[]? s_state;

    /// <summary>Compresses into the destination.</summary>
    /// <returns>Bytes written, or 0 when the result does not fit: not an error, LZ4 then stops early.</returns>
    public static int Compress(ReadOnlySpan<byte> plain, Span<byte> destination)
    {
        byte[] state = s_state ??= NewState();
        fixed (byte* from = plain, to = destination)
        {
            return LZ4_compress_fast_extState((void*)Marshal.UnsafeAddrOfPinnedArrayElement(state, 0), from, to, plain.Length, destination.Length, Acceleration);
        }
    }

    /// <summary>Decompresses a block of exactly the destination's length.</summary>
    public static bool TryDecompress(ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        s_state ??= NewState();
        fixed (byte* from = stored, to = plain)
        {
            return LZ4_decompress_safe(from, to, stored.Length, plain.Length) == plain.Length;
        }
    }

    private static byte[] NewState()
    {
        NativeCodec.Require(Library, nameof(LZ4_compress_fast_extState), "liblz4-1");
        byte[] state = GC.AllocateUninitializedArray<byte>(LZ4_sizeofState(), pinned: true);
        return Marshal.UnsafeAddrOfPinnedArrayElement(state, 0) % StateAlignBytes == 0
            ? state
            : throw new InvalidOperationException("The runtime gave memory that LZ4 cannot use: its address is no multiple of 8.");
    }

    [LibraryImport(Library)]
    private static partial int LZ4_sizeofState();

    [LibraryImport(Library)]
    private static partial int LZ4_compress_fast_extState(void* state, byte* source, byte* destination, int sourceBytes, int destinationBytes, int acceleration);

    [LibraryImport(Library)]
    private static partial int LZ4_decompress_safe(byte* source, byte* destination, int sourceBytes, int destinationBytes);
}
