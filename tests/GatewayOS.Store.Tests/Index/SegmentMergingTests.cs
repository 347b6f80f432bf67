using GatewayOS.Store.Index;
using GatewayOS.TestKit;

namespace GatewayOS.Store.Tests.Index;

public sealed class SegmentMergingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_number_of_segments_stays_within_its_bound_and_each_entry_is_written_a_few_times(int seed)
    {
        const int Commits = 20_000;
        Random random = Seeded.Random(seed);
        var sizes = new List<long>();
        double written = 0, total = 0;
        for (int commit = 0; commit < Commits; commit++)
        {
            // From a changed file to a new machine.
            long added = (long)Math.Pow(10, random.NextDouble() * 6);
            int merged = SegmentMerging.Choose(sizes, added);
            long size = added + sizes.Take(merged).Sum();
            sizes.RemoveRange(0, merged);
            sizes.Add(size);
            sizes.Sort();
            (written, total) = (written + size, total + added);
            Assert.True(sizes.Count <= SegmentMerging.SegmentsMax((long)total), $"{sizes.Count} segments of {total} entries after {commit} commits");
        }

        Assert.InRange(written / total, 1, 20);
    }
}
