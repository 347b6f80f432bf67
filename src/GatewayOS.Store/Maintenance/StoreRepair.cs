using GatewayOS.Store.Index;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Maintenance;

/// <summary>How to repair.</summary>
public sealed record RepairOptions
{
    /// <summary>Only tells what would be done.</summary>
    public bool DryRun { get; init; }

    /// <summary>Threads to read packs with; 0 works in a fixed order.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Told about progress, on any thread.</summary>
    public IProgress<MaintenanceProgress>? Progress { get; init; }
}

/// <summary>What a repair did.</summary>
public sealed record RepairReport
{
    /// <summary>What was wrong.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>What is lost, per snapshot and path. The snapshot IDs are those before the repair.</summary>
    public required IReadOnlyList<AffectedPath> Lost { get; init; }

    /// <summary>Snapshots replaced by mended ones: old ID and new ID.</summary>
    public required IReadOnlyList<(string OldId, string NewId)> SnapshotsMended { get; init; }

    /// <summary>Files moved to <c>damaged/</c>.</summary>
    public required IReadOnlyList<string> MovedAway { get; init; }

    /// <summary>Records copied out of damaged packs.</summary>
    public long RecordsSaved { get; init; }
}

/// <summary>
/// Makes a damaged store whole again, without what is lost: copies every good record out of damaged packs, moves those packs to
/// <c>damaged/</c>, and replaces each snapshot that lost something by one in which the lost stretches are marked. Needs the store for itself.
/// </summary>
public static class StoreRepair
{
    private const int SurveysMax = 4;

    /// <summary>Repairs a store.</summary>
    /// <param name="store">The store.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellation">Stops the run; what is done stays done, and running it again finishes the work.</param>
    /// <exception cref="StoreUnusableException">Somebody else uses the store.</exception>
    public static RepairReport Run(BackupStore store, RepairOptions options, CancellationToken cancellation)
    {
        using IStoreLock held = MaintenanceLock.Take(store, "repair");
        if (MaintenanceLock.Others(store) is { Count: > 0 } others)
        {
            throw new StoreUnusableException($"Cannot repair {store.Location} while it is in use by: {string.Join("; ", others)}. Try again when they have ended.");
        }

        if (!options.DryRun)
        {
            IndexRebuild.RunLocked(store, new RebuildOptions { Threads = options.Threads, Progress = options.Progress }, cancellation);
        }

        return new RepairRun(store, options, SurveyTwice(store, options, cancellation), cancellation).Run();
    }

    // A device that fails for a moment makes sound things look damaged. What is moved away has looked the same twice.
    private static VerifySurvey SurveyTwice(BackupStore store, RepairOptions options, CancellationToken cancellation)
    {
        var verify = new VerifyOptions { ReadData = true, Threads = options.Threads, Progress = options.Progress };
        VerifySurvey survey = StoreVerifier.Survey(store, verify, cancellation);
        for (int attempt = 1; attempt < SurveysMax && !survey.Report.Clean; attempt++)
        {
            VerifySurvey again = StoreVerifier.Survey(store, verify, cancellation);
            if (again.Report.Findings.SequenceEqual(survey.Report.Findings))
            {
                return again;
            }

            survey = again;
        }

        return survey.Report.Clean
            ? survey
            : throw new StoreIoException(
                StoreIoFailure.Device,
                store.Location,
                $"Cannot repair {store.Location}: it reads differently each time. Look at the kernel's log and mend the disk or its cabling first.");
    }
}

/// <summary>One repair, step by step.</summary>
internal sealed class RepairRun(BackupStore store, RepairOptions options, VerifySurvey survey, CancellationToken cancellation)
{
    private readonly List<string> _moved = [];
    private readonly List<(string OldId, string NewId)> _mended = [];
    private long _saved;

    public RepairReport Run()
    {
        HashSet<ChunkId> damaged = [.. survey.Packs.Torn.Keys, .. survey.Packs.BadRecords.Keys.Select(place => place.Pack)];
        if (!options.DryRun)
        {
            // 1 Copies of all that is whole are durable before 2 any pack moves, and 3 a mended snapshot before its damaged one moves.
            SaveRecords(damaged);
            MovePacks(damaged);
            MendSnapshots();
            MoveSnapshots();
        }

        return new RepairReport
        {
            Findings = survey.Report.Findings,
            Lost = survey.Report.Affected,
            SnapshotsMended = _mended,
            MovedAway = _moved,
            RecordsSaved = _saved,
        };
    }

