using System.Buffers.Binary;
using GatewayOS.Store.Index;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Tests.Index;

public sealed class IndexSegmentTests
{
    private const int HashedHeadBytes = IndexFormat.HeadBytes - IndexFormat.HashBytes;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(63)]
    [InlineData(5000)]
    public void Finds_what_was_written_and_nothing_else(int count)
    {
        var rig = new SegmentRig();
        List<IndexEntry> entries = rig.Entries(count);
        rig.Write(entries);
        AssertHolds(rig, entries);
    }

    // Two thousand chunks of one page: it runs over into the next twenty-odd, beyond the last of them all.
    [Fact]
    public void Finds_chunks_that_crowd_into_one_page()
    {
        var rig = new SegmentRig();
        List<IndexEntry> entries = [.. rig.Entries(300), .. rig.Entries(2000, rig.CrowdedId)];
        entries.Sort();
        rig.Write(entries);
        AssertHolds(rig, entries);
        long reads = rig.Cache.Reads;
        using IndexSegment segment = rig.Open();
        segment.TryFind(rig.CrowdedId(), static _ => true, out _, out _);
        Assert.True(rig.Cache.Reads - reads <= 12, $"{rig.Cache.Reads - reads} pages were read for one lookup");
    }

    [Fact]
    public void A_lookup_reads_one_page()
    {
        var rig = new SegmentRig();
        List<IndexEntry> entries = rig.Entries(50_000);
        rig.Write(entries);
        using IndexSegment segment = rig.Open();
        const int Lookups = 200;
        for (int i = 0; i < Lookups; i++)
        {
            Assert.True(segment.TryFind(entries[rig.Random.Next(entries.Count)].Id, static _ => true, out _, out _));
        }

        Assert.InRange(rig.Cache.Reads, 1, Lookups + (Lookups / 20));
    }

    [Fact]
    public void The_filter_keeps_most_absent_chunks_from_the_disk()
    {
        var rig = new SegmentRig();
        rig.Write(rig.Entries(50_000));
        using IndexSegment segment = rig.Open();
        const int Lookups = 10_000;
        for (int i = 0; i < Lookups; i++)
        {
            Assert.False(segment.TryFind(rig.RandomId(), static _ => true, out _, out _));
        }

        Assert.InRange(rig.Cache.Reads, 1, Lookups * 4 / 100);
    }

    // Whoever writes to the disk can make the hashes right. Nothing but a clear error or right answers may come of it: no crash, no endless loop,
    // and no allocation that the file's own length does not bound.
    [Fact]
    public void No_forged_field_of_the_head_gets_through()
    {
        long[] values = [0, 1, 2, -1, 255, 1 << 16, int.MaxValue, (long)int.MaxValue + 1, uint.MaxValue, 1L << 40, (1L << 40) + 1, long.MaxValue, long.MinValue, long.MaxValue / 4096];
        int refused = 0;
        foreach (int offset in new[] { 32, 40, 48, 56, 64 })
        {
            foreach (long value in values)
            {
                foreach (bool relative in new[] { false, true })
                {
                    var rig = new SegmentRig();
                    List<IndexEntry> entries = rig.Entries(500);
                    rig.Write(entries);
                    byte[] field = new byte[8];
                    long old = BinaryPrimitives.ReadInt64LittleEndian(rig.Bytes.AsSpan(offset));
                    BinaryPrimitives.WriteInt64LittleEndian(field, relative ? unchecked(old + value) : value);
                    rig.Forge(0, HashedHeadBytes, offset, field);
                    refused += UsesOrRefuses(rig, entries) ? 0 : 1;
                }
            }
        }

        Assert.True(refused > 100, $"only {refused} were refused");
    }

    [Fact]
    public void Every_changed_byte_of_a_forged_head_is_refused_or_harmless()
    {
        for (int offset = 0; offset < HashedHeadBytes; offset++)
        {
            foreach (byte change in new byte[] { 1, 0x80, 0xFF })
            {
                var rig = new SegmentRig();
                List<IndexEntry> entries = rig.Entries(100);
                rig.Write(entries);
                rig.Forge(0, HashedHeadBytes, offset, [(byte)(rig.Bytes[offset] ^ change)]);
                UsesOrRefuses(rig, entries);
            }
        }
    }

    [Fact]
    public void No_forged_page_gets_through()
    {
        int[] offsets = [0, 8, 31, 32, 35, 36, 39, 40, 43, 44, 47, 48, IndexFormat.NumberOffset, IndexFormat.NumberOffset + 7, IndexFormat.CountOffset, IndexFormat.CountOffset + 3];
        foreach (int offset in offsets)
        {
            foreach (byte value in new byte[] { 0, 1, 85, 0x7F, 0x80, 0xFF })
            {
                var rig = new SegmentRig();
                List<IndexEntry> entries = rig.Entries(400);
                rig.Write(entries);
                int page = rig.Bytes.Length - (2 * IndexFormat.PageBytes);
                rig.Forge(page, IndexFormat.PageBytes - IndexFormat.HashBytes, offset, [value]);
                UsesOrRefuses(rig, entries);
            }
        }
    }

    [Fact]
    public void A_page_in_anothers_place_is_damage()
    {
        var rig = new SegmentRig();
        rig.Write(rig.Entries(1000));
        byte[] bytes = rig.Bytes;
        bytes.AsSpan(bytes.Length - (2 * IndexFormat.PageBytes), IndexFormat.PageBytes).CopyTo(bytes.AsSpan(bytes.Length - IndexFormat.PageBytes));
        rig.Simulated.Place($"index/{SegmentRig.Name}", bytes);
        using IndexSegment segment = rig.Open();
        Assert.Contains("is damaged", segment.Check(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_filter_costs_reads_and_hides_nothing()
    {
        var rig = new SegmentRig();
        List<IndexEntry> entries = rig.Entries(1000);
        rig.Write(entries);
        rig.Simulated.FlipBit($"index/{SegmentRig.Name}", (2 * IndexFormat.PageBytes * 8) + 77);
        using IndexSegment segment = rig.Open();
        Assert.All(entries, entry => Assert.True(segment.TryFind(entry.Id, static _ => true, out _, out _)));
        Assert.Equal("its filter is damaged", segment.Check());
    }

    // True when it opened: then whatever is found is right, and what is not found was said to be damaged.
    private static bool UsesOrRefuses(SegmentRig rig, List<IndexEntry> entries)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            using IndexSegment segment = rig.Open();
            foreach (IndexEntry entry in entries)
            {
                try
                {
                    if (segment.TryFind(entry.Id, static _ => true, out ChunkLocation found, out _))
                    {
                        Assert.InRange(found.Pack, 0, 2);
                        Assert.True(new IndexEntry(entry.Id, found).IsPossible);
                    }
                }
                catch (StoreDamagedException error)
                {
                    Assert.Contains("run rebuild-index", error.Message, StringComparison.Ordinal);
                }
            }

            segment.Check();
            return true;
        }
        catch (StoreDamagedException error)
        {
            Assert.NotEmpty(error.Message);
            return false;
        }
        catch (OutdatedSegmentException)
        {
            return false;
        }
        finally
        {
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
        }
    }

    private static void AssertHolds(SegmentRig rig, List<IndexEntry> entries)
    {
        using IndexSegment segment = rig.Open();
        Assert.Null(segment.Check());
        Assert.Equal(entries.Count, segment.Shape.Entries);
        Assert.Equal(entries, segment.Entries());
        var positions = new HashSet<long>();
        foreach (IndexEntry entry in entries)
        {
            Assert.True(segment.TryFind(entry.Id, static _ => true, out ChunkLocation found, out long position));
            Assert.Equal(entry.Location, found);
            Assert.True(positions.Add(position));
            Assert.False(segment.TryFind(entry.Id, static _ => false, out _, out _));
        }

        Assert.Equal(segment.Positions().Select(entry => entry.Position).ToHashSet(), positions);
        for (int i = 0; i < 1000; i++)
        {
            Assert.False(segment.TryFind(rig.RandomId(), static _ => true, out _, out _));
        }
    }
}
