using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Tests.Rig;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Tests.Pipeline;

/// <summary>What a file held before saves cutting and storing, and changes nothing of what is stored for what it holds now.</summary>
public sealed class ExpectedContentTests
{
    private static readonly WriterOptions s_inline = new() { Workers = 0 };

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public void Content_comes_out_the_same_with_and_without_what_was_there_before(int workers)
    {
        using var rig = new TestStore(packBytes: 64 * 1024);
        using BackupStore store = rig.Open();
        for (int seed = 0; seed < 300; seed++)
        {
            Random random = TestKit.Seeded.Random(seed);
            List<Stretch> old = Make(random);
            List<Stretch> now = Edit(old, random);
            using StoreWriter writer = store.OpenWriter(new WriterOptions { Workers = workers });
            using ChunkReader lists = store.OpenReader();
            ContentRef before = Feed(writer, old);
            writer.Flush();
            ContentRef with = Feed(writer, now, before, lists);
            ContentRef without = Feed(writer, now);
            Assert.True(with.Depth == without.Depth && with.Parts.SequenceEqual(without.Parts), $"seed {seed}: the parts differ");
            writer.Flush();
            using ChunkReader reader = store.OpenReader();
            Assert.True(TestStore.ReadContent(reader, with).AsSpan().SequenceEqual(Plain(now)), $"seed {seed}: the content differs");
        }
    }

    [Theory]
    [InlineData(20_000)]
    [InlineData(200_000)]
    public void What_is_the_same_is_neither_cut_nor_stored(int bytes)
    {
        using var rig = new TestStore();
        using BackupStore store = rig.Open();
        byte[] content = TestStore.Noise(1, bytes);
        ContentRef before;
        using (StoreWriter first = store.OpenWriter(s_inline))
        {
            before = Feed(first, [new Stretch(content, 0)]);
            first.Flush();
        }

        using StoreWriter writer = store.OpenWriter(s_inline);
        using ChunkReader lists = store.OpenReader();
        Assert.Equal(before.Parts, Feed(writer, [new Stretch(content, 0)], before, lists).Parts);
        WriterStatistics statistics = writer.Statistics;
        Assert.Equal(0, statistics.NewBytes);
        Assert.Equal(bytes, statistics.PlainBytes);
        Assert.Equal(0, statistics.Stages.Where(stage => stage.Name.StartsWith("chunk", StringComparison.Ordinal)).Sum(stage => stage.Bytes));
    }

    [Fact]
    public void After_a_change_the_old_borders_are_found_again()
    {
        using var rig = new TestStore();
        using BackupStore store = rig.Open();
        byte[] content = TestStore.Noise(1, 200_000);
        using StoreWriter writer = store.OpenWriter(s_inline);
        ContentRef before = Feed(writer, [new Stretch(content, 0)]);
        writer.Flush();
        content[100_000] ^= 1;
        long cut = Cut(writer);
        using ChunkReader lists = store.OpenReader();
        Feed(writer, [new Stretch(content, 0)], before, lists);
        Assert.InRange(Cut(writer) - cut, 1, 10_000);
    }

    [Fact]
    public void What_another_store_has_is_stored()
    {
        using var rig = new TestStore();
        using var other = new TestStore();
        byte[] content = TestStore.Noise(1, 3_000);
        ContentRef before;
        using (BackupStore otherStore = other.Open())
        using (StoreWriter first = otherStore.OpenWriter(s_inline))
        {
            before = Feed(first, [new Stretch(content, 0)]);
        }

        using BackupStore store = rig.Open();
        using StoreWriter writer = store.OpenWriter(s_inline);
        ContentRef now = Feed(writer, [new Stretch(content, 0)], before);
        writer.Flush();
        Assert.True(writer.Statistics.NewBytes > 0);
        using ChunkReader reader = store.OpenReader();
        Assert.Equal(content, TestStore.ReadContent(reader, now));
    }

    private static long Cut(StoreWriter writer) => writer.Statistics.Stages.Where(stage => stage.Name.StartsWith("chunk", StringComparison.Ordinal)).Sum(stage => stage.Bytes);

    private static ContentRef Feed(StoreWriter writer, List<Stretch> stretches, ContentRef? before = null, ContentReader? lists = null)
    {
        using IngestLane lane = writer.OpenLane();
        var ticket = new Ticket();
        lane.Begin(ticket, stretches.Sum(stretch => stretch.Length), before, lists is null ? null : new Lazy<ContentReader>(lists));
        foreach (Stretch stretch in stretches)
        {
            if (stretch.HoleBytes > 0)
            {
                lane.AppendHole(stretch.HoleBytes);
                continue;
            }

            for (ReadOnlySpan<byte> rest = stretch.Data; !rest.IsEmpty;)
            {
                Span<byte> buffer = lane.GetBuffer();
                int count = Math.Min(buffer.Length, rest.Length);
                rest[..count].CopyTo(buffer);
                lane.Advance(count);
                rest = rest[count..];
            }
        }

        lane.End();
        lane.Flush();
        writer.Drain();
        return ticket.Content;
    }

    private static byte[] Plain(List<Stretch> stretches) => [.. stretches.SelectMany(stretch => stretch.HoleBytes > 0 ? new byte[stretch.HoleBytes] : stretch.Data)];

    private static List<Stretch> Make(Random random)
    {
        var made = new List<Stretch>();
        int count = random.Next(4);
        for (int i = 0; i < count; i++)
        {
            made.Add(random.Next(4) == 0 ? new Stretch([], random.Next(1, 5_000)) : new Stretch(Bytes(random, random.Next(1, 1 << random.Next(4, 18))), 0));
        }

        return made;
    }

    // Some repeat a few bytes, so that chunks are cut at their longest, and the same ones come again.
    private static byte[] Bytes(Random random, int length)
    {
        byte[] bytes = new byte[length];
        if (random.Next(3) == 0)
        {
            bytes.AsSpan().Fill((byte)random.Next(2));
        }
        else
        {
            random.NextBytes(bytes);
        }

        return bytes;
    }

    private static List<Stretch> Edit(List<Stretch> old, Random random)
    {
        List<Stretch> now = [.. old];
        for (int edits = random.Next(4); edits > 0; edits--)
        {
            int at = random.Next(now.Count + 1);
            if (at == now.Count)
            {
                now.AddRange(Make(random));
                continue;
            }

            Stretch stretch = now[at];
            byte[] data = stretch.Data;
            int from = random.Next(data.Length + 1);
            int length = random.Next(data.Length - from + 1);
            now[at] = random.Next(6) switch
            {
                0 when data.Length > 0 => new Stretch([.. data[..from], .. data[(from + length)..]], 0),
                1 when data.Length > 0 => new Stretch([.. data[..from], .. Bytes(random, random.Next(1, 3_000)), .. data[from..]], 0),
                2 when data.Length > 0 => new Stretch([.. data[..from], .. Bytes(random, length), .. data[(from + length)..]], 0),
                3 when data.Length > 0 => new Stretch(data[..from], 0),
                4 => new Stretch([], random.Next(1, 5_000)),
                _ => new Stretch(Bytes(random, random.Next(1, 20_000)), 0),
            };
        }

        return [.. now.Where(stretch => stretch.Length > 0)];
    }

    private sealed record Stretch(byte[] Data, long HoleBytes)
    {
        public long Length => HoleBytes > 0 ? HoleBytes : Data.Length;
    }
}
