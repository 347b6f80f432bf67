using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Simulation;

/// <summary>
/// Damages stored bytes and holds the store to what it promises then: nothing reads wrong, what is untouched reads, verify names the damaged
/// file or the damage is harmless, repair keeps all that verify called unaffected, and afterwards verify is clean.
/// </summary>
internal sealed class MediaPhase(World world, List<string> struck)
{
    private const int BitsMax = 3;

    /// <summary>Flips bits of a stored file.</summary>
    public void FlipBits()
    {
        string[] files = [.. world.Disk.Files().Where(path => !path.StartsWith("locks/", StringComparison.Ordinal) && world.Disk.ReadAll(path).Length > 0)];
        string victim = files[world.Random.Next(files.Length)];
        byte[] before = world.Disk.ReadAll(victim);
        int bits = world.Random.Next(1, BitsMax + 1);
        for (int i = 0; i < bits; i++)
        {
            world.Disk.FlipBit(victim, world.Random.NextInt64(before.Length * 8L));
        }

        struck.Add($"BitRot@{victim}");
        world.Trace($"flipped {bits} bits of {victim}");
        World.Close(world.Main);
        world.Revive();
        Run();
    }

    /// <summary>Checks a store some of whose bytes are not what was written; <see cref="SimulatedDisk.DamagedFiles"/> tells which.</summary>
    public void Run()
    {
        HashSet<string> touched = [.. world.Disk.DamagedFiles()];
        world.Trace($"damaged: {string.Join(' ', touched)}");
        if (touched.Any(IsNeededToOpen))
        {
            ExpectLocked();
            return;
        }

        BackupStore store = world.OpenMain();
        VerifyReport report = StoreVerifier.Run(store, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None);
        world.Trace($"verify: {report.Findings.Count} findings, {report.Affected.Count} paths affected");
        CheckNames(report, touched);
        HashSet<string> sound = CheckReads(store, report);
        Repair(store, sound, report);
    }

    private static bool IsNeededToOpen(string path) => path == "config.json" || path.StartsWith("keys/", StringComparison.Ordinal);

    // Config and key slots can only be restored from a copy; the message must say so instead of failing somewhere.
    private void ExpectLocked()
    {
        try
        {
            world.OpenMain();
        }
        catch (StoreUnusableException error)
        {
            world.Trace(error.Message);
        }
    }

    // A finding is about a damaged file, or about a chunk or the index, whose trouble follows from one.
    private void CheckNames(VerifyReport report, HashSet<string> touched)
    {
        foreach (Finding finding in report.Findings.Where(finding => finding.IsDamage))
        {
            bool follows = finding.Kind is FindingKind.ChunkMissing or FindingKind.TreeDamaged or FindingKind.Index;
            Inspector.Require(
                follows || touched.Any(path => path.EndsWith(finding.Object, StringComparison.Ordinal)),
                () => $"verify blames {finding.Object} ({finding.Detail}), and damaged is {string.Join(", ", touched)}");
        }
    }

    private HashSet<string> CheckReads(BackupStore store, VerifyReport report)
    {
        var sound = new HashSet<string>(StringComparer.Ordinal);
        HashSet<string> affected = [.. report.Affected.Select(path => path.SnapshotId)];
        SnapshotList list = store.Snapshots();
        using ChunkReader reader = store.OpenReader();
        foreach (SnapshotRecord record in list.Records)
        {
            if (record.Draft.Repaired is not null)
            {
                // The program's own repair step met the damage first; what it lost is listed in the snapshot.
                continue;
            }

            KnownSnapshot known = world.Truth.Find(record.Draft.Tags[0])!.Value.Snapshot;
            bool reads = Inspector.ReadsBack(reader, record, known, out string what);
            Inspector.Require(reads || !report.Clean, () => $"snapshot {known.Tag} does not read ({what}) and verify is clean");
            if (!affected.Contains(record.Id))
            {
                sound.Add(known.Tag);
            }
        }

        int acknowledged = world.Truth.In(SnapshotState.Acknowledged).Count();
        int movedAway = world.Disk.Files().Count(path => path.StartsWith("damaged/", StringComparison.Ordinal) && path.EndsWith(".snap", StringComparison.Ordinal));
        Inspector.Require(
            list.Records.Count + list.Damaged.Count + movedAway >= acknowledged,
            () => $"{acknowledged} snapshots were acknowledged, {list.Records.Count} are readable and {list.Damaged.Count} damaged");
        Inspector.Require(list.Damaged.Count == 0 || !report.Clean, () => "a snapshot's record is damaged and verify is clean");
        return sound;
    }

    private static bool Covers(string known, string path) => path == known || path.StartsWith(known.TrimEnd('/') + "/", StringComparison.Ordinal);

    private static string Text(IReadOnlyList<AffectedPath> paths) => string.Join(", ", paths.Select(path => $"{path.SnapshotId[..6]}:{path.Path} ({path.Reason})"));

    private void Repair(BackupStore store, HashSet<string> sound, VerifyReport before)
    {
        RepairReport repair = StoreRepair.Run(store, new RepairOptions { Threads = 0 }, CancellationToken.None);
        world.Trace($"repair: {repair.MovedAway.Count} moved, {repair.RecordsSaved} saved, {repair.Lost.Count} paths lost");
        World.Close(world.Main);
        world.Revive();
        store = world.OpenMain();
        VerifyReport after = StoreVerifier.Run(store, new VerifyOptions { ReadData = true, Threads = 0 }, CancellationToken.None);
        Inspector.Require(after.Clean, () => $"after repair verify finds {Inspector.Text(after.Findings)} (before: {Inspector.Text(before.Findings)})");

        // Less is fine: what an interrupted backup left in tmp may hold a copy, which repair takes in. When that is a directory's, only what
        // is below it may still be lost.
        Inspector.Require(
            repair.Lost.All(path => before.Affected.Any(known => known.SnapshotId == path.SnapshotId && Covers(known.Path, path.Path))),
            () => $"repair says that {Text(repair.Lost)} are lost, verify had said {Text(before.Affected)}");
        var left = new HashSet<string>(sound, StringComparer.Ordinal);
        using ChunkReader reader = store.OpenReader();
        foreach (SnapshotRecord record in store.Snapshots().Records)
        {
            string tag = record.Draft.Tags[0];
            if (left.Remove(tag))
            {
                KnownSnapshot known = world.Truth.Find(tag)!.Value.Snapshot;
                Inspector.Require(Inspector.ReadsBack(reader, record, known, out string what), () => $"snapshot {tag} was not affected and does not read after repair: {what}");
            }
        }

        Inspector.Require(left.Count == 0, () => $"snapshots {string.Join(' ', left)} were not affected and are gone after repair");
    }
}
