using System.Runtime.InteropServices;

namespace GatewayOS.Store.Compression;

/// <summary>Turns a missing or unfit native library into an error that names the remedy.</summary>
internal static class NativeCodec
{
    /// <summary>Checks that the library loads and has a symbol; called once per thread before its first use.</summary>
    /// <param name="library">File name with its interface version, for instance <c>liblz4.so.1</c>.</param>
    /// <param name="symbol">A function that is needed.</param>
    /// <param name="debianPackage">The Debian package that has it.</param>
    /// <exception cref="DllNotFoundException">The library or the function is missing.</exception>
    public static void Require(string library, string symbol, string debianPackage)
    {
        if (!NativeLibrary.TryLoad(library, out nint handle))
        {
            throw new DllNotFoundException($"{library} is missing: install the Debian package {debianPackage}. A retry helps after that.");
        }

        if (!NativeLibrary.TryGetExport(handle, symbol, out _))
        {
            throw new DllNotFoundException($"{library} lacks {symbol}: install the Debian package {debianPackage} of Debian 12 or newer.");
        }
    }
}
