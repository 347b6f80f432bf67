using GatewayOS.Cloud.Vault;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cloud.Tests.Vault;

public sealed class VaultLedgerTests
{
    [Fact]
    public void Threads_that_save_at_once_each_find_their_note_on_the_disk()
    {
        using var scratch = new ScratchDirectory("ledger");
        var directory = new StateDirectory(scratch["state"]);
        var ledger = VaultLedger.Open(directory, "v.ledger");
        OwnedThreads.Run(4, [.. Enumerable.Range(0, 200)], number =>
        {
            ledger.Set(new VaultObject($"packs/{number}", number, "tag"));
            ledger.Save();
            Assert.NotNull(VaultLedger.Open(directory, "v.ledger").Find($"packs/{number}"));
        }, CancellationToken.None);
        Assert.Equal(200, VaultLedger.Open(directory, "v.ledger").Count);
    }
}
