using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Simulated;

namespace GatewayOS.Store.Tests.Storage;

/// <summary>What every disk must do alike; the simulation proves nothing about production unless both pass.</summary>
public abstract class StoreDiskConformance
{
    protected abstract IStoreDisk Disk { get; }

    [Fact]
    public void A_written_file_reads_back_at_any_offset()
    {
        using IStoreFile file = Disk.Create("a");
        file.WriteAt([1, 2, 3], 0);
        file.WriteAt([9], 5);
        byte[] buffer = new byte[10];
        Assert.Equal(6, file.ReadAt(buffer, 0));
        Assert.Equal([1, 2, 3, 0, 0, 9], buffer[..6]);
        Assert.Equal(1, file.ReadAt(buffer, 5));
        Assert.Equal(0, file.ReadAt(buffer, 6));
        Assert.Equal(0, file.ReadAt(buffer, 60));
        Assert.Equal(6, file.LengthBytes);
    }

    [Fact]
    public void A_cut_file_extends_with_zeros()
    {
        using IStoreFile file = Disk.Create("a");
        file.WriteAt([1, 2, 3, 4], 0);
        file.SetLength(2);
        file.SetLength(4);
        byte[] buffer = new byte[4];
        Assert.Equal(4, file.ReadAt(buffer, 0));
        Assert.Equal([1, 2, 0, 0], buffer);
    }

    [Fact]
    public void Create_refuses_what_exists_and_open_what_is_missing()
    {
        Disk.Create("a").Dispose();
        Assert.Equal(StoreIoFailure.Exists, Assert.Throws<StoreIoException>(() => Disk.Create("a")).Failure);
        Assert.Equal(StoreIoFailure.Missing, Assert.Throws<StoreIoException>(() => Disk.OpenRead("b")).Failure);
        Assert.Equal(StoreIoFailure.Missing, Assert.Throws<StoreIoException>(() => Disk.OpenWrite("b")).Failure);
        Assert.Equal(StoreIoFailure.Missing, Assert.Throws<StoreIoException>(() => Disk.Delete("b")).Failure);
        Assert.Equal(StoreIoFailure.Missing, Assert.Throws<StoreIoException>(() => Disk.Rename("b", "c")).Failure);
        Assert.Equal(StoreIoFailure.Missing, Assert.Throws<StoreIoException>(() => Disk.Create("none/a")).Failure);
        Assert.Equal(StoreIoFailure.Missing, Assert.Throws<StoreIoException>(() => Disk.SyncDirectory("none")).Failure);
    }

    [Fact]
    public void Names_are_those_of_the_files_in_the_listing()
    {
        Disk.CreateDirectory("d");
        Disk.CreateDirectory("d/deeper");
        Disk.Create("d/.hidden").Dispose();
        Disk.Create("d/a").Dispose();
        Assert.Equal([".hidden", "a"], Disk.ListNames("d").Order(StringComparer.Ordinal));
        Assert.Equal([".hidden", "a", "deeper"], Disk.List("d").Select(entry => entry.Name).Order(StringComparer.Ordinal));
        Assert.Empty(Disk.ListNames("none"));
    }

    [Fact]
    public void A_file_opened_for_reading_cannot_be_written()
    {
        Disk.Create("a").Dispose();
        using IStoreFile file = Disk.OpenRead("a");
        Assert.Throws<StoreIoException>(() => file.WriteAt([1], 0));
    }

    [Fact]
    public void Rename_replaces_and_open_files_follow()
    {
        using IStoreFile first = Disk.Create("a");
        first.WriteAt([1], 0);
        using IStoreFile second = Disk.Create("b");
        second.WriteAt([2], 0);
        Disk.Rename("a", "b");
        first.WriteAt([3], 1);
        using IStoreFile found = Disk.OpenRead("b");
        byte[] buffer = new byte[4];
        Assert.Equal(2, found.ReadAt(buffer, 0));
        Assert.Equal([1, 3], buffer[..2]);
        Assert.Equal(1, second.ReadAt(buffer, 0));
        Assert.Equal(2, buffer[0]);
    }

    [Fact]
    public void Reserved_room_reads_as_zeros_and_goes_with_the_length()
    {
        using IStoreFile file = Disk.CreateStreamed("a");
        file.WriteAt([1], 0);
        file.Reserve(1 << 20);
        file.WriteAt([2], 5000);
        file.SetLength(5001);
        Assert.Equal(5001, file.LengthBytes);
        byte[] content = new byte[6000];
        Assert.Equal(5001, file.ReadAt(content, 0));
        Assert.Equal((1, 2), (content[0], content[5000]));
        Assert.All(content[1..5000], value => Assert.Equal(0, value));
    }

    [Fact]
    public void A_deleted_file_stays_readable_where_it_is_open()
    {
        using IStoreFile file = Disk.Create("a");
        file.WriteAt([1], 0);
        Disk.Delete("a");
        Assert.Equal(1, file.ReadAt(new byte[1], 0));
        Assert.Empty(Disk.List(""));
    }

    [Fact]
    public void Listings_tell_files_and_directories()
    {
        Disk.CreateDirectory("d");
        Disk.CreateDirectory("d");
        using (IStoreFile file = Disk.Create("d/f"))
        {
            file.WriteAt([1, 2], 0);
        }

        Assert.Equal([new StoreEntry("d", 0, IsDirectory: true)], Disk.List(""));
        Assert.Equal([new StoreEntry("f", 2, IsDirectory: false)], Disk.List("d"));
        Assert.Empty(Disk.List("missing"));
    }

    [Fact]
    public void A_lock_excludes_until_it_is_released()
    {
        Assert.False(Disk.IsLocked("l"));
        IStoreLock held = Disk.TryLock("l")!;
        Assert.True(Disk.IsLocked("l"));
        Assert.Null(Disk.TryLock("l"));
        Assert.True(held.IsStillNamed);
        held.Describe("me"u8);
        held.Dispose();
        Assert.False(Disk.IsLocked("l"));
        using IStoreLock? again = Disk.TryLock("l");
        Assert.NotNull(again);
    }

    [Fact]
    public void A_lock_whose_file_was_deleted_knows_it()
    {
        using IStoreLock held = Disk.TryLock("l")!;
        Disk.Delete("l");
        Assert.False(held.IsStillNamed);
        Assert.False(Disk.IsLocked("l"));
    }
}

public sealed class SimulatedDiskConformance : StoreDiskConformance
{
    protected override IStoreDisk Disk { get; } = new SimulatedDisk(1).NewProcess();
}

public sealed class PosixDiskConformance : StoreDiskConformance, IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("gateway-disk-");

    public PosixDiskConformance() => Disk = new PosixDisk(_directory.FullName);

    protected override IStoreDisk Disk { get; }

    public void Dispose() => _directory.Delete(recursive: true);
}
