using System.Buffers.Binary;
using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Store.Tests.Index;

/// <summary>Index segments on a simulated disk, of random entries in a few packs.</summary>
internal sealed class SegmentRig
{
    public const string Name = "a.idx";
    private const int PackCount = 3;

    public SegmentRig()
    {
        Disk = Simulated.NewProcess();
        Disk.CreateDirectory(StoreLayout.Temporary);
        Disk.CreateDirectory(StoreLayout.Index);
        for (int pack = 0; pack < PackCount; pack++)
        {
            Packs.Add(RandomId(), 1000 + pack, PackState.Present);
        }
    }

    public static Guid StoreId { get; } = new("11112222-3333-4444-5555-666677778888");

    public SimulatedDisk Simulated { get; } = new(seed: 5);

    public IStoreDisk Disk { get; }

    public PackTable Packs { get; } = new();

    public IndexPageCache Cache { get; } = new();

    public Random Random { get; } = Seeded.Random(5);

    public byte[] Bytes => Simulated.ReadAll($"index/{Name}");

    public ChunkId RandomId()
    {
        Span<byte> bytes = stackalloc byte[ChunkId.SizeBytes];
        Random.NextBytes(bytes);
        return new ChunkId(bytes);
    }

    /// <summary>IDs that all belong into one page, and then into the ones behind it.</summary>
    public ChunkId CrowdedId()
    {
        Span<byte> bytes = stackalloc byte[ChunkId.SizeBytes];
        Random.NextBytes(bytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes, 0x7777_7777);
        return new ChunkId(bytes);
    }

    public List<IndexEntry> Entries(int count, Func<ChunkId>? id = null)
    {
        var entries = new List<IndexEntry>();
        for (int i = 0; i < count; i++)
        {
            entries.Add(new IndexEntry((id ?? RandomId)(), new ChunkLocation(i % PackCount, (uint)(64 + (i * 100)), 16 + (i % 50), i % 4096, ChunkKind.Data)));
        }

        entries.Sort();
        return entries;
    }

    public void Write(List<IndexEntry> entries, string name = Name) =>
        IndexSegmentWriter.Write(Disk, StoreId, name, Packs, [0, 1, 2], entries, SegmentSizing.Beside(entries.Count, 0));

    public IndexSegment Open(string name = Name) => IndexSegment.Open(Disk, $"index/{name}", StoreId, Packs, Cache);

    /// <summary>Puts other bytes into the file and makes the hash over them right again, as a forger would.</summary>
    public void Forge(int hashedFrom, int hashedBytes, int offset, ReadOnlySpan<byte> value)
    {
        byte[] bytes = Bytes;
        value.CopyTo(bytes.AsSpan(hashedFrom + offset));
        IndexFormat.Hash(bytes.AsSpan(hashedFrom, hashedBytes), bytes.AsSpan(hashedFrom + hashedBytes));
        Simulated.Place($"index/{Name}", bytes);
    }
}
