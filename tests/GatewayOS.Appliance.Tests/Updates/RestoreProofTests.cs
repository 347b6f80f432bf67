using System.Text;
using GatewayOS.Appliance.Updates;
using GatewayOS.Backup.Files;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Updates;

public sealed class RestoreProofTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("proof");
    private readonly StoreSecret _secret = new StoreSecret.KeyFile(KeyFile.Generate());
    private readonly StateDirectory _state;

    public RestoreProofTests()
    {
        _state = new StateDirectory(_scratch["state"]);
        BackupStore.Create(new PosixDisk(_scratch["store"]), new StoreOptions(), _secret, "test", new OpenOptions()).Dispose();
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void An_empty_store_is_tried_with_a_probe_that_leaves_nothing()
    {
        Assert.Contains("a probe of 262144 bytes was backed up, restored and hashed", Prove(), StringComparison.Ordinal);
        using BackupStore store = Open();
        Assert.Empty(store.Snapshots().Records);
        Assert.False(Directory.Exists(_state.PathOf("update-probe")));
    }

    [Fact]
    public void Real_data_is_restored_where_there_is_some_and_damage_is_no_proof()
    {
        Directory.CreateDirectory(_scratch["data"]);
        File.WriteAllText(_scratch["data/one"], "to be kept");
        using (BackupStore store = Open())
        {
            FileBackup.Run(store, new BackupOptions { Sources = [Encoding.UTF8.GetBytes(_scratch["data"])] }, new BackupProgress(), CancellationToken.None);
        }

        Assert.Contains("1 files, 10 bytes of restore point", Prove(), StringComparison.Ordinal);
        foreach (string pack in Directory.GetFiles(_scratch["store/packs"], "*", SearchOption.AllDirectories))
        {
            byte[] bytes = File.ReadAllBytes(pack);
            bytes.AsSpan(bytes.Length / 4, bytes.Length / 2).Fill(0x55);
            File.WriteAllBytes(pack, bytes);
        }

        Assert.Throws<StoreDamagedException>(Prove);
    }

    private string Prove() => RestoreProof.Run(Open, _state, seed: 1, TimeProvider.System, CancellationToken.None);

    private BackupStore Open() => BackupStore.Open(new PosixDisk(_scratch["store"]), _secret, new OpenOptions());
}
