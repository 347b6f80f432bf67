using System.Buffers.Binary;
using System.Numerics;

namespace GatewayOS.CorpusMaker;

/// <summary>
/// A stream of numbers that is the same on every machine and in every version of the runtime: xoshiro256** (Blackman and Vigna 2018), whose state is
/// drawn by SplitMix64 from a seed and a label. Integers only: floating-point functions differ between machines.
/// </summary>
internal sealed class SeededBytes
{
    private ulong _s0, _s1, _s2, _s3;

    /// <summary>Begins a stream.</summary>
    /// <param name="seed">The corpus's seed.</param>
    /// <param name="label">What the stream is for; streams of different labels are unrelated.</param>
    public SeededBytes(ulong seed, string label)
    {
        const ulong fnvOffset = 14695981039346656037, fnvPrime = 1099511628211;
        ulong state = fnvOffset;
        foreach (char letter in label)
        {
            state = (state ^ letter) * fnvPrime;
        }

        state += seed;
        (_s0, _s1, _s2, _s3) = (SplitMix(ref state), SplitMix(ref state), SplitMix(ref state), SplitMix(ref state));
    }

    /// <summary>64 random bits.</summary>
    public ulong Next()
    {
        ulong result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        ulong shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number from 0 to <paramref name="limit"/> − 1.</summary>
    public long Below(long limit) => (long)Math.BigMul(Next(), (ulong)limit, out _);

    /// <summary>True in this many of 100 cases.</summary>
    public bool Percent(int percent) => Below(100) < percent;

    /// <summary>Fills with random bytes.</summary>
    public void Fill(Span<byte> bytes)
    {
        while (bytes.Length >= sizeof(ulong))
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, Next());
            bytes = bytes[sizeof(ulong)..];
        }

        if (!bytes.IsEmpty)
        {
            Span<byte> last = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(last, Next());
            last[..bytes.Length].CopyTo(bytes);
        }
    }

    /// <summary>A position of which four in five lie in the hot fifth, as updates of disks and databases do.</summary>
    public long SkewedBelow(long limit) => Percent(80) && limit >= 5 ? Below(limit / 5) : Below(limit);

    private static ulong SplitMix(ref ulong state)
    {
        state += 0x9E37_79B9_7F4A_7C15;
        ulong mixed = (state ^ (state >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }
}
