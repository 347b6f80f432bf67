using System.Buffers;
using System.Collections.Concurrent;
using Microsoft.AspNetCore.Connections;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// The web server's buffers in blocks that hold a TLS record each, instead of its own of 4 KiB: it reads a socket by a block at a time, and each
/// block costs a system call, a wake-up and a piece of every later copy. README.md has what this saved.
/// </summary>
internal sealed class ReceiveBlocks : IMemoryPoolFactory<byte>
{
    /// <inheritdoc/>
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => new Pool();

    // Kestrel makes one for each of its parts and never disposes of it before the blocks are back.
    private sealed class Pool : MemoryPool<byte>
    {
        /// <summary>Longest TLS record with its head (RFC 8446, 5.2), rounded up to whole pages.</summary>
        private const int BlockBytes = 20 * 1024;

        /// <summary>Blocks kept for the next connection, 20 MiB; more than that are left to the collector.</summary>
        private const int FreeMax = 1024;

        private readonly ConcurrentQueue<byte[]> _free = new();

        public override int MaxBufferSize => BlockBytes;

        public override IMemoryOwner<byte> Rent(int minBufferSize = -1)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(minBufferSize, BlockBytes);
            return new Block(this, _free.TryDequeue(out byte[]? array) ? array : GC.AllocateUninitializedArray<byte>(BlockBytes, pinned: true));
        }

        protected override void Dispose(bool disposing) => _free.Clear();

        private void Return(byte[] array)
        {
            if (_free.Count < FreeMax)
            {
                _free.Enqueue(array);
            }
        }

        private sealed class Block(Pool pool, byte[] array) : IMemoryOwner<byte>
        {
            private byte[]? _array = array;

            public Memory<byte> Memory => _array ?? throw new ObjectDisposedException(nameof(Block));

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _array, null) is { } array)
                {
                    pool.Return(array);
                }
            }
        }
    }
}
