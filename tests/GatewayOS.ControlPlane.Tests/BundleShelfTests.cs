using GatewayOS.Daemon.Hosting;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.ControlPlane.Tests;

/// <summary>Bundles on the way into an appliance: by pieces, and on sticks.</summary>
public sealed class BundleShelfTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("shelf");
    private readonly StateDirectory _state;
    private readonly BundleShelf _shelf;

    public BundleShelfTests()
    {
        _state = new StateDirectory(_scratch["state"]);
        _shelf = new BundleShelf(_state, _scratch["sticks"]);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Pieces_follow_each_other_and_one_that_comes_twice_changes_nothing()
    {
        string upload = _shelf.Begin("new.raucb", 5);
        Assert.Equal(3, _shelf.Put(upload, 0, [1, 2, 3]));
        Assert.Equal(3, _shelf.Put(upload, 0, [1, 2, 3]));
        Refused(() => _shelf.Put(upload, 4, [5]));
        Refused(() => _shelf.Put(upload, 3, [4, 5, 6]));
        Assert.Contains("3 of 5 bytes", Refused(() => _shelf.Locate(upload, "")), StringComparison.Ordinal);
        Assert.Equal(5, _shelf.Put(upload, 3, [4, 5]));
        (string path, string origin) = _shelf.Locate(upload, "");
        Assert.Equal("new.raucb", origin);
        Assert.Equal([1, 2, 3, 4, 5], File.ReadAllBytes(path));
    }

    [Fact]
    public void What_is_too_large_or_finds_no_room_is_refused_before_it_is_sent()
    {
        Refused(() => _shelf.Begin("none.raucb", 0));
        Refused(() => _shelf.Begin("large.raucb", BundleShelf.BundleBytesMax + 1));
        string upload = _shelf.Begin("new.raucb", BundleShelf.PieceBytesMax + 2);
        Refused(() => _shelf.Put(upload, 0, new byte[BundleShelf.PieceBytesMax + 1]));
    }

    [Fact]
    public void A_bundle_that_is_being_installed_is_replaced_by_none_and_removed_at_its_end()
    {
        string upload = Whole();
        Action release = _shelf.Take(upload)!;
        Assert.Contains("is being installed", Refused(() => _shelf.Begin("other.raucb", 1)), StringComparison.Ordinal);
        _shelf.Discard(upload);
        Assert.True(File.Exists(_shelf.Locate(upload, "").Path));
        release();
        Assert.Empty(Directory.GetFiles(_state.PathOf("bundles")));
        Refused(() => _shelf.Locate(upload, ""));

        // One that was refused makes room.
        upload = Whole();
        _shelf.Take(upload);
        _shelf.GiveBack(upload);
        _shelf.Begin("other.raucb", 1);
        Refused(() => _shelf.Locate(upload, ""));
    }

    [Fact]
    public void Nothing_outlives_the_process()
    {
        Whole();
        _ = new BundleShelf(_state, _scratch["sticks"]);
        Assert.False(Directory.Exists(_state.PathOf("bundles")));
    }

    [Fact]
    public void Bundles_on_sticks_are_known_by_name_and_nothing_else_is()
    {
        foreach (string file in (string[])["sda1/one.raucb", "sda1/notes.txt", "sda1/deep/two.raucb", "sdb1/one.raucb", "sdb1/three.raucb"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_scratch[$"sticks/{file}"])!);
            File.WriteAllText(_scratch[$"sticks/{file}"], "x");
        }

        File.CreateSymbolicLink(_scratch["sticks/sda1/link.raucb"], "/etc/passwd");
        Assert.Equal([("sda1/one.raucb", 1L), ("sdb1/one.raucb", 1L), ("sdb1/three.raucb", 1L)], _shelf.Sticks());
        Assert.Equal(_scratch["sticks/sdb1/three.raucb"], _shelf.Locate("", "three.raucb").Path);
        Assert.Equal(_scratch["sticks/sda1/one.raucb"], _shelf.Locate("", "sda1/one.raucb").Path);
        Assert.All((string[])["one.raucb", "link.raucb", "notes.txt", "../state/store.key", "two.raucb"], name => Refused(() => _shelf.Locate("", name)));
        Refused(() => _shelf.Locate("", ""));
        Refused(() => _shelf.Locate("x", "three.raucb"));
    }

    private static string Refused(Action what) => Assert.Throws<BundleException>(what).Message;

    private string Whole()
    {
        string upload = _shelf.Begin("new.raucb", 1);
        _shelf.Put(upload, 0, [1]);
        return upload;
    }
}
