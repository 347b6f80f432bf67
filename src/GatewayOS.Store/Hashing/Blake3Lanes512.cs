using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace GatewayOS.Store.Hashing;

/// <summary>Sixteen nodes with AVX-512F, whose rotate instruction saves two operations of three.</summary>
internal readonly unsafe struct Blake3Lanes512 : IBlake3Lanes<Vector512<uint>>
{
    public static int Count => 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Broadcast(uint value) => Vector512.Create(value);

    public static Vector512<uint> Counters(ulong counter, uint step, bool high)
    {
        Vector512<ulong> first = Vector512.Create(counter) + (Vector512.Create(0UL, 1, 2, 3, 4, 5, 6, 7) * step);
        Vector512<ulong> second = first + Vector512.Create(8UL * step);
        return high ? Vector512.Narrow(first >>> 32, second >>> 32) : Vector512.Narrow(first, second);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Load(byte* aligned) => Vector512.LoadAligned((uint*)aligned);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Add(Vector512<uint> a, Vector512<uint> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> Xor(Vector512<uint> a, Vector512<uint> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> XorRotate16(Vector512<uint> a, Vector512<uint> b) => Avx512F.RotateRight(a ^ b, 16);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> XorRotate12(Vector512<uint> a, Vector512<uint> b) => Avx512F.RotateRight(a ^ b, 12);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> XorRotate8(Vector512<uint> a, Vector512<uint> b) => Avx512F.RotateRight(a ^ b, 8);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<uint> XorRotate7(Vector512<uint> a, Vector512<uint> b) => Avx512F.RotateRight(a ^ b, 7);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void LoadTransposed(byte* block, nuint* offsets, Vector512<uint>* message)
    {
        for (int i = 0; i < 16; i += 4)
        {
            TransposeParts(
                Vector512.Load((uint*)(block + offsets[i])),
                Vector512.Load((uint*)(block + offsets[i + 1])),
                Vector512.Load((uint*)(block + offsets[i + 2])),
                Vector512.Load((uint*)(block + offsets[i + 3])),
                message + i);
        }

        for (int j = 0; j < 4; j++)
        {
            // Vector 4g+j holds word 4p+j of nodes 4g … 4g+3 in its 128-bit part p; parts and vectors change places.
            Vector512<uint> a = message[j], b = message[4 + j], c = message[8 + j], d = message[12 + j];
            Vector512<uint> ab0 = Avx512F.Shuffle4x128(a, b, 0b01_00_01_00), ab1 = Avx512F.Shuffle4x128(a, b, 0b11_10_11_10);
            Vector512<uint> cd0 = Avx512F.Shuffle4x128(c, d, 0b01_00_01_00), cd1 = Avx512F.Shuffle4x128(c, d, 0b11_10_11_10);
            message[j] = Avx512F.Shuffle4x128(ab0, cd0, 0b10_00_10_00);
            message[4 + j] = Avx512F.Shuffle4x128(ab0, cd0, 0b11_01_11_01);
            message[8 + j] = Avx512F.Shuffle4x128(ab1, cd1, 0b10_00_10_00);
            message[12 + j] = Avx512F.Shuffle4x128(ab1, cd1, 0b11_01_11_01);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void StoreTransposed(Vector512<uint>* state, Vector512<uint>* scratch, int lanes, byte* output)
    {
        TransposeParts(state[0], state[1], state[2], state[3], scratch);
        TransposeParts(state[4], state[5], state[6], state[7], scratch + 4);
        for (int lane = 0; lane < lanes; lane++)
        {
            // Part p of vector j holds words 0 to 3 of lane 4p+j, and words 4 to 7 stand four vectors on.
            uint* low = (uint*)(scratch + (lane & 3)) + (lane & ~3);
            Vector256.Store(Vector256.Create(Vector128.Load(low), Vector128.Load(low + (4 * 16))), (uint*)(output + (lane * Blake3.OutBytes)));
        }
    }

    /// <summary>Transposes 4×4 words inside each 128-bit part.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TransposeParts(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, Vector512<uint>* to)
    {
        Vector512<ulong> ab0 = Avx512F.UnpackLow(a, b).AsUInt64(), ab1 = Avx512F.UnpackHigh(a, b).AsUInt64();
        Vector512<ulong> cd0 = Avx512F.UnpackLow(c, d).AsUInt64(), cd1 = Avx512F.UnpackHigh(c, d).AsUInt64();
        to[0] = Avx512F.UnpackLow(ab0, cd0).AsUInt32();
        to[1] = Avx512F.UnpackHigh(ab0, cd0).AsUInt32();
        to[2] = Avx512F.UnpackLow(ab1, cd1).AsUInt32();
        to[3] = Avx512F.UnpackHigh(ab1, cd1).AsUInt32();
    }
}
