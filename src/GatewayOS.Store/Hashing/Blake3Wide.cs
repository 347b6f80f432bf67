using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace GatewayOS.Store.Hashing;

/// <summary>The vector operations <see cref="Blake3Wide{TLanes, TVector}"/> needs: one lane of 32 bits for each node.</summary>
internal unsafe interface IBlake3Lanes<TVector>
    where TVector : unmanaged
{
    /// <summary>Nodes in a vector.</summary>
    static abstract int Count { get; }

    /// <summary>The same value in each lane.</summary>
    static abstract TVector Broadcast(uint value);

    /// <summary>Lane i gets the low half of counter + i × step, or the high half.</summary>
    static abstract TVector Counters(ulong counter, uint step, bool high);

    static abstract TVector Load(byte* aligned);

    static abstract TVector Add(TVector a, TVector b);

    static abstract TVector Xor(TVector a, TVector b);

    static abstract TVector XorRotate16(TVector a, TVector b);

    static abstract TVector XorRotate12(TVector a, TVector b);

    static abstract TVector XorRotate8(TVector a, TVector b);

    static abstract TVector XorRotate7(TVector a, TVector b);

    /// <summary>Reads 64 bytes of each node and puts word w of all nodes into message[w].</summary>
    static abstract void LoadTransposed(byte* block, nuint* offsets, TVector* message);

    /// <summary>Writes the chaining values, 32 bytes each, of the first lanes. <paramref name="scratch"/> has room for eight vectors.</summary>
    static abstract void StoreTransposed(TVector* state, TVector* scratch, int lanes, byte* output);
}

/// <summary>
/// Several BLAKE3 nodes at once: lane i of every vector belongs to node i, so a compression needs no shuffle apart from bringing the
/// message words into lanes. Fewer nodes than lanes cost the same as a full vector.
/// </summary>
internal static unsafe class Blake3Wide<TLanes, TVector>
    where TLanes : struct, IBlake3Lanes<TVector>
    where TVector : unmanaged
{
    private const int AlignBytes = 64;
    private const int LanesMax = 16;
    private const int VectorsMax = 24;

    /// <summary>Hashes up to <c>TLanes.Count</c> nodes to chaining values. The output may be the start of the input.</summary>
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void HashMany(byte* input, int lanes, in Blake3Nodes nodes, ulong counter, byte* output)
    {
        byte* scratch = stackalloc byte[(VectorsMax * AlignBytes) + AlignBytes];
        TVector* message = (TVector*)(((nuint)scratch + AlignBytes - 1) & ~(nuint)(AlignBytes - 1));
        TVector* state = message + 16;
        nuint* offsets = stackalloc nuint[LanesMax];
        for (int i = 0; i < TLanes.Count; i++)
        {
            // A missing lane repeats the last node: its reads stay in bounds and its result is dropped.
            offsets[i] = (nuint)(Math.Min(i, lanes - 1) * nodes.StrideBytes);
        }

        for (int i = 0; i < 8; i++)
        {
            state[i] = TLanes.Broadcast(nodes.Key[i]);
        }

        TVector counterLow = TLanes.Counters(counter, nodes.CounterStep, high: false);
        TVector counterHigh = TLanes.Counters(counter, nodes.CounterStep, high: true);
        uint flags = nodes.Flags | nodes.FirstBlockFlags;
        byte* ahead = input + (TLanes.Count * nodes.StrideBytes);
        int aheadBytes = TLanes.Count * Blake3.BlockBytes;
        for (int block = 0; block < nodes.Blocks; block++)
        {
            // Each lane reads a stream of its own: more of them than processors follow by themselves. So what the next call reads is asked for
            // meanwhile, in order. Asking for what lies behind the input does no harm.
            if (Sse.IsSupported)
            {
                for (byte* end = ahead + aheadBytes; ahead < end; ahead += Blake3.BlockBytes)
                {
                    Sse.Prefetch0(ahead);
                }
            }

            flags |= block == nodes.Blocks - 1 ? nodes.LastBlockFlags : 0;
            TLanes.LoadTransposed(input + (block * Blake3.BlockBytes), offsets, message);
            Compress(state, (byte*)message, counterLow, counterHigh, flags);
            flags = nodes.Flags;
        }

        TLanes.StoreTransposed(state, message, lanes, output);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(TVector* state, byte* m, TVector counterLow, TVector counterHigh, uint flags)
    {
        TVector v0 = state[0], v1 = state[1], v2 = state[2], v3 = state[3];
        TVector v4 = state[4], v5 = state[5], v6 = state[6], v7 = state[7];
        TVector v8 = TLanes.Broadcast(Blake3.Iv0), v9 = TLanes.Broadcast(Blake3.Iv1);
        TVector v10 = TLanes.Broadcast(Blake3.Iv2), v11 = TLanes.Broadcast(Blake3.Iv3);
        TVector v12 = counterLow, v13 = counterHigh;
        TVector v14 = TLanes.Broadcast(Blake3.BlockBytes), v15 = TLanes.Broadcast(flags);

        fixed (ushort* schedule = Blake3Schedule.VectorOffsets(sizeof(TVector)))
        {
            for (ushort* s = schedule; s < schedule + Blake3Schedule.Entries; s += 16)
            {
                Mix(ref v0, ref v4, ref v8, ref v12, m + s[0], m + s[1]);
                Mix(ref v1, ref v5, ref v9, ref v13, m + s[2], m + s[3]);
                Mix(ref v2, ref v6, ref v10, ref v14, m + s[4], m + s[5]);
                Mix(ref v3, ref v7, ref v11, ref v15, m + s[6], m + s[7]);
                Mix(ref v0, ref v5, ref v10, ref v15, m + s[8], m + s[9]);
                Mix(ref v1, ref v6, ref v11, ref v12, m + s[10], m + s[11]);
                Mix(ref v2, ref v7, ref v8, ref v13, m + s[12], m + s[13]);
                Mix(ref v3, ref v4, ref v9, ref v14, m + s[14], m + s[15]);
            }
        }

        state[0] = TLanes.Xor(v0, v8);
        state[1] = TLanes.Xor(v1, v9);
        state[2] = TLanes.Xor(v2, v10);
        state[3] = TLanes.Xor(v3, v11);
        state[4] = TLanes.Xor(v4, v12);
        state[5] = TLanes.Xor(v5, v13);
        state[6] = TLanes.Xor(v6, v14);
        state[7] = TLanes.Xor(v7, v15);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Mix(ref TVector a, ref TVector b, ref TVector c, ref TVector d, byte* x, byte* y)
    {
        a = TLanes.Add(TLanes.Add(a, TLanes.Load(x)), b);
        d = TLanes.XorRotate16(d, a);
        c = TLanes.Add(c, d);
        b = TLanes.XorRotate12(b, c);
        a = TLanes.Add(TLanes.Add(a, TLanes.Load(y)), b);
        d = TLanes.XorRotate8(d, a);
        c = TLanes.Add(c, d);
        b = TLanes.XorRotate7(b, c);
    }
}
