using System.Text;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Tests.Files;

/// <summary>What the comparison with the parent snapshot may take over, and what it must notice.</summary>
public sealed class IncrementalTests : IDisposable
{
    private readonly Rig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Fact]
    public void Unchanged_files_are_not_opened()
    {
        _rig.Shell("mkdir -p a/b; for i in $(seq 50); do echo $i > a/b/$i; done; truncate -s 5M hole; ln a/b/1 linked; ln -s x soft");
        Rig.LetTickPass();
        SnapshotRecord first = _rig.Backup();
        var opened = new List<string>();
        SnapshotRecord second = _rig.Backup(hooks: new(name => { lock (opened) { opened.Add(Encoding.UTF8.GetString(name)); } }, null));
        Assert.Empty(opened);
        Assert.Equal(first.Id, second.Draft.ParentId);
        Assert.Equal(_rig.Parts(first), _rig.Parts(second));
        Assert.Equal(52, second.Draft.Counts.FilesUnmodified);
        Assert.Equal(first.Draft.Counts.Bytes, second.Draft.Counts.Bytes);
        Assert.InRange(second.Draft.Counts.NewBytes, 0, 5000);
    }

    [Theory]
    [InlineData("echo changed > f")]
    [InlineData("printf B | dd of=f conv=notrunc status=none; touch -d @1000000000 f")]
    [InlineData("cp -p f g; printf B | dd of=g conv=notrunc status=none; touch -d @1000000000 g; mv g f")]
    [InlineData("chmod 0600 f")]
    [InlineData("ln f other-name")]
    [InlineData("rm f; ln -s a f")]
    [InlineData("rm f; mkdir f")]
    [InlineData("rm f")]
    [InlineData("mv f g")]
    [InlineData("rm f; mkfifo f")]
    [InlineData("chmod 0700 sub; chmod 0600 sub/pipe")]
    [InlineData("ln -sfn b sub/link")]
    [InlineData("python3 -c 'import os; os.setxattr(\"sub\", \"user.x\", b\"1\")'")]
    [InlineData("rm sub/pipe; mkfifo sub/pipe")]
    [InlineData("setfattr -n user.x -v 1 f || python3 -c 'import os; os.setxattr(\"f\", \"user.x\", b\"1\")'")]
    public void Every_kind_of_change_is_noticed(string change)
    {
        // Same length, and the old time put back by hand: only the status change time tells.
        _rig.Shell("printf A > f; printf A > a; mkdir sub; ln -s a sub/link; mkfifo sub/pipe; touch -d @1000000000 f a sub/pipe sub");
        Rig.LetTickPass();
        _rig.Backup();
        Rig.LetTickPass();
        _rig.Shell(change);
        SnapshotRecord next = _rig.Backup();
        Assert.Empty(_rig.Progress.Problems);
        Assert.Empty(_rig.Restore(next).Problems);
        Assert.Equal("", _rig.Differences());
        Assert.True(next.Draft.Counts.FilesUnmodified >= 1);
    }

    [Fact]
    public void A_change_within_the_clock_tick_of_the_last_backup_is_noticed()
    {
        // The file is as young as the backup: a second change could carry the very same time stamps, so it is read again.
        _ = _rig.Store;
        _rig.Write("f", "young");
        _rig.Backup();
        bool opened = false;
        _rig.Backup(hooks: new(_ => opened = true, null));
        Assert.True(opened);
    }

    [Fact]
    public void Force_read_reads_and_finds_the_same()
    {
        _rig.WriteRandom("f", 1_000_000, 1);
        Rig.LetTickPass();
        SnapshotRecord first = _rig.Backup();
        bool opened = false;
        SnapshotRecord second = _rig.Backup(options => options with { ForceRead = true }, new(_ => opened = true, null));
        Assert.True(opened);
        Assert.InRange(second.Draft.Counts.NewBytes, 0, 5000);
        Assert.Equal(_rig.Parts(first), _rig.Parts(second));
    }

    [Fact]
    public void The_parent_is_of_the_same_host_and_sources()
    {
        _rig.Write("a/f", "1");
        SnapshotRecord other = _rig.Backup(options => options with { Host = "another" });
        SnapshotRecord part = _rig.Backup(options => options with { Sources = [Rig.Bytes(_rig.Source + "/a")] });
        Assert.Null(part.Draft.ParentId);
        SnapshotRecord first = _rig.Backup();
        Assert.Null(first.Draft.ParentId);
        Assert.Equal(first.Id, _rig.Backup().Draft.ParentId);
        Assert.Equal(other.Id, _rig.Backup(options => options with { Parent = other.Id }).Draft.ParentId);
    }

    [Fact]
    public void A_large_file_in_lists_is_taken_over_whole()
    {
        _rig.WriteRandom("large", 40_000_000, 5);
        Rig.LetTickPass();
        SnapshotRecord first = _rig.Backup();
        Assert.True(_rig.Tree(first)["large"].Content.Depth > 0);
        bool opened = false;
        SnapshotRecord second = _rig.Backup(hooks: new(_ => opened = true, null));
        Assert.False(opened);
        Assert.Equal(_rig.Parts(first), _rig.Parts(second));
    }

    [Fact]
    public void A_file_whose_chunks_are_gone_from_the_store_is_read_again()
    {
        byte[] content = _rig.WriteRandom("f", 100_000, 5);
        Rig.LetTickPass();
        _rig.Backup();
        using (var rig2 = new Rig())
        {
            // A parent from another store names chunks this store does not have: nothing of it may be taken over.
            SnapshotRecord foreign = _rig.Store.Snapshots().Records[0];
            rig2.Backup(options => options with { Sources = [Rig.Bytes(_rig.Source)] });
            SnapshotRecord own = rig2.Store.Snapshots().Records[0];
            Assert.NotEqual(foreign.Draft.Root.Parts, own.Draft.Root.Parts);
        }

        Rig.Shell("for f in $(find packs -name '*.pack' -size +50k); do printf x | dd of=$f bs=1 seek=0 conv=notrunc status=none; rm $f; done; rm -f index/*", _rig.StorePath);
        _rig.Reopen();
        SnapshotRecord next = _rig.Backup();
        Assert.Equal(content, _rig.Content(_rig.Tree(next)["f"]));
    }
}
