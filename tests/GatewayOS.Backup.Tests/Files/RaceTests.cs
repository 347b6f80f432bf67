using GatewayOS.Backup.Files;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Tests.Files;

/// <summary>Files that change at the worst moments. The moments are hooks in the reader, so nothing here depends on timing.</summary>
public sealed class RaceTests : IDisposable
{
    private readonly Rig _rig = new();

    public void Dispose() => _rig.Dispose();

    private string File(string name) => Path.Join(_rig.Source, name);

    private SnapshotRecord BackupWhile(string name, string? beforeOpen = null, string? afterRead = null)
    {
        bool done = false;
        Action<byte[]>? Hook(string? script) => script is null ? null : found =>
        {
            if (found.AsSpan().SequenceEqual(Rig.Bytes(name)) && !done)
            {
                done = true;
                _rig.Shell(script);
            }
        };
        return _rig.Backup(hooks: new FileReadHooks(Hook(beforeOpen), Hook(afterRead)));
    }

    [Theory]
    [InlineData("echo more >> f")]
    [InlineData("truncate -s 100 f")]
    [InlineData("printf X | dd of=f conv=notrunc status=none")]
    [InlineData("touch -d @1 f")]
    public void A_file_that_changes_while_it_is_read_is_marked_and_read_again_next_time(string change)
    {
        _rig.WriteRandom("f", 300_000, 1);
        SnapshotRecord snapshot = BackupWhile("f", afterRead: change);
        Assert.True(snapshot.Marked);
        Assert.Equal("/f", Assert.Single(_rig.Progress.Problems).Path[_rig.Source.Length..]);
        Assert.True(_rig.Tree(snapshot)["f"].Flags.HasFlag(NodeFlags.ChangedWhileRead));

        Rig.LetTickPass();
        SnapshotRecord next = _rig.Backup();
        Assert.False(next.Marked);
        Assert.Equal(System.IO.File.ReadAllBytes(File("f")), _rig.Content(_rig.Tree(next)["f"]));
    }

    [Fact]
    public void A_file_shorter_than_its_size_said_is_marked()
    {
        _rig.WriteRandom("f", 300_000, 1);
        SnapshotRecord snapshot = BackupWhile("f", beforeOpen: "truncate -s 100000 f");
        TreeNode node = _rig.Tree(snapshot)["f"];

        // Changed before the open: one consistent state, the new one.
        Assert.Equal(100_000, node.SizeBytes);
        Assert.Equal(node.SizeBytes, node.Content.LengthBytes);
        Assert.False(node.Flags.HasFlag(NodeFlags.ChangedWhileRead));
    }

