using GatewayOS.Backup.Files;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Backup.Tests.Files;

/// <summary>Restoring onto what is there: policies, attacks, damage, other users.</summary>
public sealed class RestoreTests : IDisposable
{
    private readonly Rig _rig = new();

    public void Dispose() => _rig.Dispose();

    private string Restored(string name) => Path.Join(_rig.Restored, name);

    [Theory]
    [InlineData(OverwritePolicy.Always, "snap", "snap", "snap")]
    [InlineData(OverwritePolicy.IfChanged, "same", "snap", "snap")]
    [InlineData(OverwritePolicy.IfNewer, "same", "snap", "mine")]
    [InlineData(OverwritePolicy.Never, "same", "mine", "mine")]
    public void Policies(OverwritePolicy policy, string same, string older, string newer)
    {
        // same: equal size and time, other content. older, newer: what is there, beside the snapshot's file.
        _rig.Shell("printf snap | tee same older newer > /dev/null; touch -d @1500000000 same older newer");
        SnapshotRecord snapshot = _rig.Backup();
        Directory.CreateDirectory(_rig.Restored);
        Rig.Shell("printf same > same; printf mine | tee older newer >/dev/null; touch -d @1500000000 same; touch -d @1400000000 older; touch -d @1600000000 newer", _rig.Restored);
        Assert.Empty(_rig.Restore(snapshot, options => options with { Overwrite = policy }).Problems);
        Assert.Equal((same, older, newer), (File.ReadAllText(Restored("same")), File.ReadAllText(Restored("older")), File.ReadAllText(Restored("newer"))));
    }

    [Fact]
    public void Restoring_again_puts_metadata_back_without_writing_content()
    {
        _rig.Shell("echo 1 > f; chmod 0640 f; mkdir d; echo 2 > d/g; python3 -c 'import os; os.setxattr(\"f\", \"user.kept\", b\"v\")'");
        SnapshotRecord snapshot = _rig.Backup();
        _rig.Restore(snapshot);
        Rig.Shell("chmod 0777 f d; python3 -c 'import os; os.removexattr(\"f\", \"user.kept\"); os.setxattr(\"d/g\", \"user.extra\", b\"v\")'", _rig.Restored);
        string inodes = Rig.Shell("stat -c %i f d/g", _rig.Restored);
        RestoreProgress again = _rig.Restore(snapshot);
        Assert.Equal("", _rig.Differences());
        Assert.Equal(2, again.Skipped);
        Assert.Equal(inodes, Rig.Shell("stat -c %i f d/g", _rig.Restored));
    }

