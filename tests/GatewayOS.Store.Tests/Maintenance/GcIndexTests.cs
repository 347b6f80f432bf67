using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Maintenance;

/// <summary>What gc does to the index: little, when it frees little.</summary>
public sealed class GcIndexTests : IDisposable
{
    private static readonly GcOptions s_lazy = new() { Threads = 0, MaxUnusedPercent = 100 };

    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void A_segment_of_which_little_is_gone_is_left_alone()
    {
        SnapshotRecord kept = FillAndForget(forgottenBytes: 6000, keptBytes: 1_000_000);
        string segment = Assert.Single(_test.Files("index"));
        byte[] before = File.ReadAllBytes(segment);
        Assert.True(Collect().PacksDeleted > 0);
        Assert.Equal(before, File.ReadAllBytes(segment));
        Assert.Single(_test.Files("index"), path => path.EndsWith(StoreLayout.GoneSuffix, StringComparison.Ordinal));
        AssertWhole(kept);
    }

    [Fact]
    public void A_segment_of_which_much_is_gone_is_written_anew()
    {
        SnapshotRecord kept = FillAndForget(forgottenBytes: 100_000, keptBytes: 100_000);
        string segment = Assert.Single(_test.Files("index"));
        Assert.True(Collect().PacksDeleted > 0);
        Assert.False(File.Exists(segment));
        Assert.DoesNotContain(_test.Files("index"), path => path.EndsWith(StoreLayout.GoneSuffix, StringComparison.Ordinal));
        AssertWhole(kept);
    }

    // Without a key nothing else tells a pack that gc deleted from one that was lost.
    [Fact]
    public void A_check_without_the_key_still_misses_packs_that_gc_did_not_delete()
    {
        FillAndForget(forgottenBytes: 6000, keptBytes: 1_000_000);
        Collect();
        string lost = _test.Files("packs")[0];
        File.Delete(lost);
        Finding finding = Assert.Single(Keyless().Findings);
        Assert.Equal((FindingKind.PackMissing, Path.GetFileName(lost)), (finding.Kind, finding.Object));
    }

    private GcReport Collect()
    {
        using BackupStore store = _test.Open();
        return GarbageCollector.Run(store, s_lazy, CancellationToken.None);
    }

    // Both snapshots' packs stand in one segment.
    private SnapshotRecord FillAndForget(int forgottenBytes, int keptBytes)
    {
        using BackupStore store = _test.Open();
        SnapshotRecord forgotten = TestStore.Commit(store, ("forgotten", TestStore.Noise(1, forgottenBytes)));
        SnapshotRecord kept = TestStore.Commit(store, ("kept", TestStore.Noise(2, keptBytes)));
        IndexRebuild.Run(store, new RebuildOptions { Threads = 0 }, CancellationToken.None);
        store.DeleteSnapshot(forgotten);
        return kept;
    }

    private VerifyReport Keyless() => StoreVerifier.RunKeyless(_test.Posix, new VerifyOptions { Threads = 0 }, CancellationToken.None);

    private void AssertWhole(SnapshotRecord snapshot)
    {
        Assert.Empty(Keyless().Findings);
        using BackupStore store = _test.Open();
        Assert.Empty(StoreVerifier.Run(store, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None).Findings);
        TestStore.ReadAll(store, snapshot);
    }
}
