using System.Text;
using GatewayOS.Appliance.Reset;
using GatewayOS.Backup.Files;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Reset;

public sealed class FactoryResetTests : IDisposable
{
    private static readonly ResetOrder s_order = new("tester", DateTimeOffset.UnixEpoch);

    private readonly ScratchDirectory _scratch = new("reset");
    private readonly byte[] _key = KeyFile.Generate();
    private readonly StateDirectory _state;

    public FactoryResetTests()
    {
        _state = new StateDirectory(_scratch["state"]);
        _state.Replace("store.key", _key);
        _state.Replace("accounts.json", "people"u8);
        Directory.CreateDirectory(_scratch["state/audit"]);
        File.WriteAllText(_scratch["state/audit/segment"], "what they did");
        Directory.CreateDirectory(_scratch["data"]);
        File.WriteAllText(_scratch["data/one"], "to be gone");
        using var store = BackupStore.Create(new PosixDisk(_scratch["store"]), new StoreOptions(), new StoreSecret.KeyFile(_key), "test", new OpenOptions());
        store.AddKeySlot(new StoreSecret.Passphrase("another way in"), "people", new KdfCost(8, 1, 1));
        FileBackup.Run(store, new BackupOptions { Sources = [Encoding.UTF8.GetBytes(_scratch["data"])] }, new BackupProgress(), CancellationToken.None);
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void With_the_order_the_keys_are_gone_and_nothing_opens_what_is_stored()
    {
        Begin();
        Assert.Null(_state.Read("store.key"));
        Assert.NotEmpty(Directory.GetFiles(_scratch["store/packs"], "*", SearchOption.AllDirectories));
        Assert.Throws<StoreUnusableException>(() => BackupStore.Open(new PosixDisk(_scratch["store"]), new StoreSecret.KeyFile(_key), new OpenOptions()));
        Assert.True(FactoryReset.IsOrdered(_state.Location));
    }

    [Fact]
    public void Keys_are_overwritten_where_they_lie()
    {
        // Whoever holds the file open sees what is on the disk under it.
        using var key = new FileStream(_scratch["state/store.key"], FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        Begin();
        byte[] left = new byte[_key.Length];
        key.ReadExactly(left);
        Assert.NotEqual(_key, left);
    }

    // The order that matters: as long as anything is left, so is the marker; and the keys go before all else.
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void It_goes_on_where_power_was_cut(int done)
    {
        Begin();
        string[] before = ["store/packs", "store/config.json", "state/accounts.json"];
        foreach (string path in before.Take(done))
        {
            Shell.Run($"rm -r '{_scratch[path]}'");
        }

        Assert.True(Resume());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["store"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["state"]));
        Assert.False(Resume());
    }

    [Fact]
    public void Without_an_order_nothing_is_touched()
    {
        Assert.False(Resume());
        Assert.Equal(_key, _state.Read("store.key"));
        BackupStore.Open(new PosixDisk(_scratch["store"]), new StoreSecret.KeyFile(_key), new OpenOptions()).Dispose();
    }

    [Fact]
    public void A_marker_that_was_written_before_power_went_has_the_keys_wiped_at_the_next_start()
    {
        _state.Replace(FactoryReset.MarkerFile, "{}"u8);
        Assert.True(Resume());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["state"]));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_scratch["store"]));
    }

    [Fact]
    public void Links_are_removed_and_what_they_point_to_is_not()
    {
        File.CreateSymbolicLink(_scratch["state/link"], _scratch["data/one"]);
        Directory.CreateSymbolicLink(_scratch["store/elsewhere"], _scratch["data"]);
        Begin();
        Assert.True(Resume());
        Assert.Equal("to be gone", File.ReadAllText(_scratch["data/one"]));
    }

    private void Begin() => FactoryReset.Begin(_state, _scratch["store"], s_order);

    private bool Resume() => FactoryReset.Resume(_scratch["state"], _scratch["store"]);
}
