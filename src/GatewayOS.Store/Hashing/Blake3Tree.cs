using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace GatewayOS.Store.Hashing;

/// <summary>
/// Hashes up to <see cref="SegmentBytesMax"/> bytes to one tree node, level by level: all chunks, then all parents of the next level, each
/// level in wide runs. Pairing neighbours and carrying an odd last node up gives BLAKE3's left-full tree, and lets parents share vectors too.
/// </summary>
internal readonly unsafe struct Blake3Tree
{
    /// <summary>Longest input: its chaining values take 16 KiB of stack.</summary>
    public const int SegmentBytesMax = 512 * Blake3.ChunkBytes;

    /// <summary>Most bytes hashed to a node besides whole chunks: chaining values on the stack.</summary>
    private const int ChainingBytesMax = SegmentBytesMax / Blake3.ChunkBytes * Blake3.OutBytes;

    private readonly Blake3Path _path;
    private readonly uint* _key;
    private readonly uint _modeFlags;

    /// <param name="path">Vector width; the processor must have it.</param>
    /// <param name="key">Eight key words that outlive this value, unmoved.</param>
    /// <param name="modeFlags">Flags of the mode.</param>
    public Blake3Tree(Blake3Path path, uint* key, uint modeFlags)
    {
        _path = path;
        _key = key;
        _modeFlags = modeFlags;
    }

    /// <summary>Hash of a whole message of up to <see cref="SegmentBytesMax"/> bytes.</summary>
    public void Root(byte* input, int length, byte* output) => Node(input, length, 0, Blake3.FlagRoot, output);

    /// <summary>Chaining value of the subtree over 1 to <see cref="SegmentBytesMax"/> bytes that start with the chunk of the given number.</summary>
    public void Subtree(byte* input, int length, ulong counter, byte* output) => Node(input, length, counter, 0, output);

    /// <summary>Chaining value, or with the root flag the hash, of a parent of two chaining values that lie side by side.</summary>
    public void Parent(byte* pair, uint rootFlag, byte* output)
    {
        uint* chaining = stackalloc uint[8];
        Vector256.Store(Vector256.Load(_key), chaining);
        Blake3Row.Compress(chaining, pair, Blake3.BlockBytes, 0, _modeFlags | Blake3.FlagParent | rootFlag);
        Vector256.Store(Vector256.Load(chaining), (uint*)output);
    }

    [SkipLocalsInit]
    private void Node(byte* input, int length, ulong counter, uint rootFlag, byte* output)
    {
        if (length <= Blake3.ChunkBytes)
        {
            Chunk(input, length, counter, rootFlag, output);
            return;
        }

        byte* level = stackalloc byte[ChainingBytesMax];
        int whole = length / Blake3.ChunkBytes;
        int rest = length - (whole * Blake3.ChunkBytes);
        HashMany(input, whole, Blake3Nodes.Chunks(_key, _modeFlags), counter, level);
        int count = whole;
        if (rest > 0)
        {
            Chunk(input + (length - rest), rest, counter + (ulong)whole, 0, level + (count * Blake3.OutBytes));
            count++;
        }

        Blake3Nodes parents = Blake3Nodes.Parents(_key, _modeFlags);
        while (count > 2)
        {
            int pairs = count / 2;
            HashMany(level, pairs, parents, 0, level);
            if ((count & 1) != 0)
            {
                Vector256.Store(Vector256.Load(level + ((count - 1) * Blake3.OutBytes)), level + (pairs * Blake3.OutBytes));
            }

            count -= pairs;
        }

        Parent(level, rootFlag, output);
    }

    /// <summary>One chunk of 0 to 1024 bytes.</summary>
    private void Chunk(byte* input, int length, ulong counter, uint rootFlag, byte* output)
    {
        uint* chaining = stackalloc uint[8];
        Vector256.Store(Vector256.Load(_key), chaining);
        uint flags = _modeFlags | Blake3.FlagChunkStart;
        while (length > Blake3.BlockBytes)
        {
            Blake3Row.Compress(chaining, input, Blake3.BlockBytes, counter, flags);
            flags = _modeFlags;
            input += Blake3.BlockBytes;
            length -= Blake3.BlockBytes;
        }

        flags |= Blake3.FlagChunkEnd | rootFlag;
        if (length == Blake3.BlockBytes)
        {
            Blake3Row.Compress(chaining, input, Blake3.BlockBytes, counter, flags);
        }
        else
        {
            byte* padded = stackalloc byte[Blake3.BlockBytes];
            new Span<byte>(padded, Blake3.BlockBytes).Clear();
            new ReadOnlySpan<byte>(input, length).CopyTo(new Span<byte>(padded, Blake3.BlockBytes));
            Blake3Row.Compress(chaining, padded, (uint)length, counter, flags);
        }

        Vector256.Store(Vector256.Load(chaining), (uint*)output);
    }

    private void HashMany(byte* input, int count, in Blake3Nodes nodes, ulong counter, byte* output)
    {
        // From two nodes on, a partly filled vector costs less than the nodes one after another (AVX-512: 1.6 times one node).
        int lanesMax = _path switch { Blake3Path.Avx512 => 16, Blake3Path.Avx2 => 8, _ => 4 };
        while (count >= 2)
        {
            int lanes = Math.Min(count, lanesMax);
            switch (_path)
            {
                case Blake3Path.Avx512:
                    Blake3Wide<Blake3Lanes512, Vector512<uint>>.HashMany(input, lanes, nodes, counter, output);
                    break;
                case Blake3Path.Avx2:
                    Blake3Wide<Blake3Lanes256, Vector256<uint>>.HashMany(input, lanes, nodes, counter, output);
                    break;
                default:
                    Blake3Wide<Blake3Lanes128, Vector128<uint>>.HashMany(input, lanes, nodes, counter, output);
                    break;
            }

            input += lanes * nodes.StrideBytes;
            output += lanes * Blake3.OutBytes;
            counter += (ulong)lanes * nodes.CounterStep;
            count -= lanes;
        }

        if (count == 1)
        {
            Single(input, nodes, counter, output);
        }
    }

    private void Single(byte* input, in Blake3Nodes nodes, ulong counter, byte* output)
    {
        if (nodes.Blocks == 1)
        {
            Parent(input, 0, output);
        }
        else
        {
            Chunk(input, Blake3.ChunkBytes, counter, 0, output);
        }
    }
}
