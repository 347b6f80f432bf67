using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>Reads every byte of packs and checks them, with the key or without. One for each thread.</summary>
/// <param name="disk">The store's disk.</param>
/// <param name="storeId">The store.</param>
/// <param name="keys">Its keys, or null for a keyless check.</param>
internal sealed class PackCheck(IStoreDisk disk, Guid storeId, Keys.StoreKeys? keys) : IDisposable
{
    private readonly RecordDecoder _decoder = new(keys?.Naming);
    private readonly ReadWindow _window = new();

    /// <summary>Bytes checked so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Checks a pack.</summary>
    /// <param name="packId">The pack.</param>
    /// <param name="bad">Called for each bad record with what is wrong.</param>
    /// <returns>Records checked.</returns>
    /// <exception cref="StoreDamagedException">The pack has no usable directory.</exception>
    /// <exception cref="StoreIoException">It cannot be read.</exception>
    public int Run(ChunkId packId, Action<RecordHead, string> bad)
    {
        using IStoreFile file = disk.OpenRead(StoreLayout.PackPath(packId));
        RecordHead[] heads = PackDirectory.Read(file, storeId, packId, out byte[] rawHeads);
        PackKey? key = keys is null ? null : PackKeyOf(file, keys);
        for (int i = 0; i < heads.Length; i++)
        {
            if (Check(file, heads[i], rawHeads.AsSpan(i * PackFormat.RecordHeadBytes, PackFormat.RecordHeadBytes), key) is { } reason)
            {
                bad(heads[i], reason);
            }

            Bytes += heads[i].TotalBytes;
        }

        return heads.Length;
    }

    /// <summary>Derives a pack's key from the salt in its head.</summary>
    public static PackKey PackKeyOf(IStoreFile file, Keys.StoreKeys keys)
    {
        Span<byte> head = stackalloc byte[PackFormat.HeadBytes];
        file.ReadAt(head, 0);
        return keys.PackKey(PackFormat.Salt(head));
    }

    public void Dispose() => _decoder.Dispose();

    private string? Check(IStoreFile file, in RecordHead head, ReadOnlySpan<byte> directoryHead, PackKey? key)
    {
        ReadOnlySpan<byte> record;
        try
        {
            record = _window.Read(file, file, head.Offset, (int)head.TotalBytes);
        }
        catch (StoreIoException error)
        {
            return error.Message;
        }

        if (record.Length != head.TotalBytes || !record.StartsWith(directoryHead))
        {
            return "its head differs from the pack's directory";
        }

        if (!_decoder.HashMatches(record))
        {
            return "its bytes do not have the recorded hash";
        }

        return key is null ? null : _decoder.Decode(key, head, record, out _);
    }
}
