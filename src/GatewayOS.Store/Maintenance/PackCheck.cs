using GatewayOS.Store.Packs;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>Reads every byte of packs and checks them, with the key or without. One for each thread.</summary>
/// <param name="storeId">The store.</param>
/// <param name="keys">Its keys, or null for a keyless check.</param>
/// <param name="counters">What its thread spends its time on.</param>
internal sealed class PackCheck(Guid storeId, Keys.StoreKeys? keys, StageCounters counters) : IDisposable
{
    private readonly RecordDecoder _decoder = new(keys?.Naming) { Counters = counters };
    private readonly ReadWindow _window = new();
    private readonly PackHeads _heads = new();

    /// <summary>The records of the pack checked last.</summary>
    public ReadOnlySpan<RecordHead> Heads => _heads.All;

    /// <summary>Bytes checked so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>Checks a pack.</summary>
    /// <param name="file">Its file.</param>
    /// <param name="packId">The pack.</param>
    /// <param name="bad">Called for each bad record with what is wrong.</param>
    /// <returns>Records checked.</returns>
    /// <exception cref="StoreDamagedException">The pack has no usable directory.</exception>
    /// <exception cref="StoreIoException">It cannot be read.</exception>
    public int Run(IStoreFile file, ChunkId packId, Action<RecordHead, string> bad)
    {
        _window.Forget();
        PackDirectory.Read(file, storeId, packId, _heads);
        ReadOnlySpan<RecordHead> heads = _heads.All;
        PackKey? key = keys is null ? null : PackKeyOf(file, keys);
        for (int i = 0; i < heads.Length; i++)
        {
            if (Check(file, heads[i], _heads.Raw(i), key) is { } reason)
            {
                bad(heads[i], reason);
            }

            Bytes += heads[i].TotalBytes;
        }

        return heads.Length;
    }

    /// <summary>Reads a pack's directory alone.</summary>
    /// <param name="file">Its file.</param>
    /// <param name="packId">The pack.</param>
    /// <returns>Its records.</returns>
    /// <inheritdoc cref="Run" path="/exception"/>
    public int ReadDirectory(IStoreFile file, ChunkId packId)
    {
        PackDirectory.Read(file, storeId, packId, _heads);
        return _heads.All.Length;
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
            long start = StageCounters.Start();
            record = _window.Read(file, file, head.Offset, (int)head.TotalBytes);
            counters.Busy(Stage.Read, ref start, record.Length);
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
