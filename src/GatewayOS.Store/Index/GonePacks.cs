using System.Buffers.Binary;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Index;

/// <summary>
/// Packs that gc has deleted while segments still name them: without the lists of them, whoever has no key could not tell a pack that was lost
/// from one that was not needed (FORMAT.md, "Lists of gone packs"). gc keeps them as long as a segment names their packs.
/// </summary>
internal static class GonePacks
{
    private const int HeadBytes = 40;
    private const ushort Version = 1;

    private static ReadOnlySpan<byte> Magic => "GWOSGONE"u8;

    /// <summary>All packs on lists that can be read.</summary>
    public static HashSet<ChunkId> ReadAll(IStoreDisk disk, Guid storeId) => [.. Lists(disk).SelectMany(name => Read(disk, storeId, name))];

    /// <summary>Notes packs, before they are deleted.</summary>
    public static void Add(IStoreDisk disk, Guid storeId, string owner, IReadOnlyCollection<ChunkId> packs)
    {
        byte[] file = new byte[HeadBytes + (packs.Count * ChunkId.SizeBytes) + IndexFormat.HashBytes];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(8), Version);
        storeId.TryWriteBytes(file.AsSpan(16, 16), bigEndian: true, out _);
        BinaryPrimitives.WriteInt64LittleEndian(file.AsSpan(32), packs.Count);
        int at = HeadBytes;
        foreach (ChunkId pack in packs)
        {
            pack.CopyTo(file.AsSpan(at));
            at += ChunkId.SizeBytes;
        }

        IndexFormat.SealPage(file);
        DurableFile.Replace(disk, owner, $"{StoreLayout.Index}/{owner}{StoreLayout.GoneSuffix}", file);
    }

    /// <summary>Makes one list of all, without packs that no segment names any more.</summary>
    public static void Tidy(IStoreDisk disk, Guid storeId, string owner, StoreIndex index, PackTable packs)
    {
        List<string> lists = Lists(disk);
        if (lists.Count == 0)
        {
            return;
        }

        var named = new HashSet<ChunkId>();
        HashSet<ChunkId> gone = [.. lists.SelectMany(name => Read(disk, storeId, name))];
        foreach (IndexSegment segment in index.Segments)
        {
            foreach (int number in segment.Packs)
            {
                if (gone.Contains(packs.Id(number)))
                {
                    named.Add(packs.Id(number));
                }
            }
        }

        if (lists.Count == 1 && named.Count == gone.Count)
        {
            return;
        }

        if (named.Count > 0)
        {
            Add(disk, storeId, owner, named);
        }

        lists.ForEach(name => DurableFile.DeleteIfPresent(disk, $"{StoreLayout.Index}/{name}"));
    }

    /// <summary>True for the bytes of a whole list of this store.</summary>
    public static bool Check(ReadOnlySpan<byte> file, Guid storeId) =>
        file.Length >= HeadBytes + IndexFormat.HashBytes && file.StartsWith(Magic) && BinaryPrimitives.ReadUInt16LittleEndian(file[8..]) == Version
        && new Guid(file.Slice(16, 16), bigEndian: true) == storeId && IndexFormat.IsSealed(file)
        && BinaryPrimitives.ReadInt64LittleEndian(file[32..]) == (file.Length - HeadBytes - IndexFormat.HashBytes) / ChunkId.SizeBytes;

    private static List<string> Lists(IStoreDisk disk) =>
        [.. disk.ListNames(StoreLayout.Index).Where(name => name.EndsWith(StoreLayout.GoneSuffix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    // A list that cannot be read counts for nothing: a check without the key then says more than it need, and never less.
    private static ChunkId[] Read(IStoreDisk disk, Guid storeId, string name)
    {
        byte[] file;
        try
        {
            file = DurableFile.Read(disk, $"{StoreLayout.Index}/{name}");
        }
        catch (Exception error) when (error is StoreIoException or StoreDamagedException)
        {
            return [];
        }

        if (!Check(file, storeId))
        {
            return [];
        }

        var packs = new ChunkId[(file.Length - HeadBytes - IndexFormat.HashBytes) / ChunkId.SizeBytes];
        for (int i = 0; i < packs.Length; i++)
        {
            packs[i] = new ChunkId(file.AsSpan(HeadBytes + (i * ChunkId.SizeBytes), ChunkId.SizeBytes));
        }

        return packs;
    }
}
