using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Cloud.Tests.Vault;

public sealed class DirectoryMediumTests : VaultMediumConformance, IDisposable
{
    private readonly ScratchDirectory _scratch = new("medium");
    private readonly DirectoryMedium _medium;

    public DirectoryMediumTests() => _medium = new DirectoryMedium(new PosixDisk(_scratch.Path));

    protected override IVaultMedium Medium => _medium;

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task An_interrupted_put_leaves_nothing_behind_once_it_is_tidied_up()
    {
        Directory.CreateDirectory(_scratch["incoming"]);
        File.WriteAllText(_scratch["incoming/1-1"], "half");
        Assert.Empty(await ListAsync(""));
        await Medium.TidyAsync(CancellationToken.None);
        Assert.Empty(Directory.GetFiles(_scratch["incoming"]));
    }
}

/// <summary>The same on a disk that loses whatever was not synced.</summary>
public sealed class DirectoryMediumPowerCutTests
{
    [Fact]
    public async Task An_object_that_was_put_survives_a_power_cut()
    {
        for (int seed = 0; seed < 20; seed++)
        {
            var disk = new SimulatedDisk(seed);
            var medium = new DirectoryMedium(disk.NewProcess("sync"));
            using var content = new Store.Sealed.SealedContent();
            content.Load([1, 2, 3]);
            await medium.PutAsync("packs/ab/one", content, CancellationToken.None);
            IStoreDisk after = disk.Image(ImageMode.Seeded, seed).NewProcess("after");
            using IStoreFile file = after.OpenRead("packs/ab/one");
            byte[] read = new byte[3];
            Assert.Equal(3, file.ReadAt(read, 0));
            Assert.Equal([1, 2, 3], read);
        }
    }
}
