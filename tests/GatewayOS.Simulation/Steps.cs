using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Simulation;

/// <summary>The operations a seed's program is made of. Each keeps the truth up to date around the call that makes a promise.</summary>
internal sealed class Steps(World world)
{
    private const int OthersMax = 3;
    private const int SnapshotsMax = 8;

    /// <summary>Times that another process came in between so far.</summary>
    public int Visits { get; set; }

    /// <summary>Reports of progress after which a maintenance job is cancelled.</summary>
    public int CancelAfter { get; set; } = int.MaxValue;

    /// <summary>Chooses the next step.</summary>
    public (string Name, Action Step) Next() => world.Random.Next(100) switch
    {
        < 30 => ("backup", Backup),
        < 40 => ("forget", Forget),
        < 56 => ("gc", Gc),
        < 60 => ("rebuild-index", RebuildIndex),
        < 64 => ("repair", Repair),
        < 68 => ("check", Check),
        < 72 => ("reopen", Reopen),
        < 74 => ("exit", Exit),
        < 88 => ("second writer", SecondWriter),
        _ => ("reader", Reader),
    };

    /// <summary>Chooses what another process does in the middle of main's next step.</summary>
    public (string Name, Action Step) NextVisit() => world.Random.Next(10) switch
    {
        < 3 => ("visitor's backup", VisitorBackup),
        < 5 => ("visitor's forget", VisitorForget),
        < 6 => ("visitor's check", VisitorCheck),
        < 8 => ("second writer", SecondWriter),
        _ => ("reader", Reader),
    };

    public void Create()
    {
        try
        {
            world.Main.Store = BackupStore.Create(world.Main.Disk, world.Options, world.Secret, "first", world.OpenOptions);
        }
        catch (StoreUnusableException)
        {
            // An interrupted init had got as far as the config: then the store must open.
            // Only a writer makes sure that what the interrupted one left behind lasts.
            world.Open(world.Main).OpenWriter(new WriterOptions { Workers = 0, Time = world.Clock }).Dispose();
        }

        world.Truth.StoreExists = true;
    }

    private void Backup()
    {
        world.Trees.Mutate(world.Source);
        using var backup = new TreeBackup(world.OpenMain(), world.NextSnapshot(), Parent(), world.Clock);
        Commit(backup);
    }

    private void VisitorBackup() => AsVisitor(visitor =>
    {
        world.Trees.Mutate(world.Source);
        visitor.Backup = new TreeBackup(world.Open(visitor), world.NextSnapshot(), Parent(), world.Clock);
        Commit(visitor.Backup);
    });

    private void VisitorForget() => AsVisitor(visitor =>
    {
        BackupStore store = world.Open(visitor);
        IReadOnlyList<SnapshotRecord> records = store.Snapshots().Records;
        if (records.Count > 0)
        {
            ForgetOne(store, records[world.Random.Next(records.Count)]);
        }
    });

    private void VisitorCheck() => AsVisitor(visitor => Inspector.CheckReads(world.Open(visitor), world.Truth));

    private void AsVisitor(Action<Actor> visit)
    {
        Actor visitor = world.NewActor("visitor");
        try
        {
            visit(visitor);
        }
        finally
        {
            World.Close(visitor);
        }
    }

    private void Commit(TreeBackup backup)
    {
        world.Truth.Set(backup.Snapshot, SnapshotState.Committing);
        backup.Finish(world.Clock);
        if (world.Truth.Find(backup.Snapshot.Tag)!.Value.State == SnapshotState.Committing)
        {
            // Another process may have seen it and forgotten it already.
            world.Truth.Set(backup.Snapshot, SnapshotState.Acknowledged);
        }

        world.Trace($"committed {backup.Snapshot.Tag}");
    }

    // Sometimes one that was forgotten since: what it needs may be condemned or gone, and must be stored again.
    private KnownSnapshot? Parent() => world.Random.Next(6) switch
    {
        0 or 1 => null,
        2 => world.Truth.In(SnapshotState.Forgotten).LastOrDefault(),
        _ => world.Truth.In(SnapshotState.Acknowledged).LastOrDefault(),
    };

    private void Forget()
    {
        BackupStore store = world.OpenMain();
        IReadOnlyList<SnapshotRecord> records = store.Snapshots().Records;
        int count = records.Count > SnapshotsMax ? records.Count / 2 : Math.Min(records.Count, world.Random.Next(1, 3));
        foreach (SnapshotRecord record in records.OrderBy(_ => world.Random.Next()).Take(count).ToArray())
        {
            ForgetOne(store, record);
        }
    }

    public void ForgetOne(BackupStore store, SnapshotRecord record)
    {
        KnownSnapshot known = world.Truth.Find(record.Draft.Tags[0])!.Value.Snapshot;
        world.Truth.Set(known, SnapshotState.Forgetting);
        store.DeleteSnapshot(record);
        world.Truth.Set(known, SnapshotState.Forgotten);
        world.Trace($"forgot {known.Tag}");
    }

    private void Gc() => Cancelled((progress, cancellation) =>
    {
        var options = new GcOptions
        {
            Threads = 0,
            MaxUnusedPercent = world.Random.Next(3) switch { 0 => 0, 1 => 5, _ => 50 },
            MaxReclusterPercent = world.Random.Next(3) switch { 0 => 0, 1 => 10, _ => 100 },
            Recompress = (Recompression)world.Random.Next(3),
            Progress = progress,
        };
        GcReport report = GarbageCollector.Run(world.OpenMain(), options, cancellation);
        world.Trace($"gc: {report.PacksDeleted} deleted, {report.PacksRewritten} rewritten ({report.PacksReclustered} scattered, {report.BytesRecompressed} bytes recompressed), {report.PacksPending} pending");
        Inspector.Require(report.Findings.Count == 0, () => $"gc found damage in a sound store: {Inspector.Text(report.Findings)}");
    });

