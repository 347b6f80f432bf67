using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Sealed;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>Vaults that have a part of the store.</summary>
public sealed class VaultTaskTests : IDisposable
{
    private const int DaysOfWhatever = 12;

    private readonly VaultRig _rig = new();
    private readonly SimulatedClock _clock = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));
    private readonly Dictionary<string, string> _kept = [];
    private IReadOnlyList<VaultTask>? _tasks;

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void A_task_takes_by_the_beginnings_of_nodes_and_tags()
    {
        var draft = new SnapshotDraft { Host = "web-1", NodeId = "n-77", Tags = ["daily", "prod-eu"], Sources = [], StartedUtc = default, Root = default };
        Assert.True(Task().Takes(draft) && Task().TakesAll);
        Assert.True(Task(nodes: ["db", "web-"]).Takes(draft));
        Assert.True(Task(nodes: ["n-7"]).Takes(draft));
        Assert.False(Task(nodes: ["eb-1"]).Takes(draft));
        Assert.True(Task(tags: ["prod"]).Takes(draft));
        Assert.False(Task(tags: ["eu"]).Takes(draft));
        Assert.False(Task(nodes: ["web"], tags: ["test"]).Takes(draft));
        Assert.True(Task(nodes: ["web"], tags: ["test", "daily"]).Takes(draft));
        Assert.Equal("node web… or node db… with tag prod…", Task(nodes: ["web", "db"], tags: ["prod"]).ToString());
        Assert.Equal(3, (Task(nodes: [""], tags: [new string('x', 201)]) with { Name = "a b" }).Validate().Count);
    }

    [Fact]
    public void A_part_is_a_store_that_restores_alone()
    {
        _tasks = [Task(nodes: ["web"])];
        Back("db-1", seed: 1);
        Back("web-1", seed: 2);
        Back("web-2", seed: 3);
        VaultSyncReport report = Sync();
        Assert.Equal((true, 2), (report.Complete, report.Snapshots));
        Assert.True(_rig.Packs(_rig.VaultPath).Length < _rig.Packs(_rig.StorePath).Length * 3 / 4);
        Directory.Delete(_rig.StorePath, recursive: true);
        Assert.Equal(2, RequireWhole(restore: true));
    }

    [Fact]
    public void Nothing_of_other_nodes_is_named_in_a_part()
    {
        _tasks = [Task(nodes: ["web"])];
        Back("db-1", seed: 1);
        string[] others = _rig.Packs(_rig.StorePath);
        Back("web-1", seed: 2);
        Sync();
        byte[] index = [.. Directory.GetFiles(Path.Join(_rig.VaultPath, "index")).SelectMany(File.ReadAllBytes)];
        Assert.NotEmpty(index);
        Assert.DoesNotContain(others, pack => index.AsSpan().IndexOf(Convert.FromHexString(Path.GetFileNameWithoutExtension(pack))) >= 0);
    }

    [Fact]
    public void A_chunk_that_stands_twice_is_found_where_the_part_has_it()
    {
        // Two backups at once that know nothing of each other store the same chunks twice.
        _rig.Write(1);
        using (BackupStore first = _rig.OpenStore(), second = _rig.OpenStore())
        {
            Keep(_rig.Backup(first, "db-1"));
            Keep(_rig.Backup(second, "web-1"));
        }

        _tasks = [Task(nodes: ["web"])];
        Sync();
        Assert.Equal(1, RequireWhole(restore: true));

        // gc moves what is needed; the part follows, and lets the old copies go.
        Back("db-1", seed: 2);
        _rig.ForgetAndCollect(records => records.Where(record => record.Draft.Host == "db-1").Take(1));
        _rig.ForgetAndCollect(_ => []);
        Sync();
        Collect(keepDays: 0);
        Assert.Equal(1, RequireWhole(restore: true));
    }

    [Fact]
    public void What_no_task_takes_any_more_goes_after_its_days_and_what_a_task_takes_anew_comes()
    {
        Back("db-1", seed: 1);
        Back("web-1", seed: 2, "daily");
        _tasks = [Task(nodes: ["web"])];
        Sync();
        _tasks = [Task(nodes: ["db"])];
        Assert.Equal(1, Sync().Snapshots);
        Assert.Equal(2, RequireWhole());
        Assert.Equal((0, 1), (Collect(keepDays: 7).Snapshots, Collect(keepDays: 7).SnapshotsWaiting));
        _clock.Advance(TimeSpan.FromDays(8));
        VaultGcReport report = Collect(keepDays: 7);
        Assert.Equal((1, 0), (report.Snapshots, report.SnapshotsWaiting));
        Assert.True(report.Packs > 3, report.ToString());
        Assert.Equal(1, RequireWhole(restore: true));
        _tasks = [Task(nodes: ["db"]), Task(tags: ["dai"])];
        Sync();
        Assert.Equal(2, RequireWhole(restore: true));
    }

    [Fact]
    public void A_part_becomes_the_whole_and_a_part_again()
    {
        Back("db-1", seed: 1);
        Back("web-1", seed: 2);
        _tasks = [Task(nodes: ["web"])];
        Sync();
        _tasks = null;
        Assert.True(Sync().Complete);
        Assert.Equal(2, RequireWhole());
        _tasks = [Task(nodes: ["db"])];
        Sync();
        Assert.Equal(2, RequireWhole());
        Collect(keepDays: 0);
        _clock.Advance(TimeSpan.FromDays(1));
        Collect(keepDays: 0);
        Assert.Equal(1, RequireWhole(restore: true));
    }

    [Fact]
    public void A_paused_task_keeps_what_it_has_put_and_gets_nothing_new()
    {
        _tasks = [Task(nodes: ["web"])];
        Back("web-1", seed: 1);
        Sync();
        _tasks = [Task(nodes: ["web"]) with { Paused = true }];
        Back("web-1", seed: 2);
        Assert.Equal(0, Sync().Snapshots);
        File.Delete(_rig.Packs(_rig.VaultPath)[0]);
        Assert.Equal(1, Sync().Mended);
        _clock.Advance(TimeSpan.FromDays(60));
        Assert.Equal(0, Collect(keepDays: 7).SnapshotsWaiting);
        Assert.Equal(1, RequireWhole(restore: true));
        _tasks = [Task(nodes: ["web"])];
        Assert.Equal(1, Sync().Snapshots);
    }

    [Fact]
    public void Progress_tells_history_from_the_live_tail()
    {
        Back("web-1", seed: 1);
        Back("web-1", seed: 2);
        VaultTask task = Task(nodes: ["web"]) with { Since = TimeProvider.System.GetUtcNow() };
        _tasks = [task];
        SnapshotRecord newest = Back("web-1", seed: 3);
        Back("db-1", seed: 4);
        var options = new VaultSyncOptions { Threads = 2, Scope = Scope() };
        VaultTaskProgress before = Assert.Single(Progress());
        Assert.Equal((2, 0, 1, 0, (DateTimeOffset?)newest.FinishedUtc), (before.History, before.HistoryThere, before.Tail, before.TailThere, before.OldestLacking));
        _rig.Sync(options: options);
        VaultTaskProgress after = Assert.Single(options.Progress.Tasks);
        Assert.Equal((2, 1, 0, (DateTimeOffset?)null), (after.HistoryThere, after.TailThere, after.Left, after.OldestLacking));
        Assert.Equal(after, Assert.Single(Progress()));
    }

    [Fact]
    public void What_cannot_be_read_in_the_store_stops_the_commit_and_the_collection()
    {
        _tasks = [Task(nodes: ["web"])];
        Back("web-1", seed: 1);
        Sync();
        Back("web-1", seed: 2);
        foreach (string record in Directory.GetFiles(Path.Join(_rig.StorePath, "snapshots")))
        {
            if (!File.Exists(Path.Join(_rig.VaultPath, "snapshots", Path.GetFileName(record))))
            {
                VaultRig.Rot(record);
            }
        }

        VaultSyncReport report = Sync();
        Assert.True(report is { StoreDamaged: true, Snapshots: 0 }, string.Join('\n', report.Findings));
        Assert.Contains("damaged", Assert.Throws<StoreUnusableException>(() => Collect(keepDays: 0)).Message, StringComparison.Ordinal);
        Assert.Equal(1, RequireWhole(restore: true));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_comes_the_vault_restores_every_snapshot_it_shows(int seed)
    {
        var random = new Random(seed);
        _tasks = [Task(nodes: ["a"])];
        Sync();
        for (int day = 0; day < DaysOfWhatever; day++)
        {
            _clock.Advance(TimeSpan.FromDays(1));
            switch (random.Next(8))
            {
                case 0:
                    _rig.ForgetAndCollect(records => records.Where(_ => random.Next(3) == 0));
                    _rig.ForgetAndCollect(_ => []);
                    break;
                case 1:
                    _tasks = random.Next(5) switch
                    {
                        0 => null,
                        1 => [],
                        2 => [Task(nodes: ["a"]), Task(tags: ["t1"])],
                        3 => [Task(nodes: ["b"]) with { Paused = true }, Task(nodes: ["c"])],
                        _ => [Task(nodes: [random.Next(2) == 0 ? "a" : "b"], tags: random.Next(2) == 0 ? ["t"] : [])],
                    };
                    break;
                case 2:
                    _rig.Ledger = VaultLedger.InMemory();
                    break;
                case 3:
                    File.Delete(Path.Join(_rig["state"], "scope"));
                    break;
                default:
                    Mix(random, day);
                    break;
            }

            if (random.Next(5) > 0)
            {
                Assert.True(Sync(refill: true).Complete);
                Collect(keepDays: random.Next(5));
            }

            RequireWhole();
        }

        Sync(refill: true);
        RequireWhole(restore: true);
    }

    // Nodes share files, so their snapshots share packs.
    private void Mix(Random random, int day)
    {
        Shell.Run($"mkdir -p '{_rig.Source}' && rm -rf '{_rig.Source}'/*");
        for (int i = 0; i < 3; i++)
        {
            _rig.Write(random.Next(day + 2), files: 2, bytes: 8000);
        }

        Keep(_rig.Backup($"{"abc"[random.Next(3)]}-{random.Next(2)}", random.Next(3) switch { 0 => ["t1"], 1 => ["t2", "x"], _ => [] }));
    }

    private SnapshotRecord Back(string host, int seed, params string[] tags)
    {
        Shell.Run($"mkdir -p '{_rig.Source}' && rm -rf '{_rig.Source}'/*");
        _rig.Write(seed);
        return Keep(_rig.Backup(host, tags));
    }

    private SnapshotRecord Keep(SnapshotRecord snapshot)
    {
        _kept[snapshot.Id] = _rig[$"kept/{snapshot.Id}"];
        Shell.Run($"mkdir -p '{_rig["kept"]}' && cp -a '{_rig.Source}' '{_kept[snapshot.Id]}'");
        return snapshot;
    }

    // Everything that is wrong with the vault, with the key and without; returns how many snapshots it shows.
    private int RequireWhole(bool restore = false)
    {
        Assert.Empty(VaultRig.Faults(_rig.Medium, out int snapshots));
        Assert.Empty(StoreVerifier.RunKeyless(VaultRig.Open(_rig.Medium), new VerifyOptions { ReadData = true }, CancellationToken.None).Findings);
        if (restore)
        {
            using BackupStore vault = BackupStore.Open(VaultRig.Open(_rig.Medium), VaultRig.Secret, new OpenOptions());
            Assert.All(vault.Snapshots().Records, record => Assert.Equal("", _rig.DifferencesAfterRestore(vault, record, _kept[record.Id])));
        }

        return snapshots;
    }

    private VaultSyncReport Sync(bool refill = false) => _rig.Sync(options: new VaultSyncOptions { Threads = 2, Scope = Scope(), Refill = refill, Time = _clock });

    private VaultGcReport Collect(int keepDays)
    {
        using SealedStore store = SealedStore.Open(_rig.Disk, "vault gc", TimeProvider.System);
        return VaultGc.Run(store, _rig.Medium, _rig.Ledger, new VaultGcOptions { KeepDays = keepDays, Time = _clock, Scope = Scope() }, CancellationToken.None);
    }

    private IReadOnlyList<VaultTaskProgress> Progress()
    {
        using SealedStore store = SealedStore.Open(_rig.Disk, "status", TimeProvider.System);
        return VaultBacklog.Measure(store, VaultRig.Open(_rig.Medium).Listing, _rig.Ledger, Scope(), _clock, CancellationToken.None).Tasks;
    }

    private VaultScope Scope() => _tasks is null ? VaultScope.Everything : VaultScope.Of(_tasks, () => _rig.OpenStore("vault"), new VaultScopeNote(new StateDirectory(_rig["state"]), "scope"));

    private static VaultTask Task(string[]? nodes = null, string[]? tags = null) => new() { Name = "task", Nodes = nodes ?? [], Tags = tags ?? [] };
}
