using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GatewayOS.Store.Hashing;

/// <summary>
/// One BLAKE3 compression with the state as four rows of four words: the short latency that partial chunks and the top of the tree need.
/// </summary>
internal static unsafe class Blake3Row
{
    /// <summary>Compresses one block of 64 bytes (padded with zeros by the caller) into the chaining value, in place.</summary>
    /// <param name="chaining">Eight words, replaced.</param>
    /// <param name="block">64 bytes.</param>
    /// <param name="blockBytes">Bytes of the block that count, 0 to 64.</param>
    /// <param name="counter">Number of the chunk; 0 for a parent.</param>
    /// <param name="flags">Domain flags.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compress(uint* chaining, byte* block, uint blockBytes, ulong counter, uint flags)
    {
        Vector128<uint> top = Vector128.Load(chaining), second = Vector128.Load(chaining + 4);
        Vector128<uint> r0 = top, r1 = second;
        Vector128<uint> r2 = Vector128.Create(Blake3.Iv0, Blake3.Iv1, Blake3.Iv2, Blake3.Iv3);
        Vector128<uint> r3 = Vector128.Create((uint)counter, (uint)(counter >> 32), blockBytes, flags);

        fixed (uint* words = Blake3Schedule.RowWords)
        {
            for (uint* s = words; s < words + Blake3Schedule.Entries; s += 16)
            {
                Vector128<uint> x0, y0, x1, y1;
                if (Avx512F.IsSupported)
                {
                    Vector512<uint> all = Avx512F.PermuteVar16x32(Vector512.Load((uint*)block), Vector512.Load(s));
                    x0 = all.GetLower().GetLower();
                    y0 = all.GetLower().GetUpper();
                    x1 = all.GetUpper().GetLower();
                    y1 = all.GetUpper().GetUpper();
                }
                else
                {
                    uint* m = (uint*)block;
                    x0 = Vector128.Create(m[s[0]], m[s[1]], m[s[2]], m[s[3]]);
                    y0 = Vector128.Create(m[s[4]], m[s[5]], m[s[6]], m[s[7]]);
                    x1 = Vector128.Create(m[s[8]], m[s[9]], m[s[10]], m[s[11]]);
                    y1 = Vector128.Create(m[s[12]], m[s[13]], m[s[14]], m[s[15]]);
                }

                Mix(ref r0, ref r1, ref r2, ref r3, x0, y0);

                // Diagonals: rows 0, 2 and 3 turn around row 1, whose words come last and would wait for a shuffle.
                r0 = Vector128.Shuffle(r0, Vector128.Create(3u, 0, 1, 2));
                r2 = Vector128.Shuffle(r2, Vector128.Create(1u, 2, 3, 0));
                r3 = Vector128.Shuffle(r3, Vector128.Create(2u, 3, 0, 1));
                Mix(ref r0, ref r1, ref r2, ref r3, x1, y1);
                r0 = Vector128.Shuffle(r0, Vector128.Create(1u, 2, 3, 0));
                r2 = Vector128.Shuffle(r2, Vector128.Create(3u, 0, 1, 2));
                r3 = Vector128.Shuffle(r3, Vector128.Create(2u, 3, 0, 1));
            }
        }

        Vector128.Store(r0 ^ r2, chaining);
        Vector128.Store(r1 ^ r3, chaining + 4);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref Vector128<uint> a, ref Vector128<uint> b, ref Vector128<uint> c, ref Vector128<uint> d, Vector128<uint> x, Vector128<uint> y)
    {
        a = a + x + b;
        d = RotateRight16(d ^ a);
        c += d;
        b = RotateRight12(b ^ c);
        a = a + y + b;
        d = RotateRight8(d ^ a);
        c += d;
        b = RotateRight7(b ^ c);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> RotateRight16(Vector128<uint> x) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(x, 16)
        : Ssse3.IsSupported ? Ssse3.Shuffle(x.AsByte(), Vector128.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13)).AsUInt32()
        : (x >>> 16) | (x << 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> RotateRight12(Vector128<uint> x) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(x, 12) : (x >>> 12) | (x << 20);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> RotateRight8(Vector128<uint> x) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(x, 8)
        : Ssse3.IsSupported ? Ssse3.Shuffle(x.AsByte(), Vector128.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12)).AsUInt32()
        : (x >>> 8) | (x << 24);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<uint> RotateRight7(Vector128<uint> x) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(x, 7) : (x >>> 7) | (x << 25);
}
