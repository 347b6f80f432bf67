using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GatewayOS.Store.Hashing;

/// <summary>Eight nodes with AVX2. Rotations by whole bytes are byte shuffles, the others two shifts.</summary>
internal readonly unsafe struct Blake3Lanes256 : IBlake3Lanes<Vector256<uint>>
{
    public static int Count => 8;

    private static Vector256<byte> RotateBy16
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create((byte)2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    }

    private static Vector256<byte> RotateBy8
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Vector256.Create((byte)1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12, 1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Broadcast(uint value) => Vector256.Create(value);

    public static Vector256<uint> Counters(ulong counter, uint step, bool high)
    {
        Vector256<ulong> first = Vector256.Create(counter) + (Vector256.Create(0UL, 1, 2, 3) * step);
        Vector256<ulong> second = first + Vector256.Create(4UL * step);
        return high ? Vector256.Narrow(first >>> 32, second >>> 32) : Vector256.Narrow(first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Load(byte* aligned) => Vector256.LoadAligned((uint*)aligned);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Add(Vector256<uint> a, Vector256<uint> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> Xor(Vector256<uint> a, Vector256<uint> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> XorRotate16(Vector256<uint> a, Vector256<uint> b) => Avx2.Shuffle((a ^ b).AsByte(), RotateBy16).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> XorRotate12(Vector256<uint> a, Vector256<uint> b)
    {
        Vector256<uint> x = a ^ b;
        return (x >>> 12) | (x << 20);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> XorRotate8(Vector256<uint> a, Vector256<uint> b) => Avx2.Shuffle((a ^ b).AsByte(), RotateBy8).AsUInt32();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<uint> XorRotate7(Vector256<uint> a, Vector256<uint> b)
    {
        Vector256<uint> x = a ^ b;
        return (x >>> 7) | (x << 25);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LoadTransposed(byte* block, nuint* offsets, Vector256<uint>* message)
    {
        for (int half = 0; half < 2; half++)
        {
            Vector256<uint>* to = message + (8 * half);
            byte* from = block + (32 * half);
            for (int i = 0; i < 8; i += 4)
            {
                TransposeParts(
                    Vector256.Load((uint*)(from + offsets[i])),
                    Vector256.Load((uint*)(from + offsets[i + 1])),
                    Vector256.Load((uint*)(from + offsets[i + 2])),
                    Vector256.Load((uint*)(from + offsets[i + 3])),
                    to + i);
            }

            JoinParts(to);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreTransposed(Vector256<uint>* state, Vector256<uint>* scratch, int lanes, byte* output)
    {
        TransposeParts(state[0], state[1], state[2], state[3], scratch);
        TransposeParts(state[4], state[5], state[6], state[7], scratch + 4);
        JoinParts(scratch);
        for (int lane = 0; lane < lanes; lane++)
        {
            Vector256.Store(scratch[lane], (uint*)(output + (lane * Blake3.OutBytes)));
        }
    }

    /// <summary>Transposes 4×4 words inside each 128-bit part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeParts(Vector256<uint> a, Vector256<uint> b, Vector256<uint> c, Vector256<uint> d, Vector256<uint>* to)
    {
        Vector256<ulong> ab0 = Avx2.UnpackLow(a, b).AsUInt64(), ab1 = Avx2.UnpackHigh(a, b).AsUInt64();
        Vector256<ulong> cd0 = Avx2.UnpackLow(c, d).AsUInt64(), cd1 = Avx2.UnpackHigh(c, d).AsUInt64();
        to[0] = Avx2.UnpackLow(ab0, cd0).AsUInt32();
        to[1] = Avx2.UnpackHigh(ab0, cd0).AsUInt32();
        to[2] = Avx2.UnpackLow(ab1, cd1).AsUInt32();
        to[3] = Avx2.UnpackHigh(ab1, cd1).AsUInt32();
    }

    /// <summary>Makes the 8×8 transposition whole by exchanging 128-bit parts of vectors j and 4+j.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void JoinParts(Vector256<uint>* rows)
    {
        for (int j = 0; j < 4; j++)
        {
            Vector256<uint> a = rows[j], b = rows[4 + j];
            rows[j] = Avx2.Permute2x128(a, b, 0x20);
            rows[4 + j] = Avx2.Permute2x128(a, b, 0x31);
        }
    }
}
