namespace GatewayOS.Cloud.Vault;

/// <summary>
/// Recently read pieces of a vault's objects in memory: walking trees and looking chunks up asks for many small ranges that lie near each other, and each would be a
/// request of its own. Who asks for a piece that is on its way waits for that. Thread-safe.
/// </summary>
/// <param name="medium">Where the vault is; borrowed.</param>
internal sealed class VaultBlocks(IVaultMedium medium)
{
    /// <summary>Length of a piece, in bytes: some 20 ms of a fast link, and the trees of a few thousand files.</summary>
    public const int BlockBytes = 1024 * 1024;

    /// <summary>Pieces held: 128 MiB.</summary>
    private const int BlocksMax = 128;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Name, long Number), LinkedListNode<Entry>> _blocks = [];
    private readonly LinkedList<Entry> _byUse = new();

    /// <summary>Reads a range.</summary>
    /// <param name="source">The object.</param>
    /// <param name="buffer">Gets it.</param>
    /// <param name="offsetBytes">Where it begins.</param>
    /// <returns>Bytes read; fewer only at the end.</returns>
    public int Read(VaultObject source, Span<byte> buffer, long offsetBytes)
    {
        int done = 0;
        while (done < buffer.Length && offsetBytes + done < source.LengthBytes)
        {
            (long number, long within) = Math.DivRem(offsetBytes + done, BlockBytes);
            byte[] block = Get(source, number);
            ReadOnlySpan<byte> rest = block.AsSpan((int)Math.Min(within, block.Length));
            int taken = Math.Min(rest.Length, buffer.Length - done);
            if (taken == 0)
            {
                break;
            }

            rest[..taken].CopyTo(buffer[done..]);
            done += taken;
        }

        return done;
    }

    private byte[] Get(VaultObject source, long number)
    {
        var key = (source.Name, number);
        Entry entry;
        lock (_gate)
        {
            if (_blocks.TryGetValue(key, out LinkedListNode<Entry>? node))
            {
                _byUse.Remove(node);
            }
            else
            {
                node = new LinkedListNode<Entry>(new Entry(key, ReadAsync(source, number)));
                _blocks.Add(key, node);
                if (_blocks.Count > BlocksMax)
                {
                    _blocks.Remove(_byUse.First!.Value.Key);
                    _byUse.RemoveFirst();
                }
            }

            _byUse.AddLast(node);
            entry = node.Value;
        }

        try
        {
            return entry.Content.GetAwaiter().GetResult();
        }
        catch
        {
            // The next who asks tries again.
            lock (_gate)
            {
                if (_blocks.TryGetValue(key, out LinkedListNode<Entry>? node) && ReferenceEquals(node.Value, entry))
                {
                    _blocks.Remove(key);
                    _byUse.Remove(node);
                }
            }

            throw;
        }
    }

    private async Task<byte[]> ReadAsync(VaultObject source, long number)
    {
        byte[] block = new byte[(int)Math.Min(BlockBytes, source.LengthBytes - (number * BlockBytes))];
        await medium.ReadAsync(source, number * BlockBytes, block, CancellationToken.None).ConfigureAwait(false);
        return block;
    }

    private sealed record Entry((string Name, long Number) Key, Task<byte[]> Content);
}
