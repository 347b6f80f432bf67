using System.Numerics;
using System.Runtime.CompilerServices;

namespace GatewayOS.Store.Hashing;

/// <summary>
/// State of a hash over a message that comes in pieces. A subtree is hashed only once a byte beyond it is known, because the last node of
/// all carries the root flag. Must not be copied while in use.
/// </summary>
internal unsafe struct Blake3State
{
    /// <summary>Bytes kept back: a full vector of chunks, so that small pieces are hashed wide as well.</summary>
    private const int BufferBytes = 16 * Blake3.ChunkBytes;

    /// <summary>Deepest stack of subtrees: one for each bit of a chunk count below 2^54 (2^64 bytes).</summary>
    private const int DepthMax = 54;

    private fixed uint _key[8];
    private fixed byte _stack[(DepthMax + 1) * Blake3.OutBytes];
    private fixed byte _buffer[BufferBytes];
    private Blake3Path _path;
    private uint _modeFlags;
    private int _depth;
    private int _buffered;
    private ulong _chunks;

    /// <summary>Starts a message. An empty key means the plain hash.</summary>
    public void Reset(Blake3Path path, ReadOnlySpan<byte> key)
    {
        fixed (uint* words = _key)
        {
            _modeFlags = Blake3.LoadKey(key, words);
        }

        _path = path;
        Restart();
    }

    /// <summary>Starts a message with the same key.</summary>
    public void Restart()
    {
        _depth = 0;
        _buffered = 0;
        _chunks = 0;
    }

    /// <summary>Appends a piece of the message.</summary>
    public void Update(ReadOnlySpan<byte> piece)
    {
        fixed (byte* start = piece, buffer = _buffer)
        {
            byte* at = start;
            long left = piece.Length;
            while (left > 0)
            {
                if (_buffered == BufferBytes)
                {
                    Push(buffer, BufferBytes);
                    _buffered = 0;
                }

                if (_buffered == 0 && left > BufferBytes)
                {
                    int subtree = SubtreeBytes(left);
                    Push(at, subtree);
                    at += subtree;
                    left -= subtree;
                }
                else
                {
                    int take = (int)Math.Min(left, BufferBytes - _buffered);
                    Unsafe.CopyBlockUnaligned(buffer + _buffered, at, (uint)take);
                    _buffered += take;
                    at += take;
                    left -= take;
                }
            }
        }
    }

    /// <summary>Writes the 32 bytes of the hash. More pieces may follow; the hash then is that of the longer message.</summary>
    public void Finish(byte* output)
    {
        fixed (uint* key = _key)
        {
            fixed (byte* buffer = _buffer, stack = _stack)
            {
                Blake3Tree tree = new(_path, key, _modeFlags);
                if (_depth == 0)
                {
                    tree.Root(buffer, _buffered, output);
                    return;
                }

                byte* pair = stackalloc byte[2 * Blake3.OutBytes];
                byte* right = pair + Blake3.OutBytes;
                tree.Subtree(buffer, _buffered, _chunks, right);
                for (int level = _depth - 1; level >= 0; level--)
                {
                    Unsafe.CopyBlockUnaligned(pair, stack + (level * Blake3.OutBytes), Blake3.OutBytes);
                    tree.Parent(pair, level == 0 ? Blake3.FlagRoot : 0, right);
                }

                Unsafe.CopyBlockUnaligned(output, right, Blake3.OutBytes);
            }
        }
    }

    /// <summary>Largest power of two of bytes that may be one subtree now: aligned to its own size, and with a byte left beyond it.</summary>
    private readonly int SubtreeBytes(long left)
    {
        ulong fits = 1UL << BitOperations.Log2((ulong)(left - 1));
        ulong aligned = _chunks == 0 ? ulong.MaxValue : (_chunks & (0 - _chunks)) * Blake3.ChunkBytes;
        return (int)Math.Min(Math.Min(fits, aligned), Blake3Tree.SegmentBytesMax);
    }

    /// <summary>Hashes a subtree that is not the last of the message, and merges what it completes.</summary>
    private void Push(byte* input, int length)
    {
        fixed (uint* key = _key)
        {
            fixed (byte* stack = _stack)
            {
                Blake3Tree tree = new(_path, key, _modeFlags);
                tree.Subtree(input, length, _chunks, stack + (_depth * Blake3.OutBytes));
                _depth++;
                ulong added = (ulong)length / Blake3.ChunkBytes;
                _chunks += added;

                // Each set bit of the chunk count is one complete subtree on the stack, the largest at the bottom.
                for (int depth = BitOperations.PopCount(_chunks); _depth > depth; _depth--)
                {
                    byte* pair = stack + ((_depth - 2) * Blake3.OutBytes);
                    tree.Parent(pair, 0, pair);
                }
            }
        }
    }
}
