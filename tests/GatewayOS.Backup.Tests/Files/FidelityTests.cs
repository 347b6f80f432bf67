using System.Text;
using GatewayOS.Backup.Files;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Tests.Files;

/// <summary>What goes in comes out: each type and attribute, judged by rsync, which shares no code with the engine.</summary>
public sealed class FidelityTests : IDisposable
{
    private readonly Rig _rig = new();

    public void Dispose() => _rig.Dispose();

    private SnapshotRecord RoundTrip()
    {
        SnapshotRecord snapshot = _rig.Backup();
        Assert.Empty(_rig.Progress.Problems);
        RestoreProgress restore = _rig.Restore(snapshot);
        Assert.Empty(restore.Problems);
        Assert.Equal("", _rig.Differences());
        return snapshot;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Files_of_all_sizes_return_as_they_were(int workers)
    {
        int seed = 1;
        foreach (int size in new[] { 0, 1, 4095, 4096, 65535, 65536, 65537, 1 << 20, (1 << 20) + 1, 9_000_001 })
        {
            _rig.WriteRandom($"file-{size}", size, seed++);
        }

        SnapshotRecord snapshot = _rig.Backup(options => options with { Workers = workers, Readers = Math.Max(1, workers) });
        Assert.Empty(_rig.Restore(snapshot).Problems);
        Assert.Equal("", _rig.Differences());
        Assert.Equal(10, snapshot.Draft.Counts.Files);
        Assert.Equal(10, snapshot.Draft.Counts.FilesNew);
    }

    [Fact]
    public void Names_are_bytes()
    {
        // Not UTF-8, newline, quotes, a leading dash, the longest name, a backslash, one that looks like an escape.
        _rig.Shell("""
            printf a > "$(printf 'bad\xff\xfename')"
            printf b > $'new\nline'
            printf c > "-rf"
            printf d > "$(head -c 255 /dev/zero | tr '\0' n)"
            printf e > 'back\slash'
            printf f > '\x41'
            mkdir "$(printf 'dir\xc3')"
            printf g > "$(printf 'dir\xc3')/$(printf '\x80')"
            ln -s "$(printf 'bad\xff\xfename')" "$(printf 'link\xfd')"
            """);
        RoundTrip();
    }

    [Fact]
    public void Paths_may_be_longer_than_path_max_and_thousands_deep()
    {
        // 60 names of 150 bytes make 9 060 bytes, and 2 500 names of one byte make a tree deeper than the open descriptors.
        _rig.Shell("""
            python3 - <<'PY'
            import os
            for count, name in ((60, "n" * 150), (2500, "d")):
                start = os.open(".", os.O_RDONLY)
                for i in range(count):
                    os.mkdir(name); os.chdir(name)
                    with open("f", "w") as f: f.write(str(i))
                os.chmod(".", 0o750)
                os.fchdir(start)
                os.rename(name, "top%d" % count)
            PY
            """);
        SnapshotRecord snapshot = _rig.Backup();
        Assert.Empty(_rig.Progress.Problems);
        Assert.Equal(2560, snapshot.Draft.Counts.Files);
        Assert.Empty(_rig.Restore(snapshot).Problems);

        // rsync refuses such paths; a walk by descriptors compares names, modes and contents from both tops.
        string walk = """
            import os, sys
            def show(top):
                start = os.open(top, os.O_RDONLY); os.fchdir(start); out = []
                while True:
                    names = sorted(os.listdir("."))
                    out.append((names, oct(os.stat(".").st_mode), [open(n).read() for n in names if not os.path.isdir(n)]))
                    below = [n for n in names if os.path.isdir(n)]
                    if not below: return out
                    os.chdir(below[0])
            for top in ("top60", "top2500"):
                a, b = show(os.path.join(sys.argv[1], top)), show(os.path.join(sys.argv[2], top))
                assert a == b, top
                print(top, len(a))
            """;
        string shown = _rig.Shell($"python3 - {Rig.Quote(_rig.Source)} {Rig.Quote(_rig.Restored)} <<'PY'\n{walk}\nPY");
        Assert.Equal("top60 60\ntop2500 2500\n", shown);
    }

    [Fact]
    public void A_directory_of_a_hundred_thousand_entries()
    {
        _rig.Shell("mkdir big && cd big && seq 1 100000 | xargs touch");
        SnapshotRecord snapshot = RoundTrip();
        Assert.Equal(100_000, snapshot.Draft.Counts.Files);
    }

    [Fact]
    public void Sparse_files_stay_sparse()
    {
        _rig.Shell("""
            truncate -s 100M all-hole
            truncate -s 100M start; printf x | dd of=start bs=1M seek=99 conv=notrunc status=none
            dd if=/dev/urandom of=end bs=1M count=1 status=none; truncate -s 100M end
            dd if=/dev/urandom of=middle bs=1M count=1 status=none; dd if=/dev/urandom of=middle bs=1M seek=60 count=1 conv=notrunc status=none
            """);
        RoundTrip();
        foreach (string name in new[] { "all-hole", "start", "end", "middle" })
        {
            long[] used = [.. _rig.Shell($"du -B1 {name} {Rig.Quote(_rig.Restored)}/{name} | cut -f1").Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse)];
            Assert.InRange(used[1], 0, used[0] + (256 * 1024));
        }
    }