    private void RebuildIndex() => Cancelled((progress, cancellation) =>
    {
        RebuildReport report = IndexRebuild.Run(world.OpenMain(), new RebuildOptions { Threads = 0, Progress = progress, PacksPerPart = 3 }, cancellation);
        Inspector.Require(report.Findings.Count == 0, () => $"rebuild-index found damage in a sound store: {Inspector.Text(report.Findings)}");
    });

    private void Repair() => Cancelled((progress, cancellation) =>
    {
        (bool shared, int visits) = (world.Others.Count > 0, Visits);
        try
        {
            RepairReport report = StoreRepair.Run(world.OpenMain(), new RepairOptions { Threads = 0, Progress = progress }, cancellation);
            Inspector.Require(report.Lost.Count == 0 && report.MovedAway.Count == 0, () => $"repair took something away from a sound store: {Inspector.Text(report.Findings)}");
        }
        catch (StoreUnusableException) when (shared || world.Others.Count > 0 || Visits > visits)
        {
            world.Trace("repair refused: others use the store");
        }
    });

    public void Check() => Inspector.Check(world.OpenMain(), world.Truth);

    private void Reopen()
    {
        World.Close(world.Main);
        world.Revive();
        world.OpenMain();
    }

    private void Exit()
    {
        World.Close(world.Main);
        world.Revive();
    }

    // Begins a backup in another process, or goes on with one: whatever main does between is concurrent to it.
    private void SecondWriter()
    {
        Actor? writer = world.Others.Find(actor => actor.Backup is not null && !actor.Busy);
        if (writer is null)
        {
            InNewActor("writer", actor =>
            {
                BackupStore store = world.Open(actor);
                world.Trees.Mutate(world.Source);
                actor.Backup = new TreeBackup(store, world.NextSnapshot(), Parent(), world.Clock);
                actor.Backup.Advance(world.Random.Next(8));
                world.Trace($"{actor.Backup.Snapshot.Tag} begun");
                return true;
            });
            return;
        }

        switch (world.Random.Next(8))
        {
            case 0:
                // Killed without a word.
                world.Others.Remove(writer);
                writer.Process.Kill();
                return;
            case 1:
                world.Others.Remove(writer);
                World.Close(writer);
                return;
            case < 4:
                InActor(writer, () => writer.Backup!.Advance(world.Random.Next(5)), ends: false);
                return;
            default:
                InActor(writer, () => Commit(writer.Backup!), ends: true);
                return;
        }
    }

    // Opens the store in another process with a snapshot in mind and reads it some steps later, forgotten or not.
    private void Reader()
    {
        Actor? reader = world.Others.Find(actor => actor.Reading is not null && !actor.Busy);
        if (reader is null)
        {
            InNewActor("reader", actor =>
            {
                BackupStore store = world.Open(actor);
                SnapshotRecord[] records = store.SessionName is null ? [] : [.. store.Snapshots().Records];
                if (records.Length > 0)
                {
                    // Whoever could take no session, on a disk that was read-only just then, is warned that gc does not wait for it.
                    SnapshotRecord record = records[world.Random.Next(records.Length)];
                    actor.Reading = (record, world.Truth.Find(record.Draft.Tags[0])!.Value.Snapshot);
                }

                return records.Length > 0;
            });
            return;
        }

        InActor(reader, () => ReadLater(reader), ends: true);
    }

    private void ReadLater(Actor reader)
    {
        (SnapshotRecord chosen, KnownSnapshot known) = reader.Reading!.Value;
        using (ChunkReader chunks = reader.Store!.OpenReader())
        {
            Inspector.Require(
                Inspector.ReadsBack(chunks, chosen, known, out string what),
                () => $"an open reader lost snapshot {known.Tag} ({world.Truth.Find(known.Tag)!.Value.State}): {what}");
        }

        if (world.Random.Next(2) == 0)
        {
            Inspector.CheckReads(reader.Store!, world.Truth);
        }
    }

    private void InNewActor(string name, Func<Actor, bool> begin)
    {
        if (world.Others.Count >= OthersMax)
        {
            return;
        }

        Actor actor = world.NewActor(name);
        world.Others.Add(actor);
        bool stays = false;
        InActor(actor, () => stays = begin(actor), ends: false);
        if (!stays)
        {
            End(actor);
        }
    }

    // A process in which something failed is of no more use: it ends.
    private void InActor(Actor actor, Action step, bool ends)
    {
        actor.Busy = true;
        try
        {
            step();
        }
        catch
        {
            End(actor);
            throw;
        }

        actor.Busy = false;
        if (ends)
        {
            End(actor);
        }
    }

    private void End(Actor actor)
    {
        world.Others.Remove(actor);
        World.Close(actor);
    }

    private void Cancelled(Action<IProgress<MaintenanceProgress>, CancellationToken> job)
    {
        using var source = new CancellationTokenSource();
        job(new CancelAfterReports(CancelAfter, source), source.Token);
    }

    private sealed class CancelAfterReports(int reports, CancellationTokenSource source) : IProgress<MaintenanceProgress>
    {
        private int _left = reports;

        public void Report(MaintenanceProgress value)
        {
            if (--_left == 0)
            {
                source.Cancel();
            }
        }
    }
}
