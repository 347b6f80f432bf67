using System.Text;
using GatewayOS.Backup.Files;
using GatewayOS.Cloud.Tests.Rig;
using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>How much of a machine that is backed up straight into a vault is taken by what waits to be sent.</summary>
public sealed class DirectStagingTests
{
    private const int PackBytes = 256 * 1024;
    private const long StagingBytes = 12 * PackBytes;

    // Packs of a size that no batch exceeds, with directories of a few hundredths, as in a store of the usual size.
    [Fact]
    public void The_machine_never_holds_more_than_it_may()
    {
        using var rig = new DirectRig(packBytes: PackBytes, chunker: new ChunkerParameters(512, 2048, 4096));
        rig.Write(1, files: 40, bytes: 400_000);
        long largest = 0;
        var slow = new HookedMedium(rig.Medium, _ =>
        {
            Thread.Yield();
            largest = Math.Max(largest, rig.NearPacks().Sum(Length));
        });
        DirectRun run = rig.Backup(slow, rig.Options with { StagingBytesMax = StagingBytes });
        Assert.InRange(run.StagedBytesPeak, StagingBytes / 2, StagingBytes);
        Assert.InRange(largest, StagingBytes / 4, StagingBytes);
        Assert.Equal(0, run.StagedBytesLeft);
        Assert.True(run.Snapshot.Draft.Counts.NewBytes > 4 * StagingBytes, "much more went through than fits");
        Assert.Equal("", rig.DifferencesAfterRestore());

        static long Length(string file)
        {
            try
            {
                return new FileInfo(file).Length;
            }
            catch (FileNotFoundException)
            {
                return 0;
            }
        }
    }

    [Fact]
    public void What_is_known_is_looked_up_on_the_machine_alone()
    {
        using var rig = new DirectRig(packBytes: PackBytes, chunker: new ChunkerParameters(512, 2048, 4096));
        rig.Write(1, files: 40, bytes: 400_000);
        DirectOptions options = rig.Options with { StagingBytesMax = StagingBytes };
        rig.Backup(options: options);
        int packs = rig.Packs().Length;
        using var never = new CancellationTokenSource();
        var counting = new CountingMedium(rig.Medium, reads: -1, never);
        using DirectVault vault = rig.Open(counting, options);
        int before = counting.Reads;
        BackupResult again = FileBackup.Run(vault.Store, new BackupOptions { Sources = [Encoding.UTF8.GetBytes(rig.Source)], Host = "test-node", ForceRead = true }, new BackupProgress(), CancellationToken.None);
        Assert.InRange(again.Snapshot.Draft.Counts.NewBytes, 0, 4096);

        // Only the trees of the snapshot before are far away, and they fill a few packs.
        Assert.True(packs > 40 && counting.Reads - before < 8, $"{counting.Reads - before} reads, {packs} packs");
    }

    [Fact]
    public void Room_for_too_few_packs_is_refused()
    {
        using var rig = new DirectRig();
        Assert.Contains("too little", Assert.Throws<StoreUnusableException>(() => rig.Open(options: rig.Options with { StagingBytesMax = 1000 })).Message, StringComparison.Ordinal);
    }
}