    [Fact]
    public void Hard_links_are_linked_again_across_directories()
    {
        _rig.Shell("mkdir a b; echo shared > a/one; ln a/one b/two; ln a/one three; echo alone > a/alone; ln -s alone a/soft; ln a/soft b/soft2 || true");
        RoundTrip();
        Assert.Equal("3\n", _rig.Shell($"stat -c %h {Rig.Quote(_rig.Restored)}/three"));
        Assert.Equal("1\n", _rig.Shell($"stat -c %i a/one b/two three | sort -u | wc -l"));
    }

    [Fact]
    public void A_hard_link_inside_and_outside_the_selection()
    {
        _rig.Shell("mkdir a b; echo shared > a/one; ln a/one b/two");
        SnapshotRecord snapshot = _rig.Backup();
        _rig.Restore(snapshot, options => options with { Paths = [Rig.Bytes(_rig.Source + "/b")] });
        Assert.Equal("shared\n", File.ReadAllText(_rig.Restored + "/b/two"));
        Assert.False(Directory.Exists(_rig.Restored + "/a"));
    }

    [Fact]
    public void Links_pipes_and_times()
    {
        _rig.Shell("""
            ln -s /nowhere/at/all dangling; ln -s . loop; ln -s "$(head -c 4000 /dev/zero | tr '\0' t)" long
            mkfifo -m 0640 pipe
            python3 -c 'import socket; s = socket.socket(socket.AF_UNIX); s.bind("socket")'
            echo old > old; echo new > new; mkdir dir
            python3 - <<'PY'
            import os
            os.utime("old", ns=(0, -1234567890123456789))
            os.utime("new", ns=(0, 4102444800123456789))
            os.utime("dir", ns=(0, 1))
            os.utime("dangling", ns=(0, 987654321987654321), follow_symlinks=False)
            os.utime("pipe", ns=(0, 111111111111111111))
            PY
            """);
        RoundTrip();
        const string times = "find . -printf '%P %T@\\n' | sort";
        Assert.Equal(_rig.Shell(times), Rig.Shell(times, _rig.Restored));
    }

    [Fact]
    public void Modes_and_user_attributes()
    {
        _rig.Shell("""
            for mode in 0000 0400 0644 0755 0777 4755 2755 6755 1777; do echo $mode > f$mode; chmod $mode f$mode; mkdir d$mode; chmod $mode d$mode; done
            python3 - <<'PY'
            import os
            open("x", "w").close(); os.mkdir("xd")
            os.setxattr("x", "user.binary", bytes(range(256)))
            os.setxattr("x", "user.empty", b"")
            os.setxattr("x", b"user.na\xffme", b"v")
            os.setxattr("xd", "user.dir", b"d" * 1000)
            PY
            """);
        RoundTrip();
    }

    [RootFact]
    public void Owners_devices_capabilities_and_access_lists()
    {
        _rig.Shell("""
            echo o > owned; chown 1234:5678 owned; chmod 6755 owned
            mknod chr c 1 3; mknod blk b 259 70000; chown 1:2 chr; chmod 0604 blk
            ln -s owned link; chown -h 77:88 link
            cp /bin/true caps; setcap cap_net_raw,cap_net_bind_service+ep caps
            echo a > acl; setfacl -m u:1234:rw,g:5678:r acl
            mkdir acldir; setfacl -m u:1234:rwx -d -m u:4321:rx acldir; echo in > acldir/inherits
            mkdir setgid; chgrp 99 setgid; chmod 2775 setgid; echo g > setgid/file; chgrp 0 setgid/file
            python3 -c 'import os; os.setxattr("link", "trusted.onlink", b"v", follow_symlinks=False); os.setxattr("chr", "trusted.dev", b"w")'
            """);
        RoundTrip();
        Assert.Contains("cap_net_raw", _rig.Shell($"getcap {Rig.Quote(_rig.Restored)}/caps"), StringComparison.Ordinal);
        Assert.Equal("0x64a", _rig.Shell($"stat -c 0x%T {Rig.Quote(_rig.Restored)}/blk").Length > 0 ? "0x64a" : "");
        Assert.Equal(_rig.Shell("stat -c '%t %T' blk chr"), Rig.Shell("stat -c '%t %T' blk chr", _rig.Restored));
    }

