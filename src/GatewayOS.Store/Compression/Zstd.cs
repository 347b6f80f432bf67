using System.Runtime.InteropServices;

namespace GatewayOS.Store.Compression;

/// <summary>Zstandard frames through Debian's libzstd (package libzstd1), for packs that gc rewrites.</summary>
internal static unsafe partial class Zstd
{
    private const string Library = "libzstd.so.1";

    [ThreadStatic]
    private static CompressionContext? s_compression;

    [ThreadStatic]
    private static DecompressionContext? s_decompression;

    /// <summary>Compresses into the destination.</summary>
    /// <returns>Bytes written, or 0 when the result does not fit.</returns>
    /// <exception cref="InvalidOperationException">libzstd cannot allocate its context; a retry may help.</exception>
    public static int Compress(ReadOnlySpan<byte> plain, Span<byte> destination, int level)
    {
        CompressionContext context = s_compression ??= CompressionContext.Create();
        fixed (byte* from = plain, to = destination)
        {
            nuint written = ZSTD_compressCCtx(context, to, (nuint)destination.Length, from, (nuint)plain.Length, level);
            return ZSTD_isError(written) != 0 ? 0 : (int)written;
        }
    }

    /// <summary>Decompresses frames of exactly the destination's length together.</summary>
    public static bool TryDecompress(ReadOnlySpan<byte> stored, Span<byte> plain)
    {
        DecompressionContext context = s_decompression ??= DecompressionContext.Create();
        fixed (byte* from = stored, to = plain)
        {
            // An error code is a huge value, so it differs from every length.
            return ZSTD_decompressDCtx(context, to, (nuint)plain.Length, from, (nuint)stored.Length) == (nuint)plain.Length;
        }
    }

    [LibraryImport(Library)]
    private static partial nint ZSTD_createCCtx();

    [LibraryImport(Library)]
    private static partial nuint ZSTD_freeCCtx(nint context);

    [LibraryImport(Library)]
    private static partial nint ZSTD_createDCtx();

    [LibraryImport(Library)]
    private static partial nuint ZSTD_freeDCtx(nint context);

    [LibraryImport(Library)]
    private static partial uint ZSTD_isError(nuint code);

    [LibraryImport(Library)]
    private static partial nuint ZSTD_compressCCtx(CompressionContext context, byte* destination, nuint destinationBytes, byte* source, nuint sourceBytes, int level);

    [LibraryImport(Library)]
    private static partial nuint ZSTD_decompressDCtx(DecompressionContext context, byte* destination, nuint destinationBytes, byte* source, nuint sourceBytes);

    private sealed class CompressionContext() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        public static CompressionContext Create()
        {
            NativeCodec.Require(Library, nameof(ZSTD_compressCCtx), "libzstd1");
            CompressionContext context = new();
            context.SetHandle(ZSTD_createCCtx());
            return context.IsInvalid ? throw new InvalidOperationException("libzstd has no memory for a compression context.") : context;
        }

        protected override bool ReleaseHandle() => ZSTD_freeCCtx(handle) == 0;
    }

    private sealed class DecompressionContext() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        public static DecompressionContext Create()
        {
            NativeCodec.Require(Library, nameof(ZSTD_decompressDCtx), "libzstd1");
            DecompressionContext context = new();
            context.SetHandle(ZSTD_createDCtx());
            return context.IsInvalid ? throw new InvalidOperationException("libzstd has no memory for a decompression context.") : context;
        }

        protected override bool ReleaseHandle() => ZSTD_freeDCtx(handle) == 0;
    }
}
