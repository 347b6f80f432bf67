using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>How to verify.</summary>
public sealed record VerifyOptions
{
    /// <summary>Reads every byte of every pack, not only heads and directories.</summary>
    public bool ReadData { get; init; }

    /// <summary>Threads to check packs with.</summary>
    public int Threads { get; init; } = ThreadsDefault;

    /// <summary>One more than processors: some always wait for the disk.</summary>
    public static int ThreadsDefault { get; } = Environment.ProcessorCount + 1;

    /// <summary>Told about progress, on any thread.</summary>
    public IProgress<MaintenanceProgress>? Progress { get; init; }

    /// <summary>Gets what each stage spent its time on.</summary>
    public StageProfile Profile { get; init; } = new();
}

/// <summary>What a verification found.</summary>
public sealed record VerifyReport
{
    /// <summary>Everything found, sorted.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>Paths that damage touches, per snapshot. Empty for a keyless run, which cannot know.</summary>
    public required IReadOnlyList<AffectedPath> Affected { get; init; }

    /// <summary>Snapshots checked.</summary>
    public long SnapshotsChecked { get; init; }

    /// <summary>Packs checked.</summary>
    public long PacksChecked { get; init; }

    /// <summary>Records seen in packs' directories, or read whole with <see cref="VerifyOptions.ReadData"/>.</summary>
    public long ChunksChecked { get; init; }

    /// <summary>Bytes of records read.</summary>
    public long BytesChecked { get; init; }

    /// <summary>True when nothing is damaged.</summary>
    public bool Clean => !Findings.Any(finding => finding.IsDamage);
}

/// <summary>
/// Checks a store without changing it. Structure: config, key slots, snapshots, every pack's directory, every index page, and that all a
/// snapshot reaches is there. With <see cref="VerifyOptions.ReadData"/> every record too. Without a key everything but the decryption and
/// the reach of snapshots.
/// </summary>
public static class StoreVerifier
{
    private const string RepairRemedy = "Run repair: it keeps what is whole and tells what is lost. A backup of the unchanged source stores lost chunks again.";

    private const string IndexRemedy = "Run rebuild-index: the index is made anew from the packs, nothing is lost.";

    /// <summary>Verifies an opened store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops the run with <see cref="OperationCanceledException"/>.</param>
    public static VerifyReport Run(BackupStore store, VerifyOptions options, CancellationToken cancellation) =>
        Survey(store, options, cancellation).Report;

    /// <summary>Verifies without any key what can be verified so: for an auditor of the disk or of a copy.</summary>
    /// <param name="disk">The store's disk.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops the run with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="StoreUnusableException">There is no store.</exception>
    public static VerifyReport RunKeyless(IStoreDisk disk, VerifyOptions options, CancellationToken cancellation)
    {
        byte[] encoded = BackupStore.ReadConfig(disk);
        StoreConfig config = StoreConfig.Decode(encoded, disk.Location);
        var findings = new FindingList();
        StoreFiles.CheckKeySlots(disk, StoreConfig.Binding(encoded), findings);
        var packs = new PackTable();
        long snapshots = StoreFiles.CheckSnapshotsKeyless(disk, config.StoreId, findings);
        StoreFiles.CheckIndexKeyless(disk, config.StoreId, packs, findings);
        PackSurvey survey = PackSurvey.Run(disk, config.StoreId, store: null, options, findings, cancellation);
        StoreFiles.CheckPacksNamed(packs, survey, GonePacks.ReadAll(disk, config.StoreId), findings);
        return survey.ToReport(findings, [], snapshots);
    }

    /// <summary>Verifies, and keeps what a repair needs to know.</summary>
    internal static VerifySurvey Survey(BackupStore store, VerifyOptions options, CancellationToken cancellation)
    {
        var findings = new FindingList();
        StoreFiles.CheckKeySlots(store.Disk, store.Binding, findings);

        // Snapshots first: what a listed snapshot names was durable before it, so an index read afterwards knows all of it.
        SnapshotList snapshots = store.Snapshots();
        store.Reload();
        foreach (DamagedSnapshot damaged in snapshots.Damaged)
        {
            findings.Add(FindingKind.Snapshot, damaged.FileName, damaged.Reason, "The restore point is lost. Run repair to move the file away, or restore it from a copy of the store.");
        }

        using var ahead = new ReachAhead(store, snapshots.Records, options, cancellation);
        PackSurvey packs = PackSurvey.Run(store.Disk, store.Guid, store, options, findings, cancellation);
        StageCounters counters = options.Profile.NewCounters();
        long start = StageCounters.Start();
        CheckIndex(store, findings);
        counters.Busy(Stage.LookUp, ref start);

        if (ahead.Holds(packs) && !findings.Any && packs.NotIndexed == 0)
        {
            return new VerifySurvey(packs.ToReport(findings, [], snapshots.Records.Count), snapshots, packs, new Dictionary<ChunkId, string>());
        }

        // Where the index points to a bad copy or to none, another one, or a whole record in a torn pack, still saves the chunk.
        Dictionary<ChunkId, ChunkLocation> better = findings.Any || packs.NotIndexed > 0 ? packs.BetterCopies() : [];
        using var reach = new ReachCheck(store, packs, findings, better);
        store.ReadFrom(better);
        reach.Walk(snapshots.Records, options, cancellation);
        counters.Busy(Stage.Walk, ref start);
        if (reach.NotIndexed > 0)
        {
            // Chunks that nothing needs may well be in no segment: a merge keeps one entry of those that are stored twice.
            findings.Add(FindingKind.Index, StoreLayout.Index, $"{reach.NotIndexed} chunks that snapshots need are in packs and not in the index", IndexRemedy);
        }

        IReadOnlyList<AffectedPath> affected = reach.Lost.Count == 0 ? [] : AffectedPaths.Find(store, snapshots.Records, reach.Lost, cancellation);
        return new VerifySurvey(packs.ToReport(findings, affected, snapshots.Records.Count), snapshots, packs, reach.Lost);
    }

    private static void CheckIndex(BackupStore store, FindingList findings)
    {
        foreach (string warning in store.Warnings.Where(warning => warning.StartsWith("Index segment", StringComparison.Ordinal)))
        {
            findings.Add(FindingKind.Index, warning.Split(' ')[2], warning, IndexRemedy);
        }

        using IndexLease lease = store.LeaseIndex();
        foreach (IndexSegment segment in lease.Index.Segments)
        {
            if (segment.Check() is { } reason)
            {
                findings.Add(FindingKind.Index, segment.Name, reason, IndexRemedy);
            }
        }
    }

    internal static bool LocateQuietly(BackupStore store, ChunkId id, out ChunkLocation location)
    {
        try
        {
            return store.TryLocateByIndex(id, out location);
        }
        catch (StoreDamagedException)
        {
            location = default;
            return false;
        }
    }

    internal static string Remedy => RepairRemedy;
}

/// <summary>A verification's report with the material behind it.</summary>
internal sealed record VerifySurvey(VerifyReport Report, SnapshotList Snapshots, PackSurvey Packs, IReadOnlyDictionary<ChunkId, string> Lost);