    [Fact]
    public void Whatever_changed_in_the_target_is_put_back()
    {
        _rig.Shell("mkdir d; echo 1 > d/a; echo 2 > b; ln b b2; ln -s a d/s; mkfifo p; ln p p2");
        SnapshotRecord snapshot = _rig.Backup();
        _rig.Restore(snapshot);
        Rig.Shell("rm d/s; echo x > d/s; rm b2; echo other > b2; rm p; echo p > p; echo longer > d/a; rm p2", _rig.Restored);
        Assert.Empty(_rig.Restore(snapshot, options => options with { Overwrite = OverwritePolicy.Always }).Problems);
        Assert.Equal("", _rig.Differences());
        Assert.Empty(Directory.GetFiles(_rig.Restored, ".gateway*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_planted_link_leads_nowhere()
    {
        _rig.Shell("mkdir -p d/e; echo content > d/e/f; echo top > top; mkfifo d/pipe");
        SnapshotRecord snapshot = _rig.Backup();
        string outside = Path.Join(Path.GetDirectoryName(_rig.Target), "outside");
        Directory.CreateDirectory(outside + "/e");
        File.WriteAllText(outside + "/victim", "untouched");
        Directory.CreateDirectory(_rig.Restored);
        Rig.Shell($"ln -s {Rig.Quote(outside)} d; ln -s {Rig.Quote(outside)}/victim top", _rig.Restored);
        RestoreProgress restore = _rig.Restore(snapshot, options => options with { Overwrite = OverwritePolicy.Always });
        Assert.Equal("untouched", File.ReadAllText(outside + "/victim"));
        Assert.Equal(["e", "victim"], Directory.GetFileSystemEntries(outside).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(outside + "/e"));
        Assert.Equal("top\n", File.ReadAllText(Restored("top")));
        Assert.Equal("", Rig.Shell("find top -type l", _rig.Restored));

        // Either the link was replaced by the directory, or it stands and that was said.
        Assert.True(Rig.Shell("find d -maxdepth 0 -type l", _rig.Restored).Length == 0 || restore.ProblemCount > 0);
    }

    [RootFact]
    public void A_planted_hard_link_is_not_given_away()
    {
        // Same size and time as the snapshot's file, but another inode's second name: its owner and mode must stay.
        _rig.Shell("printf 1234 > f; chown 1234 f; chmod 0666 f; touch -d @1500000000 f");
        SnapshotRecord snapshot = _rig.Backup();
        string victim = Path.Join(Path.GetDirectoryName(_rig.Target), "victim");
        File.WriteAllText(victim, "abcd");
        Directory.CreateDirectory(_rig.Restored);
        Rig.Shell($"chmod 0600 {Rig.Quote(victim)}; touch -d @1500000000 {Rig.Quote(victim)}; ln {Rig.Quote(victim)} f", _rig.Restored);
        _rig.Restore(snapshot);
        Assert.Equal("0 600 abcd", Rig.Shell($"stat -c '%u %a' {Rig.Quote(victim)} | tr '\\n' ' '; cat {Rig.Quote(victim)}", "/"));
    }

    [RootFact]
    public void An_ordinary_user_restores_what_an_ordinary_user_can()
    {
        _rig.Shell("""
            mkdir -m 0555 readonly; echo in > readonly/in; chmod 0555 readonly; echo mine > mine; chown 1234:1234 mine readonly readonly/in
            echo suid > suid; chmod 6755 suid; mknod dev c 1 3; cp /bin/true caps; setcap cap_net_raw+ep caps
            """);
        SnapshotRecord snapshot = _rig.Backup();
        _rig.Shell($"chown 1234:1234 {Rig.Quote(_rig.Target)}; chmod -R a+rX {Rig.Quote(_rig.StorePath)}; chown -R 1234:1234 {Rig.Quote(_rig.StorePath)}");
        RestoreProgress? restore = null;
        Rig.As(1234, () => restore = _rig.Restore(snapshot));
        Assert.Equal("mine\n", File.ReadAllText(Restored("mine")));
        Assert.Equal("in\n", File.ReadAllText(Restored("readonly/in")));
        Assert.Equal("555\n", Rig.Shell("stat -c %a readonly", _rig.Restored));

        // Set-ID bits belong to the owner they were given for: without that owner they would arm this user's files.
        Assert.Equal("755 1234\n", Rig.Shell("stat -c '%a %u' suid", _rig.Restored));
        Assert.Contains(restore!.Problems, problem => problem.Reason.Contains("owner", StringComparison.Ordinal));
        Assert.Contains(restore.Problems, problem => problem.Path.EndsWith("/dev", StringComparison.Ordinal));
        Assert.False(restore.Damaged);

        // A second time, into directories that are read-only now.
        Rig.Shell("chmod 0755 readonly; echo changed >> readonly/in; chmod 0555 readonly", _rig.Restored);
        Rig.As(1234, () => restore = _rig.Restore(snapshot));
        Assert.Equal("in\n", File.ReadAllText(Restored("readonly/in")));
        Assert.Equal("555\n", Rig.Shell("stat -c %a readonly", _rig.Restored));
    }

    [Fact]
    public void Directories_above_a_restored_path_keep_their_metadata_when_they_are_there()
    {
        _rig.Shell("mkdir -p a/b; echo 1 > a/b/f; chmod 0700 a; touch -d @1000000000 a");
        SnapshotRecord snapshot = _rig.Backup();
        Directory.CreateDirectory(Restored("a"));
        Rig.Shell("chmod 0711 a; touch -d @1100000000 a", _rig.Restored);
        _rig.Restore(snapshot, options => options with { Paths = [Rig.Bytes(_rig.Source + "/a/b")] });
        Assert.Equal("711\n", Rig.Shell("stat -c %a a", _rig.Restored));
        Assert.Equal("1\n", File.ReadAllText(Restored("a/b/f")));
        Rig.Shell("rm -r a", _rig.Restored);
        _rig.Restore(snapshot, options => options with { Paths = [Rig.Bytes(_rig.Source + "/a/b")] });
        Assert.Equal("700 1000000000\n", Rig.Shell("stat -c '%a %Y' a", _rig.Restored));
    }

    [Fact]
    public void Paths_includes_and_excludes_select()
    {
        _rig.Shell("mkdir -p a/b c; touch a/x.txt a/b/y.txt a/b/z.log c/w.txt; mkdir -p empty/deep");
        SnapshotRecord snapshot = _rig.Backup();
        string List() => Rig.Shell("find . -type f | sort | tr '\\n' ' '; rm -rf ./*", _rig.Restored);
        _rig.Restore(snapshot, options => options with { Paths = [Rig.Bytes(_rig.Source + "/a")] });
        Assert.Equal("./a/b/y.txt ./a/b/z.log ./a/x.txt ", List());
        _rig.Restore(snapshot, options => options with { Includes = new PatternSet(["*.txt"]) });
        Assert.False(Directory.Exists(Restored("empty")));
        Assert.Equal("./a/b/y.txt ./a/x.txt ./c/w.txt ", List());
        _rig.Restore(snapshot, options => options with { Excludes = new PatternSet(["b/"]) });
        Assert.Equal("./a/x.txt ./c/w.txt ", List());
        Assert.Throws<InvalidJobException>(() => _rig.Restore(snapshot, options => options with { Paths = [Rig.Bytes("/no/such/path")] }));
    }

    [Fact]
    public void A_dry_run_writes_nothing()
    {
        _rig.Shell("mkdir d; echo 1 > d/f; ln -s x s");
        SnapshotRecord snapshot = _rig.Backup();
        RestoreProgress restore = _rig.Restore(snapshot, options => options with { DryRun = true });
        Assert.Equal(1, restore.Files);
        Assert.Empty(Directory.GetFileSystemEntries(_rig.Target));
    }

    [Fact]
    public void Verify_reads_back()
    {
        _rig.WriteRandom("f", 3_000_000, 1);
        _rig.Shell("truncate -s 1M hole; ln f g");
        Assert.Empty(_rig.Restore(_rig.Backup(), options => options with { Verify = true }).Problems);
        Assert.Equal("", _rig.Differences());
    }

    [Fact]
    public void Damage_costs_the_damaged_stretch_only_and_is_reported()
    {
        byte[] content = _rig.WriteRandom("hit", 8_000_000, 1);
        _rig.WriteRandom("fine", 100_000, 2);
        SnapshotRecord snapshot = _rig.Backup();

        // Two pages: longer than the padding between two ranges of a pack can be.
        Rig.Shell("pack=$(find packs -name '*.pack' -size +4M); tr '\\0' X < /dev/zero | dd of=$pack bs=8192 count=1 iflag=fullblock seek=4000000 oflag=seek_bytes conv=notrunc status=none", _rig.StorePath);
        _rig.Reopen();
        RestoreProgress restore = _rig.Restore(snapshot);
        Assert.True(restore.Damaged);
        Assert.All(restore.Problems, problem => Assert.EndsWith("/hit", problem.Path, StringComparison.Ordinal));
        byte[] restored = File.ReadAllBytes(Restored("hit"));
        Assert.Equal(content.Length, restored.Length);
        int wrong = 0;
        for (int i = 0; i < content.Length; i++)
        {
            wrong += restored[i] != content[i] ? 1 : 0;
            Assert.True(restored[i] == content[i] || restored[i] == 0);
        }

        Assert.InRange(wrong, 1, 600_000);
        Assert.Equal("", _rig.Shell($"cmp fine {Rig.Quote(Restored("fine"))}"));
    }

    [Fact]
    public void A_directory_in_the_way_of_a_file_is_reported_and_left()
    {
        _rig.Write("f", "1");
        _rig.Write("g", "2");
        SnapshotRecord snapshot = _rig.Backup();
        Directory.CreateDirectory(Restored("f/precious"));
        RestoreProgress restore = _rig.Restore(snapshot, options => options with { Overwrite = OverwritePolicy.Always });
        Assert.EndsWith("/f", Assert.Single(restore.Problems).Path, StringComparison.Ordinal);
        Assert.True(Directory.Exists(Restored("f/precious")));
        Assert.Equal("2", File.ReadAllText(Restored("g")));
    }

    [Fact]
    public void Large_files_are_written_in_runs()
    {
        _rig.WriteRandom("large", 200_000_000, 1);
        _rig.WriteRandom("large2", 70_000_000, 2);
        _rig.Restore(_rig.Backup());
        Assert.Equal("", _rig.Differences());
    }

    // Large files are written in aligned pieces by several threads; borders, tails and holes are where such a writer goes wrong.
    [Fact]
    public void Large_files_of_any_length_and_with_holes_come_back()
    {
        _rig.Shell("""
            head -c 70000001 /dev/urandom > runs
            head -c 1048576 /dev/urandom > exact
            head -c 1048577 /dev/urandom > odd
            truncate -s 9M sparse
            head -c 1500000 /dev/urandom | dd of=sparse bs=4096 seek=100 conv=notrunc status=none
            head -c 1500000 /dev/urandom | dd of=sparse bs=4096 seek=1500 conv=notrunc status=none
            truncate -s 2M hole
            """);
        SnapshotRecord snapshot = _rig.Backup();
        RestoreProgress progress = _rig.Restore(snapshot, options => options with { Threads = 4 });
        Assert.Empty(progress.Problems);
        Assert.Equal("", _rig.Differences());
        _rig.Shell("printf changed | dd of=runs bs=1 seek=3000000 conv=notrunc status=none; printf more >> odd");
        progress = _rig.Restore(_rig.Backup(), options => options with { Verify = true });
        Assert.Empty(progress.Problems);
        Assert.Equal("", _rig.Differences());
    }
}
