using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tests.Rig;

namespace GatewayOS.Store.Tests.Keys;

public sealed class KeySlotFilesTests : IDisposable
{
    private readonly TestStore _test = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void A_slot_can_be_added_used_and_removed()
    {
        StoreSecret other = StoreSecret.Recovery.Generate();
        using BackupStore store = _test.Open();
        KeySlotInfo added = store.AddKeySlot(other, "paper");
        BackupStore.Open(_test.Posix, other, new OpenOptions()).Dispose();
        Assert.Equal(added.Id, store.RemoveKeySlot(added.Id[..8]).Id);
        Assert.Throws<StoreUnusableException>(() => BackupStore.Open(_test.Posix, other, new OpenOptions()));
    }

    [Fact]
    public void The_last_slot_is_not_removed()
    {
        using BackupStore store = _test.Open();
        Assert.Throws<StoreUnusableException>(() => store.RemoveKeySlot(store.KeySlots()[0].Id));
        Assert.Single(_test.Files("keys"));
    }

    // A slot whose wrapped key has rotted still reads as a document. It opens nothing, so it does not count as the other slot.
    [Fact]
    public void The_last_slot_that_works_is_not_removed_though_a_damaged_one_stays()
    {
        using BackupStore store = _test.Open();
        string good = store.KeySlots()[0].Id;
        KeySlotInfo damaged = store.AddKeySlot(StoreSecret.Recovery.Generate(), "paper");
        string path = _test.PathOf($"keys/{damaged.Id}.key");
        string text = File.ReadAllText(path);
        int at = text.IndexOf("\"wrapped\": \"", StringComparison.Ordinal) + 14;
        File.WriteAllText(path, text[..at] + (text[at] == 'A' ? 'B' : 'A') + text[(at + 1)..]);

        Assert.Throws<StoreUnusableException>(() => store.RemoveKeySlot(good));
        Assert.Equal(damaged.Id, store.RemoveKeySlot(damaged.Id).Id);
        _test.Open().Dispose();
    }

    [Fact]
    public void Two_removals_at_once_do_not_take_the_last_two_slots()
    {
        StoreSecret second = StoreSecret.Recovery.Generate();
        var disk = new ProbeDisk(_test.Posix);
        using BackupStore store = _test.Open(disk);
        string first = store.KeySlots()[0].Id;
        string added = store.AddKeySlot(second, "paper").Id;
        using BackupStore rival = _test.Open();
        disk.Before = (call, path) =>
        {
            if (call == DiskCall.Delete && path.StartsWith("keys/", StringComparison.Ordinal))
            {
                Assert.Throws<StoreUnusableException>(() => rival.RemoveKeySlot(added));
            }
        };
        store.RemoveKeySlot(first);
        BackupStore.Open(_test.Posix, second, new OpenOptions()).Dispose();
    }
}
