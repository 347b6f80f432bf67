using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Maintenance;

/// <summary>gc brings what the newest snapshots read back into their reading order, within its budget, and then leaves it alone.</summary>
public sealed class GcReclusterTests : IDisposable
{
    private const int Files = 200;

    private static readonly GcOptions s_unlimited = new() { MaxUnusedPercent = 100, MaxReclusterPercent = 100, Threads = 0 };

    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Scattered_chunks_come_into_reading_order_and_stay()
    {
        (string Name, byte[] Content)[] files = Scatter();
        GcReport first = Collect(s_unlimited);
        Assert.True(first.PacksReclustered > 0);
        Assert.Equal(0, first.PacksPending);
        GcReport second = Collect(s_unlimited);
        Assert.True(second.ReadJumps * 3 < first.ReadJumps, $"{first.ReadJumps} jumps before, {second.ReadJumps} after");

        // Where pieces lie hangs on random names: the first run may leave a pack in which the second sees a few jumps too many.
        Assert.InRange(second.BytesCopied, 0, first.BytesCopied / 20);
        Assert.Equal(0, Collect(s_unlimited).BytesCopied);
        AssertReads(files);
    }

    [Fact]
    public void Several_threads_leave_stretches_too()
    {
        (string Name, byte[] Content)[] files = Scatter();
        GcReport first = Collect(s_unlimited with { Threads = 4 });
        Assert.True(first.PacksReclustered > 0);
        AssertReads(files);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    public void No_more_is_copied_than_allowed(double percent)
    {
        (string Name, byte[] Content)[] files = Scatter();
        GcReport report = Collect(s_unlimited with { MaxReclusterPercent = percent });
        Assert.InRange(report.BytesCopied, 0, report.BytesLive * percent / 100);
        Assert.Equal(percent > 0, report.PacksReclustered > 0);
        AssertReads(files);
    }

    // An older snapshot's order does not count: it is read seldom, and nothing can be in two orders.
    [Fact]
    public void Only_the_newest_snapshot_of_a_series_counts()
    {
        (string Name, byte[] Content)[] files = Scatter();
        using (BackupStore store = _test.Open())
        {
            TestStore.Commit(store, ("new", TestStore.Noise(900, 500)));
        }

        Assert.Equal(0, Collect(s_unlimited).PacksReclustered);
        AssertReads(files);
    }

    [Fact]
    public void A_dry_run_says_what_a_run_does()
    {
        Scatter();
        GcReport dry = Collect(s_unlimited with { DryRun = true });
        GcReport real = Collect(s_unlimited);
        Assert.Equal((dry.PacksReclustered, dry.ReadJumps, dry.BytesCopied), (real.PacksReclustered, real.ReadJumps, real.BytesCopied));
    }

    [Fact]
    public void A_scattered_pack_with_a_damaged_record_stays()
    {
        Scatter();
        string damaged = _test.Files(StoreLayout.Packs).First(file => FirstRecord(file).Kind == ChunkKind.Data);
        byte[] bytes = File.ReadAllBytes(damaged);
        bytes[FirstRecord(damaged).Offset + PackFormat.RecordHeadBytes] ^= 1;
        File.WriteAllBytes(damaged, bytes);
        GcReport report = Collect(s_unlimited);
        Assert.Equal(FindingKind.RecordDamaged, Assert.Single(report.Findings).Kind);
        Assert.True(File.Exists(damaged));
    }

    private RecordHead FirstRecord(string pack)
    {
        using BackupStore store = _test.Open();
        return PackDirectory.Read(store.Disk, store.Guid, new ChunkId(Convert.FromHexString(Path.GetFileNameWithoutExtension(pack))))[0];
    }

    // The first snapshot stores the files in one order, the second, which stays, names them in another.
    private (string Name, byte[] Content)[] Scatter()
    {
        int[] order = [.. Enumerable.Range(0, Files)];
        TestKit.Seeded.Random(5).Shuffle(order);
        (string Name, byte[] Content)[] files = [.. order.Select((turn, number) => ($"f{turn:000}", TestStore.Noise(number, 300)))];
        using BackupStore store = _test.Open();
        SnapshotRecord stored = TestStore.Commit(store, [.. files.Select((file, number) => ($"f{number:000}", file.Content))]);
        TestStore.Commit(store, files);
        store.DeleteSnapshot(stored);
        return files;
    }

    private GcReport Collect(GcOptions options)
    {
        using BackupStore store = _test.Open();
        return GarbageCollector.Run(store, options, CancellationToken.None);
    }

    private void AssertReads((string Name, byte[] Content)[] files)
    {
        using BackupStore store = _test.Open();
        Assert.Empty(StoreVerifier.Run(store, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Findings);
        Dictionary<string, byte[]> read = TestStore.ReadAll(store, store.Snapshots().Records[0]);
        Assert.All(files, file => Assert.Equal(file.Content, read[file.Name]));
    }
}
