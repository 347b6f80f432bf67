using GatewayOS.Store.Chunking;
using Xunit;

namespace GatewayOS.Store.Tests.Chunking;

public sealed class GearChunkerTests
{
    private static readonly byte[] s_key = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];

    private static readonly ChunkerParameters[] s_shapes =
    [
        new(64, 256, 257), new(64, 256, 2048), new(65, 512, 4096), new(255, 256, 1000), new(1024, 4096, 16384), new(2047, 2048, 2049), new(32768, 131072, 524288),
    ];

    [Fact]
    public void Optimised_scan_equals_the_definition()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            Random random = new(seed);
            ChunkerParameters shape = s_shapes[seed % (s_shapes.Length - 1)];
            GearChunker chunker = new(shape, s_key);
            byte[] data = Content(random, random.Next(20_000));
            for (int at = 0; at < data.Length; at++)
            {
                ReadOnlySpan<byte> rest = data.AsSpan(at);
                int cut = chunker.FindCut(rest);
                Assert.Equal(chunker.FindCutReference(rest), cut);
                at += cut == GearChunker.NoCut ? rest.Length : cut - 1;
            }
        }
    }

    [Fact]
    public void Cuts_do_not_depend_on_how_the_data_arrive()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            Random random = new(seed);
            GearChunker chunker = new(s_shapes[seed % s_shapes.Length], s_key);
            byte[] data = Content(random, random.Next(chunker.Parameters.MaxBytes * 3));
            List<int> expected = Cuts(chunker, data), seen = [];
            int start = 0, filled = 0, scanned = 0;
            bool rescan = seed % 2 == 0;
            while (start < data.Length)
            {
                int cut = chunker.FindCut(data.AsSpan(start, filled - start), rescan ? 0 : scanned);
                if (cut != GearChunker.NoCut)
                {
                    start += cut;
                    scanned = 0;
                    seen.Add(start);
                }
                else if (filled < data.Length)
                {
                    scanned = filled - start;
                    filled = Math.Min(data.Length, filled + 1 + random.Next(chunker.Parameters.MaxBytes / 3));
                }
                else
                {
                    start = data.Length;
                    seen.Add(start);
                }
            }

            Assert.Equal(expected, seen);
        }
    }

    [Fact]
    public void Limits_hold_and_chunks_cover_the_data()
    {
        for (int seed = 0; seed < 40; seed++)
        {
            Random random = new(seed);
            ChunkerParameters shape = s_shapes[seed % s_shapes.Length];
            byte[] data = Content(random, random.Next(shape.MaxBytes * 4));
            List<int> cuts = Cuts(new GearChunker(shape, s_key), data);
            for (int i = 0; i < cuts.Count; i++)
            {
                int length = cuts[i] - (i == 0 ? 0 : cuts[i - 1]);
                Assert.InRange(length, i == cuts.Count - 1 ? 1 : shape.MinBytes, shape.MaxBytes);
            }

            Assert.Equal(data.Length, cuts.Count == 0 ? 0 : cuts[^1]);
        }
    }

    [Fact]
    public void An_insertion_or_deletion_changes_only_chunks_near_it()
    {
        for (int seed = 0; seed < 30; seed++)
        {
            Random random = new(seed);
            GearChunker chunker = new(new ChunkerParameters(256, 1024, 4096), s_key);
            byte[] data = new byte[400_000];
            random.NextBytes(data);
            int at = random.Next(50_000, 200_000), removed = random.Next(100);
            byte[] added = new byte[random.Next(100)];
            random.NextBytes(added);
            byte[] edited = [.. data.AsSpan(0, at), .. added, .. data.AsSpan(at + removed)];
            int shift = added.Length - removed;

            HashSet<int> before = [.. Cuts(chunker, data)];
            List<int> after = Cuts(chunker, edited);
            Assert.All(after.Where(cut => cut < at - 4096), cut => Assert.Contains(cut, before));
            int resynchronised = after.First(cut => cut >= at + added.Length && before.Contains(cut - shift));
            Assert.True(resynchronised - at < 40 * 1024, $"seed {seed}: cuts agree again only after {resynchronised - at} bytes");
            Assert.All(after.Where(cut => cut >= resynchronised), cut => Assert.Contains(cut - shift, before));
        }
    }

    [Fact]
    public void Random_data_give_a_mean_near_the_average_and_few_chunks_at_the_limits()
    {
        ChunkerParameters shape = new(1024, 4096, 16384);
        byte[] data = new byte[32 << 20];
        new Random(7).NextBytes(data);
        List<int> cuts = Cuts(new GearChunker(shape, s_key), data);
        double mean = (double)data.Length / cuts.Count;
        Assert.InRange(mean / shape.AverageBytes, 0.95, 1.05);
        int atMax = cuts.Zip(cuts.Skip(1), (a, b) => b - a).Count(length => length == shape.MaxBytes);

        // Expected: e^(-3/16) * e^(-27/4), about one in a thousand.
        Assert.True(atMax < cuts.Count / 400, $"{atMax} of {cuts.Count} chunks are cut at the maximum");
    }

    [Fact]
    public void Zeros_are_cut_at_the_maximum()
    {
        foreach (ChunkerParameters shape in s_shapes)
        {
            Assert.Equal(shape.MaxBytes, new GearChunker(shape, s_key).FindCut(new byte[shape.MaxBytes + 5]));
            Assert.Equal(GearChunker.NoCut, new GearChunker(shape, s_key).FindCut(new byte[shape.MaxBytes - 1]));
        }
    }

    [Fact]
    public void Another_key_gives_other_cuts_and_the_same_key_always_the_same()
    {
        byte[] data = new byte[1 << 20];
        new Random(3).NextBytes(data);
        ChunkerParameters shape = new(1024, 4096, 16384);
        List<int> cuts = Cuts(new GearChunker(shape, s_key), data);
        Assert.Equal(cuts, Cuts(new GearChunker(shape, s_key), data));
        Assert.True(cuts.Intersect(Cuts(new GearChunker(shape, new byte[32]), data)).Count() < 10);
    }

    [Fact]
    public void Validation_names_every_limit_that_does_not_fit()
    {
        ArgumentException error = Assert.Throws<ArgumentException>(() => new GearChunker(new ChunkerParameters(63, 1000, 128 << 20), s_key));
        Assert.Contains("MinBytes is 63", error.Message, StringComparison.Ordinal);
        Assert.Contains("AverageBytes is 1000", error.Message, StringComparison.Ordinal);
        Assert.Contains("MaxBytes is 134217728", error.Message, StringComparison.Ordinal);
        ChunkerParameters.Default.Validate();
        Assert.Throws<ArgumentException>(() => new ChunkerParameters(256, 256, 512).Validate());
        Assert.Throws<ArgumentException>(() => new ChunkerParameters(64, 256, 256).Validate());
        Assert.Throws<ArgumentException>(() => new ChunkerParameters(64, -8, 512).Validate());
    }

    private static List<int> Cuts(GearChunker chunker, ReadOnlySpan<byte> data)
    {
        List<int> cuts = [];
        for (int at = 0; at < data.Length;)
        {
            int cut = chunker.FindCut(data[at..]);
            at += cut == GearChunker.NoCut ? data.Length - at : cut;
            cuts.Add(at);
        }

        return cuts;
    }

    /// <summary>Random stretches with runs of one value between them.</summary>
    private static byte[] Content(Random random, int length)
    {
        byte[] data = new byte[length];
        for (int at = 0; at < length;)
        {
            Span<byte> stretch = data.AsSpan(at, Math.Min(length - at, 1 + random.Next(5000)));
            if (random.Next(3) == 0)
            {
                stretch.Fill((byte)random.Next(256));
            }
            else
            {
                random.NextBytes(stretch);
            }

            at += stretch.Length;
        }

        return data;
    }
}