    private void SaveRecords(HashSet<ChunkId> damaged)
    {
        if (damaged.Count == 0)
        {
            return;
        }

        using var writer = store.OpenWriter(new WriterOptions { Workers = options.Threads == 0 ? 0 : 1, Time = store.Options.Time, MergesIndex = false });
        WritePath path = writer.OpenPath();
        using var decoder = new RecordDecoder(store.Keys.Naming);
        var window = new ReadWindow();
        foreach (ChunkId pack in damaged.Order())
        {
            SavePack(pack, path, decoder, window);
        }

        writer.Flush();
    }

    private void SavePack(ChunkId pack, WritePath path, RecordDecoder decoder, ReadWindow window)
    {
        IReadOnlyCollection<RecordHead> records = survey.Packs.Torn.TryGetValue(pack, out IReadOnlyDictionary<uint, RecordHead>? torn)
            ? [.. torn.Values]
            : PackDirectory.Read(store.Disk, store.Guid, pack);
        if (records.Count == 0)
        {
            return;
        }

        using IStoreFile file = store.Disk.OpenRead(StoreLayout.PackPath(pack));
        PackKey key = PackCheck.PackKeyOf(file, store.Keys);
        foreach (RecordHead record in records.Where(record => survey.Packs.IsGood(new RecordPlace(pack, record.Offset))))
        {
            cancellation.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> bytes = window.Read(file, file, record.Offset, (int)record.TotalBytes);
            if (bytes.Length == record.TotalBytes && decoder.Decode(key, record, bytes, out ReadOnlySpan<byte> plain) is null)
            {
                path.Store(record.Kind, plain, copy: true);
                _saved++;
            }
        }
    }

    private void MovePacks(HashSet<ChunkId> damaged)
    {
        foreach (ChunkId pack in damaged.Order())
        {
            string name = pack + StoreLayout.PackSuffix;
            store.Disk.Rename(StoreLayout.PackPath(pack), $"{StoreLayout.Damaged}/{name}");
            store.Disk.SyncDirectory(StoreLayout.Damaged);
            store.Disk.SyncDirectory(StoreLayout.PackShard(pack));
            _moved.Add(name);
            if (store.Packs.TryFind(pack, out int number))
            {
                store.Packs.SetState(number, PackState.Unusable);
            }
        }

        // Made anew and not only trimmed: the entry that names a pack moved away may have stood for another, whole copy of the chunk too.
        if (damaged.Count > 0 || survey.Report.Findings.Any(finding => finding.Kind is FindingKind.Index or FindingKind.PackMissing))
        {
            IndexRebuild.RunLocked(store, new RebuildOptions { Threads = options.Threads, Progress = options.Progress }, cancellation);
        }
    }

    private void MendSnapshots()
    {
        if (survey.Lost.Count == 0)
        {
            return;
        }

        using var writer = store.OpenWriter(new WriterOptions { Workers = 0, Time = store.Options.Time });
        using ChunkReader reader = store.OpenReader();
        var walk = new LossWalk(reader, survey.Lost, writer.OpenSink());
        var drafts = new List<(SnapshotRecord Old, SnapshotDraft New)>();
        foreach (SnapshotRecord snapshot in survey.Snapshots.Records)
        {
            MendedDirectory root = walk.Walk(snapshot, cancellation);
            if (root.Changed)
            {
                drafts.Add((snapshot, Mended(snapshot, root)));
            }
        }

        writer.Flush();
        foreach ((SnapshotRecord old, SnapshotDraft draft) in drafts)
        {
            SnapshotRecord mended = store.WriteSnapshot(draft, old.FinishedUtc);
            store.InheritLock(old.Id, mended.Id);
            _mended.Add((old.Id, mended.Id));
            MoveAway(StoreLayout.Snapshots, old.Id + StoreLayout.SnapshotSuffix);
        }
    }

    private static SnapshotDraft Mended(SnapshotRecord old, MendedDirectory root) => old.Draft with
    {
        Root = root.Content,
        Repaired = old.Id,
        Problems = [.. old.Draft.Problems, .. root.Losses.Select(loss => new SnapshotProblem(loss.Text, $"damaged in the store: {loss.Reason}"))],
        ProblemCount = old.Draft.ProblemCount + root.Losses.Count,
    };

    private void MoveSnapshots()
    {
        foreach (DamagedSnapshot file in survey.Snapshots.Damaged)
        {
            MoveAway(StoreLayout.Snapshots, file.FileName);
        }
    }

    private void MoveAway(string directory, string name)
    {
        store.Disk.Rename($"{directory}/{name}", $"{StoreLayout.Damaged}/{name}");
        store.Disk.SyncDirectory(StoreLayout.Damaged);
        store.Disk.SyncDirectory(directory);
        _moved.Add(name);
    }
}
