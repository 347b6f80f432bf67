using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GatewayOS.Store.Hashing;

/// <summary>Four nodes with the portable 128-bit vectors: SSE2, Neon, or scalar code where there is neither.</summary>
internal readonly unsafe struct Blake3Lanes128 : IBlake3Lanes<Vector128<uint>>
{
    public static int Count => 4;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Broadcast(uint value) => Vector128.Create(value);

    public static Vector128<uint> Counters(ulong counter, uint step, bool high)
    {
        int shift = high ? 32 : 0;
        return Vector128.Create(
            (uint)(counter >> shift), (uint)((counter + step) >> shift), (uint)((counter + (2UL * step)) >> shift), (uint)((counter + (3UL * step)) >> shift));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Load(byte* aligned) => Vector128.Load((uint*)aligned);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Add(Vector128<uint> a, Vector128<uint> b) => a + b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Xor(Vector128<uint> a, Vector128<uint> b) => a ^ b;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> XorRotate16(Vector128<uint> a, Vector128<uint> b) => Blake3Row.RotateRight16(a ^ b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> XorRotate12(Vector128<uint> a, Vector128<uint> b) => Blake3Row.RotateRight12(a ^ b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> XorRotate8(Vector128<uint> a, Vector128<uint> b) => Blake3Row.RotateRight8(a ^ b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> XorRotate7(Vector128<uint> a, Vector128<uint> b) => Blake3Row.RotateRight7(a ^ b);

    public static void LoadTransposed(byte* block, nuint* offsets, Vector128<uint>* message)
    {
        uint* to = (uint*)message;
        for (int lane = 0; lane < 4; lane++)
        {
            uint* from = (uint*)(block + offsets[lane]);
            for (int word = 0; word < 16; word++)
            {
                to[(4 * word) + lane] = from[word];
            }
        }
    }

    public static void StoreTransposed(Vector128<uint>* state, Vector128<uint>* scratch, int lanes, byte* output)
    {
        uint* from = (uint*)state;
        for (int lane = 0; lane < lanes; lane++)
        {
            uint* to = (uint*)(output + (lane * Blake3.OutBytes));
            for (int word = 0; word < 8; word++)
            {
                to[word] = from[(4 * word) + lane];
            }
        }
    }
}
