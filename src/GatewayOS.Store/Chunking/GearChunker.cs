using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using GatewayOS.Store.Hashing;

namespace GatewayOS.Store.Chunking;

/// <summary>
/// Finds chunk borders by content: a gear rolling hash with normalised chunking (FastCDC: Xia et al., USENIX ATC '16). A cut after byte
/// i depends only on the 64 bytes up to i and on the distance to the previous cut. The gear table comes from the store's key, so that
/// chunk lengths do not tell which known file lies in a store. Immutable and thread-safe; allocates nothing.
/// </summary>
/// <remarks>
/// The scan is bound by the latency of shift, add and load (about one byte a cycle). Several interleaved streams, two bytes a step and AVX2
/// gathers were measured and are slower over whole chunks; CHUNK-SIZES.md has the figures.
/// </remarks>
internal sealed unsafe class GearChunker
{
    /// <summary>Bytes the hash sees: each byte moves one bit up a 64-bit word.</summary>
    public const int WindowBytes = 64;

    /// <summary>Returned when the data hold no cut and are shorter than the longest chunk.</summary>
    public const int NoCut = -1;

    /// <summary>
    /// By how many bits the test is harder before the switch and easier after it (normalisation level 1 of FastCDC). Level 2 gathers the
    /// lengths better but finds the old cuts again later after a change, and stores more then.
    /// </summary>
    private const int NormalisationBits = 1;

    /// <summary>The switch from hard to easy, in eighths of the average: with a minimum of a quarter the mean on random data is the average.</summary>
    private const int SwitchEighths = 5;

    private readonly ulong[] _gear;
    private readonly ulong* _gearAt;
    private readonly int _minBytes;
    private readonly int _switchBytes;
    private readonly int _maxBytes;
    private readonly ulong _hardLimit;
    private readonly ulong _easyLimit;

    /// <summary>Makes a chunker.</summary>
    /// <param name="parameters">Limits, checked here.</param>
    /// <param name="key">32 bytes, used only for chunking.</param>
    /// <exception cref="ArgumentException">A limit is out of range, or the key has another length.</exception>
    public GearChunker(ChunkerParameters parameters, ReadOnlySpan<byte> key)
    {
        parameters.Validate();
        Parameters = parameters;
        _minBytes = parameters.MinBytes;
        _switchBytes = parameters.AverageBytes / 8 * SwitchEighths;
        _maxBytes = parameters.MaxBytes;
        int averageBits = BitOperations.Log2((uint)parameters.AverageBytes);

        // "The top n bits are zero" is "below 2^(64−n)". The top bits mix the whole window; the low ones only its last few bytes.
        _hardLimit = 1UL << (64 - (averageBits + NormalisationBits));
        _easyLimit = 1UL << (64 - (averageBits - NormalisationBits));

        // Pinned, so that the scan indexes it without a bounds check and without pinning it anew.
        _gear = GC.AllocateUninitializedArray<ulong>(256, pinned: true);
        _gearAt = (ulong*)Marshal.UnsafeAddrOfPinnedArrayElement(_gear, 0);
        FillGear(key, _gear);
    }

    /// <summary>The limits.</summary>
    public ChunkerParameters Parameters { get; }

    /// <summary>Length of the first chunk in the data.</summary>
    /// <param name="data">Content from the previous cut on.</param>
    /// <param name="scannedBytes">
    /// How many of the first bytes an earlier call with the same content found without a cut, that is, its data's length; saves scanning them again.
    /// </param>
    /// <returns>
    /// The chunk's length, at most <see cref="ChunkerParameters.MaxBytes"/>; or <see cref="NoCut"/> when the data hold no cut and are shorter than
    /// that: the caller brings more, or ends the file there and takes all of it as the last chunk.
    /// </returns>
    public int FindCut(ReadOnlySpan<byte> data, int scannedBytes = 0)
    {
        int end = Math.Min(data.Length, _maxBytes - 1);
        int length = Math.Max(_minBytes, scannedBytes + 1);
        if (length <= end)
        {
            fixed (byte* start = data)
            {
                int cut = Scan(start, length, end);
                if (cut != NoCut)
                {
                    return cut;
                }
            }
        }

        return data.Length >= _maxBytes ? _maxBytes : NoCut;
    }

    /// <summary>The same by the definition, one byte after the other; tests hold <see cref="FindCut"/> against it.</summary>
    internal int FindCutReference(ReadOnlySpan<byte> data)
    {
        for (int length = _minBytes; length <= data.Length && length < _maxBytes; length++)
        {
            ulong hash = 0;
            foreach (byte value in data.Slice(length - WindowBytes, WindowBytes))
            {
                hash = (hash << 1) + _gear[value];
            }

            if (hash < (length < _switchBytes ? _hardLimit : _easyLimit))
            {
                return length;
            }
        }

        return data.Length >= _maxBytes ? _maxBytes : NoCut;
    }

    /// <summary>Tries the lengths from first to last, both inclusive; first is at least the window.</summary>
    private int Scan(byte* start, int first, int last)
    {
        ulong hash = 0;
        for (byte* warm = start + first - WindowBytes; warm < start + first - 1; warm++)
        {
            hash = (hash << 1) + _gearAt[*warm];
        }

        byte* at = start + first - 1;
        byte* turn = start + Math.Min(_switchBytes - 1, last);
        if (at < turn && ScanTo(ref at, turn, ref hash, _hardLimit, _gearAt))
        {
            return (int)(at - start);
        }

        return ScanTo(ref at, start + last, ref hash, _easyLimit, _gearAt) ? (int)(at - start) : NoCut;
    }

    /// <summary>Rolls on to the end or to just behind the first byte whose hash is below the limit, and says whether there was one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool ScanTo(ref byte* position, byte* end, ref ulong rolling, ulong limit, ulong* gear)
    {
        ulong hash = rolling;
        byte* at = position;
        bool found = true;
        for (; end - at >= 4; at += 4)
        {
            hash = (hash << 1) + gear[at[0]];
            if (hash < limit)
            {
                at += 1;
                goto done;
            }

            hash = (hash << 1) + gear[at[1]];
            if (hash < limit)
            {
                at += 2;
                goto done;
            }

            hash = (hash << 1) + gear[at[2]];
            if (hash < limit)
            {
                at += 3;
                goto done;
            }

            hash = (hash << 1) + gear[at[3]];
            if (hash < limit)
            {
                at += 4;
                goto done;
            }
        }

        while (at < end)
        {
            hash = (hash << 1) + gear[*at++];
            if (hash < limit)
            {
                goto done;
            }
        }

        found = false;
    done:
        position = at;
        rolling = hash;
        return found;
    }

    /// <summary>Entries 4i to 4i+3 are the four little-endian words of keyed BLAKE3 over "GatewayOS/1 gear" and the byte i. Part of what makes a store's chunks; never changes.</summary>
    private static void FillGear(ReadOnlySpan<byte> key, Span<ulong> gear)
    {
        Span<byte> message = stackalloc byte[17];
        Span<byte> hash = stackalloc byte[Blake3.OutBytes];
        "GatewayOS/1 gear"u8.CopyTo(message);
        for (int i = 0; i < gear.Length; i += 4)
        {
            message[16] = (byte)(i / 4);
            Blake3.KeyedHash(key, message, hash);
            for (int j = 0; j < 4; j++)
            {
                gear[i + j] = BinaryPrimitives.ReadUInt64LittleEndian(hash[(8 * j)..]);
            }
        }
    }
}