    [Fact]
    public void A_file_that_vanishes_is_reported_and_the_rest_goes_on()
    {
        _rig.Write("a", "1");
        _rig.Write("f", "2");
        _rig.Write("z", "3");
        SnapshotRecord snapshot = BackupWhile("f", beforeOpen: "rm f");
        Assert.True(snapshot.Marked);
        Assert.Contains("vanished", Assert.Single(_rig.Progress.Problems).Reason, StringComparison.Ordinal);
        Assert.Equal(["", "a", "z"], _rig.Tree(snapshot).Keys.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("rm f; mkfifo f")]
    [InlineData("rm f; ln -s /etc/passwd f")]
    [InlineData("rm f; mkdir f")]
    [InlineData("rm f; mknod f c 1 5")]
    public void A_file_replaced_by_something_else_neither_hangs_nor_leaks_foreign_content(string change)
    {
        _rig.Write("f", "secret");
        if (change.Contains("mknod", StringComparison.Ordinal) && !Rig.IsRoot)
        {
            return;
        }

        SnapshotRecord snapshot = BackupWhile("f", beforeOpen: change);
        Assert.True(snapshot.Marked);
        Assert.Single(_rig.Progress.Problems);
        if (_rig.Tree(snapshot).TryGetValue("f", out TreeNode? node))
        {
            Assert.True(node.Flags.HasFlag(NodeFlags.Incomplete));
            Assert.Equal(0, node.Content.LengthBytes);
        }
    }

    [Fact]
    public void A_file_replaced_by_a_new_version_is_kept_as_the_new_version()
    {
        // The way editors and databases save: write beside, rename over. The name must not be missing from the snapshot for it.
        _rig.Write("f", "old");
        _rig.Write("new", "new version");
        SnapshotRecord snapshot = BackupWhile("f", beforeOpen: "mv new f");
        Assert.Equal("new version", System.Text.Encoding.UTF8.GetString(_rig.Content(_rig.Tree(snapshot)["f"])));
    }

    [Theory]
    [InlineData("rm one")]
    [InlineData("rm one; ln -s /etc/passwd one")]
    [InlineData("rm one; echo different > one")]
    public void A_hard_link_is_read_itself_when_the_first_name_of_its_group_is_lost(string change)
    {
        _rig.Write("one", "shared");
        _rig.Shell("ln one two; ln one zzz");
        SnapshotRecord snapshot = BackupWhile("one", beforeOpen: change);
        Dictionary<string, TreeNode> tree = _rig.Tree(snapshot);
        foreach (string name in new[] { "two", "zzz" })
        {
            Assert.Equal("shared", System.Text.Encoding.UTF8.GetString(_rig.Content(tree[name])));
            Assert.False(tree[name].Flags.HasFlag(NodeFlags.Incomplete));
        }
    }

    [Fact]
    public void Hard_links_wait_for_a_first_name_still_being_read()
    {
        byte[] content = _rig.WriteRandom("one", 3_000_000, 7);
        _rig.Shell("mkdir far; ln one far/two; ln one three");
        using var walked = new ManualResetEventSlim();
        _rig.Write("zz-last", "1");
        SnapshotRecord snapshot = _rig.Backup(
            options => options with { Readers = 2 },
            new FileReadHooks(
                name =>
                {
                    // The first name is held open until the walk has passed all others.
                    if (name.AsSpan().SequenceEqual("one"u8) || name.AsSpan().SequenceEqual("two"u8))
                    {
                        Assert.True(walked.Wait(TimeSpan.FromSeconds(20)));
                    }
                    else
                    {
                        walked.Set();
                    }
                },
                null));
        Dictionary<string, TreeNode> tree = _rig.Tree(snapshot);
        foreach (string name in new[] { "one", "three", "far/two" })
        {
            Assert.Equal(content, _rig.Content(tree[name]));
        }

        Assert.Equal(3_000_000, Math.Min(3_000_000, snapshot.Draft.Counts.NewBytes));
        Assert.True(snapshot.Draft.Counts.NewBytes < 4_000_000);
    }

    [Fact]
    public void A_directory_moved_away_under_the_walk_costs_nothing_above_it()
    {
        // Deeper than the descriptors the walk keeps: the way back leads through ".." of a directory that is somewhere else by then.
        _rig.Shell("""
            python3 - <<'PY'
            import os
            start = os.open(".", os.O_RDONLY)
            for i in range(300):
                open("z", "w").close(); os.mkdir("d"); os.chdir("d")
            open("f", "w").write("bottom")
            PY
            """);
        bool moved = false;
        SnapshotRecord snapshot = _rig.Backup(
            options => options with { Workers = 0, Readers = 1 },
            new FileReadHooks(
                name =>
                {
                    if (!moved && name.AsSpan().SequenceEqual("f"u8))
                    {
                        moved = true;
                        _rig.Shell($"mv {string.Join('/', Enumerable.Repeat("d", 20))} {Rig.Quote(_rig.Target)}/elsewhere");
                    }
                },
                null));
        Dictionary<string, TreeNode> tree = _rig.Tree(snapshot);
        Assert.True(moved);
        Assert.All(Enumerable.Range(0, 300), depth => Assert.Contains(string.Concat(Enumerable.Repeat("d/", depth)) + "z", tree.Keys));
    }

    [RootFact]
    public void What_cannot_be_read_is_listed_and_visible_in_the_snapshot()
    {
        _rig.Write("open", "1");
        _rig.Write("closed", "2");
        _rig.Write("shut/in", "3");
        _rig.Shell("chmod 0000 closed shut; chmod 0755 .; mkdir -m 0777 ../store");
        SnapshotRecord? snapshot = null;
        Rig.As(1234, () => snapshot = _rig.Backup());
        Assert.True(snapshot!.Marked);
        Assert.Equal(["/closed", "/shut"], _rig.Progress.Problems.Select(problem => problem.Path[_rig.Source.Length..]).Order(StringComparer.Ordinal));
        Dictionary<string, TreeNode> tree = _rig.Tree(snapshot);
        Assert.True(tree["closed"].Flags.HasFlag(NodeFlags.Incomplete));
        Assert.True(tree["shut"].Flags.HasFlag(NodeFlags.Incomplete));
        Assert.False(tree["open"].Flags.HasFlag(NodeFlags.Incomplete));

        // When the cause is mended the next backup reads them, though neither size nor times have changed.
        _rig.Shell("chmod 0644 closed; chmod 0755 shut");
        SnapshotRecord next = _rig.Backup();
        Assert.False(next.Marked);
        Assert.Equal("2", System.Text.Encoding.UTF8.GetString(_rig.Content(_rig.Tree(next)["closed"])));

        // Who restores the marked snapshot is told that the file was not read.
        RestoreProgress restore = _rig.Restore(snapshot);
        Assert.Contains(restore.Problems, problem => problem.Path.EndsWith("/closed", StringComparison.Ordinal));
    }

    [Fact]
    public void Cancelling_makes_no_snapshot_and_the_next_run_succeeds()
    {
        for (int i = 0; i < 50; i++)
        {
            _rig.WriteRandom($"f{i:00}", 200_000, i);
        }

        using var stop = new CancellationTokenSource();
        var hooks = new FileReadHooks(name =>
        {
            if (name.AsSpan().SequenceEqual("f25"u8))
            {
                stop.Cancel();
            }
        },
        null);
        Assert.ThrowsAny<OperationCanceledException>(() => _rig.Backup(hooks: hooks, cancellation: stop.Token));
        Assert.Empty(_rig.Store.Snapshots().Records);
        Assert.Equal(50, _rig.Backup().Draft.Counts.Files);
    }

    [Fact]
    public void Cancelling_does_not_wait_for_the_end_of_a_large_file()
    {
        // A hole of 1 TiB behind some data would take minutes if the data were read on; the token is looked at between reads.
        _rig.WriteRandom("big", 200_000_000, 3);
        using var stop = new CancellationTokenSource();
        long read = 0;
        var hooks = new FileReadHooks(_ => stop.Cancel(), _ => Interlocked.Increment(ref read));
        Assert.ThrowsAny<OperationCanceledException>(() => _rig.Backup(hooks: hooks, cancellation: stop.Token));
        Assert.Equal(0, read);
    }
}
