using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace GatewayOS.Store.Hashing;

/// <summary>Which vector width hashes wide runs. All give the same result.</summary>
internal enum Blake3Path
{
    /// <summary>Four nodes at once on any processor.</summary>
    Portable,

    /// <summary>Eight nodes at once with AVX2.</summary>
    Avx2,

    /// <summary>Sixteen nodes at once with AVX-512F.</summary>
    Avx512,
}

/// <summary>
/// BLAKE3 of messages that lie in memory whole (O'Connor, Aumasson, Neves, Wilcox-O'Hearn: "BLAKE3, one function, fast everywhere", 2020).
/// Thread-safe; allocates nothing.
/// </summary>
internal static unsafe class Blake3
{
    /// <summary>Bytes of a full hash.</summary>
    public const int OutBytes = 32;

    /// <summary>Bytes of a key.</summary>
    public const int KeyBytes = 32;

    internal const int BlockBytes = 64;
    internal const int ChunkBytes = 1024;

    internal const uint FlagChunkStart = 1;
    internal const uint FlagChunkEnd = 2;
    internal const uint FlagParent = 4;
    internal const uint FlagRoot = 8;
    internal const uint FlagKeyedHash = 16;

    internal const uint Iv0 = 0x6A09E667;
    internal const uint Iv1 = 0xBB67AE85;
    internal const uint Iv2 = 0x3C6EF372;
    internal const uint Iv3 = 0xA54FF53A;

    /// <summary>The widest path this processor has.</summary>
    public static Blake3Path BestPath { get; } =
        Avx512F.VL.IsSupported ? Blake3Path.Avx512 : Avx2.IsSupported ? Blake3Path.Avx2 : Blake3Path.Portable;

    /// <summary>The standard initial value, which takes a key's place in the plain hash (SHA-256's, FIPS 180-4 section 5.3.3).</summary>
    private static ReadOnlySpan<uint> InitialValue => [Iv0, Iv1, Iv2, Iv3, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19];

    /// <summary>Hashes a message.</summary>
    /// <param name="input">The message, of any length.</param>
    /// <param name="output">1 to 32 bytes; a shorter output is a prefix of the full one.</param>
    /// <exception cref="ArgumentException">The output has another length.</exception>
    public static void Hash(ReadOnlySpan<byte> input, Span<byte> output) => HashOn(BestPath, [], input, output);

    /// <summary>Hashes a message under a key.</summary>
    /// <param name="key">32 bytes.</param>
    /// <param name="input">The message, of any length.</param>
    /// <param name="output">1 to 32 bytes; a shorter output is a prefix of the full one.</param>
    /// <exception cref="ArgumentException">Key or output has another length.</exception>
    public static void KeyedHash(ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (key.Length != KeyBytes)
        {
            throw new ArgumentException("A BLAKE3 key is 32 bytes long.", nameof(key));
        }

        HashOn(BestPath, key, input, output);
    }

    /// <summary>Hashes on a path of the caller's choice, which the processor must have. An empty key means the plain hash.</summary>
    [SkipLocalsInit]
    internal static void HashOn(Blake3Path path, ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, Span<byte> output)
    {
        if (output.Length is 0 or > OutBytes)
        {
            throw new ArgumentException("A BLAKE3 output here is 1 to 32 bytes long.", nameof(output));
        }

        byte* root = stackalloc byte[OutBytes];
        if (input.Length <= Blake3Tree.SegmentBytesMax)
        {
            uint* keyWords = stackalloc uint[8];
            uint flags = LoadKey(key, keyWords);
            fixed (byte* at = input)
            {
                new Blake3Tree(path, keyWords, flags).Root(at, input.Length, root);
            }
        }
        else
        {
            HashLong(path, key, input, root);
        }

        new ReadOnlySpan<byte>(root, output.Length).CopyTo(output);
    }

    /// <summary>Puts the key, or the initial value when it is empty, into eight words, and returns the flags of the mode.</summary>
    internal static uint LoadKey(ReadOnlySpan<byte> key, uint* words)
    {
        if (key.IsEmpty)
        {
            InitialValue.CopyTo(new Span<uint>(words, 8));
            return 0;
        }

        key.CopyTo(new Span<byte>(words, KeyBytes));
        return FlagKeyedHash;
    }

    // Apart, so that the short path does not carry the state's 18 KiB of stack.
    [SkipLocalsInit]
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void HashLong(Blake3Path path, ReadOnlySpan<byte> key, ReadOnlySpan<byte> input, byte* root)
    {
        Unsafe.SkipInit(out Blake3State state);
        state.Reset(path, key);
        state.Update(input);
        state.Finish(root);
    }
}
