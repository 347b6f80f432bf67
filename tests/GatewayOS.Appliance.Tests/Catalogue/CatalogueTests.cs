using GatewayOS.Appliance.Catalogue;
using GatewayOS.Backup.Files;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Catalogue;

/// <summary>The catalogue beside a real store: whatever happens to snapshots, it holds what one made anew would hold.</summary>
public sealed class CatalogueTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("catalogue");
    private readonly BackupStore _store;
    private SnapshotCatalogue _catalogue;

    public CatalogueTests()
    {
        Directory.CreateDirectory(_scratch["source"]);
        _store = BackupStore.Create(new PosixDisk(_scratch["store"]), new StoreOptions(), new StoreSecret.Passphrase("for tests only"), "test", new OpenOptions(), new KdfCost(8, 1, 1));
        _catalogue = Open("catalogue");
    }

    public void Dispose()
    {
        _catalogue.Dispose();
        _store.Dispose();
        _scratch.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void What_grew_with_the_store_equals_what_is_made_anew(int seed)
    {
        var random = new Random(seed);
        var snapshots = new List<SnapshotRecord>();
        for (int step = 0; step < 14; step++)
        {
            for (int change = random.Next(4); change >= 0; change--)
            {
                Change(random);
            }

            snapshots.Add(Backup());
            Feed();
            if (snapshots.Count > 2 && random.Next(3) > 0)
            {
                // Any one, the newest included.
                SnapshotRecord gone = snapshots[random.Next(snapshots.Count)];
                snapshots.Remove(gone);
                _store.DeleteSnapshot(gone);
                if (random.Next(2) == 0)
                {
                    Feed();
                }
            }

            if (random.Next(4) == 0)
            {
                _catalogue.Dispose();
                _catalogue = Open("catalogue");
            }
        }

        Feed();
        using SnapshotCatalogue anew = Open("anew");
        Feed(anew);
        Assert.Equal(Dump(anew), Dump(_catalogue));
        Assert.Equal(snapshots.Count, _catalogue.SnapshotIds.Count);
    }

    [Fact]
    public void Versions_of_a_file_are_found_with_the_snapshots_that_have_them()
    {
        SnapshotRecord first = Write("doc/Report.txt", "one");
        Write("doc/other", "x");
        SnapshotRecord third = Write("doc/Report.txt", "three");
        Feed();
        CatalogueHit[] hits = [.. Find("report")];
        Assert.Equal(2, hits.Length);
        Assert.Equal((first.Id, 2L, 3L, false), (hits[0].FirstSnapshot, hits[0].Snapshots, hits[0].SizeBytes, hits[0].IsCurrent));
        Assert.Equal((third.Id, third.Id, 1L, 5L, true), (hits[1].FirstSnapshot, hits[1].LastSnapshot, hits[1].Snapshots, hits[1].SizeBytes, hits[1].IsCurrent));
        Assert.Equal($"{_scratch["source"]}/doc/Report.txt", hits[0].Path);
    }

    [Fact]
    public void The_versions_of_one_path_are_listed_newest_first_and_no_others()
    {
        SnapshotRecord first = Write("doc/a*b.txt", "one");
        SnapshotRecord second = Write("doc/a*b.txt", "three");
        Write("doc/aXb.txt", "x");
        Write("a*b.txt", "x");
        Feed();
        using CatalogueReader reader = _catalogue.OpenReader();
        CatalogueResult result = reader.Versions("host:test-node", _scratch["source/doc/a*b.txt"], 10, pendingSnapshots: 7);
        Assert.Equal([second.Id, first.Id], result.Hits.Select(hit => hit.FirstSnapshot));
        Assert.Equal([true, false], result.Hits.Select(hit => hit.IsCurrent));
        Assert.Equal((7, false), (result.PendingSnapshots, result.IsTruncated));
        Assert.True(reader.Versions("host:test-node", _scratch["source/doc/a*b.txt"], 1, 0).IsTruncated);
        Assert.Single(reader.Versions("host:test-node", _scratch["source/doc/"], 10, 0).Hits);
        Assert.Empty(reader.Versions("other", _scratch["source/doc/a*b.txt"], 10, 0).Hits);
        Assert.Empty(reader.Versions("host:test-node", _scratch["source/nowhere/a*b.txt"], 10, 0).Hits);
        Assert.Empty(reader.Versions("host:test-node", "/", 10, 0).Hits);
    }

    [Fact]
    public void Patterns_are_parts_of_names_globs_or_paths()
    {
        Directory.CreateDirectory(_scratch["source/etc/app.d"]);
        Write("etc/app.d/main.conf", "1");
        Write("etc/APP.CONF", "1");
        Write("etc/a\"b", "1");
        Write("etc/größe", "1");
        Feed();
        Assert.Equal(["APP.CONF", "app.d"], Names("app"));
        Assert.Equal(["APP.CONF", "main.conf"], Names("*.conf"));
        Assert.Equal(["main.conf"], Names("m??n.conf"));
        Assert.Equal(["main.conf"], Names("app.d/*.conf"));
        Assert.Equal(["APP.CONF"], Names($"{_scratch["source"]}/etc/*.conf"));
        Assert.Equal(["APP.CONF", "main.conf"], Names($"{_scratch["source"]}/**/*.conf"));
        Assert.Equal(["a\"b"], Names("a\"b"));
        Assert.Equal(["größe"], Names("GRÖSSE".Replace("SS", "ß", StringComparison.Ordinal)));
        Assert.Empty(Names("nowhere"));
        Assert.Contains("a\"b", Names("a?b"));
    }

    [Fact]
    public void Names_that_are_no_text_are_found_as_they_are_listed()
    {
        Shell.Run($"cd '{_scratch["source"]}' && printf x > \"$(printf 'odd\\377na\\nme')\"");
        Backup();
        Feed();
        Assert.Equal([@"odd\xffna\x0ame"], Names(@"odd\xff"));
        Assert.Equal([@"odd\xffna\x0ame"], Names("odd"));
    }

    [Fact]
    public void What_only_a_forgotten_snapshot_had_is_found_no_more()
    {
        SnapshotRecord first = Write("secret-plan", "x");
        File.Delete(_scratch["source/secret-plan"]);
        Write("other", "x");
        Feed();
        Assert.Single(Find("secret-plan"));
        _store.DeleteSnapshot(first);
        Feed();
        Assert.Empty(Find("secret-plan"));
    }

    [Fact]
    public void A_damaged_or_foreign_file_is_made_anew()
    {
        Write("some-file", "x");
        Feed();
        IReadOnlyList<string> before = Dump(_catalogue);
        _catalogue.Dispose();
        File.WriteAllText(_scratch["catalogue.db"], "this is no database, and long enough to be taken for one that is damaged".PadRight(4096));
        _catalogue = Open("catalogue");
        Assert.Empty(_catalogue.SnapshotIds);
        Feed();
        Assert.Equal(before, Dump(_catalogue));
        _catalogue.Dispose();
        _catalogue = new SnapshotCatalogue(_scratch["catalogue.db"], "another store");
        Assert.Empty(_catalogue.SnapshotIds);
    }

    [Fact]
    public void An_interrupted_addition_leaves_nothing_behind()
    {
        SnapshotRecord record = Write("file", "x");
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => CatalogueFeed.Reconcile(_catalogue, _store, _ => { }, Assert.Fail, cancelled.Token));
        Assert.DoesNotContain(record.Id, _catalogue.SnapshotIds);
        Assert.Empty(Dump(_catalogue));
    }

    [Fact]
    public void Lists_show_nodes_and_pages_of_snapshots()
    {
        Write("a", "1");
        SnapshotRecord second = Write("b", "1");
        Feed();
        using CatalogueReader reader = _catalogue.OpenReader();
        CatalogueNode node = Assert.Single(reader.Nodes());
        Assert.Equal((2, second.Draft.Counts.Files), (node.Snapshots, node.LastFiles));
        CatalogueSnapshot newest = Assert.Single(reader.Snapshots(nodeId: null, before: null, 1));
        Assert.Equal(second.Id, newest.Id);
        Assert.Single(reader.Snapshots(node.NodeId, newest.Finished, 10));
    }

    private SnapshotCatalogue Open(string name) => new(_scratch[$"{name}.db"], _store.StoreId);

    private void Feed() => Feed(_catalogue);

    private void Feed(SnapshotCatalogue catalogue) => CatalogueFeed.Reconcile(catalogue, _store, _ => { }, Assert.Fail, CancellationToken.None);

    private static IReadOnlyList<string> Dump(SnapshotCatalogue catalogue)
    {
        using CatalogueReader reader = catalogue.OpenReader();
        return reader.Dump();
    }

    private IReadOnlyList<CatalogueHit> Find(string pattern)
    {
        using CatalogueReader reader = _catalogue.OpenReader();
        return reader.Find(new CatalogueQuery { Pattern = pattern }, 0, CancellationToken.None).Hits;
    }

    private string[] Names(string pattern) => [.. Find(pattern).Select(hit => hit.Path[(hit.Path.LastIndexOf('/') + 1)..]).Distinct().Order(StringComparer.Ordinal)];

    private SnapshotRecord Backup() =>
        FileBackup.Run(_store, new BackupOptions { Sources = [System.Text.Encoding.UTF8.GetBytes(_scratch["source"])], Host = "test-node", Workers = 1, Readers = 1 }, new BackupProgress(), CancellationToken.None).Snapshot;

    private SnapshotRecord Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_scratch[$"source/{name}"])!);
        File.WriteAllText(_scratch[$"source/{name}"], text);
        return Backup();
    }

    // Few names, so that files come, go, come back as they were, and turn into directories.
    private void Change(Random random)
    {
        string path = _scratch[$"source/{(char)('a' + random.Next(3))}/{(char)('x' + random.Next(3))}"];
        switch (random.Next(6))
        {
            case 0:
                Delete(path);
                break;
            case 1:
                Delete(Path.GetDirectoryName(path)!);
                break;
            case 2:
                Delete(path);
                Directory.CreateDirectory(Path.Join(path, "inner"));
                break;
            case 3 when File.Exists(path):
                File.SetUnixFileMode(path, random.Next(2) == 0 ? UnixFileMode.UserRead : UnixFileMode.UserRead | UnixFileMode.UserWrite);
                break;
            case 4 when File.Exists(path):
                Shell.Run($"setfattr -n user.note -v {random.Next(100)} '{path}'");
                break;
            default:
                Delete(path);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.WriteAllText(path, new string('x', random.Next(1, 4)));
                File.SetLastWriteTimeUtc(path, DateTime.UnixEpoch.AddDays(random.Next(3)));
                break;
        }
    }

    private static void Delete(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else if (File.Exists(path))
        {
            File.Delete(path);
        }
    }
}