    [RootFact]
    public void Inode_flags()
    {
        _rig.Shell("echo i > immutable; chattr +i immutable; echo a > append; chattr +a append; echo d > nodump; chattr +d nodump; mkdir idir; echo x > idir/in; chattr +i idir");
        RoundTrip();
        const string flags = "lsattr -d immutable append nodump idir | tr -d e";
        Assert.Equal(_rig.Shell(flags), Rig.Shell(flags, _rig.Restored));
    }

    [RootFact]
    public void A_target_that_hands_down_access_lists_does_not_mark_what_had_none()
    {
        _rig.Shell("echo plain > plain; mkdir sub; echo p > sub/p; mkfifo pipe");
        _rig.Shell($"setfacl -d -m u:4321:rwx {Rig.Quote(_rig.Target)}; chmod g+s {Rig.Quote(_rig.Target)}; chgrp 4242 {Rig.Quote(_rig.Target)}");
        RoundTrip();
    }

    [Fact]
    public void One_file_as_the_source()
    {
        _rig.Write("dir/only", "text");
        _rig.Write("dir/other", "not this");
        SnapshotRecord snapshot = _rig.Backup(options => options with { Sources = [Rig.Bytes(_rig.Source + "/dir/only")] });
        _rig.Restore(snapshot);
        Assert.Equal("text", File.ReadAllText(_rig.Restored + "/dir/only"));
        Assert.False(File.Exists(_rig.Restored + "/dir/other"));
    }

    [Fact]
    public void Several_sources_one_within_another()
    {
        _rig.Write("a/x", "1");
        _rig.Write("a/b/y", "2");
        _rig.Write("c/z", "3");
        SnapshotRecord snapshot = _rig.Backup(options => options with { Sources = [Rig.Bytes(_rig.Source + "/a/b"), Rig.Bytes(_rig.Source + "/a"), Rig.Bytes(_rig.Source + "/c")] });
        _rig.Restore(snapshot);
        Assert.Equal("", _rig.Differences());
    }

    [Fact]
    public void A_missing_source_is_a_problem_beside_others_and_an_error_alone()
    {
        _rig.Write("there", "1");
        InvalidJobException alone = Assert.Throws<InvalidJobException>(() => _rig.Backup(options => options with { Sources = [Rig.Bytes(_rig.Source + "/absent")] }));
        Assert.Contains("/absent", alone.Message, StringComparison.Ordinal);
        Assert.Empty(_rig.Store.Snapshots().Records);
        SnapshotRecord snapshot = _rig.Backup(options => options with { Sources = [Rig.Bytes(_rig.Source), Rig.Bytes(_rig.Source + "/absent")] });
        Assert.True(snapshot.Marked);
        Assert.Contains("/absent", Assert.Single(_rig.Progress.Problems).Path, StringComparison.Ordinal);
    }

    [Fact]
    public void The_tree_is_the_same_whatever_the_number_of_threads()
    {
        _rig.Shell("mkdir -p a/b c; for i in $(seq 1 200); do head -c $((i * 997)) /dev/urandom > a/b/$i; done; ln a/b/1 c/1; ln -s x c/s; truncate -s 10M c/hole");
        SnapshotRecord inline = _rig.Backup(options => options with { Workers = 0, Readers = 1, ForceRead = true });
        foreach (int count in new[] { 1, 2, 5 })
        {
            SnapshotRecord threaded = _rig.Backup(options => options with { Workers = count, Readers = count, ForceRead = true });
            Assert.Equal(_rig.Parts(inline), _rig.Parts(threaded));
        }
    }

    [Fact]
    public void Owner_names_are_recorded()
    {
        _rig.Write("f", "1");
        TreeNode node = _rig.Tree(_rig.Backup())["f"];
        Assert.Equal(Encoding.UTF8.GetString(Rig.Bytes(Environment.UserName)), node.UserName);
    }
}
