using GatewayOS.Hardware.Raid.Making;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Raid.Making;

/// <summary>Whether a disk of a terabyte is blank, by what is read of it.</summary>
public sealed class BlankDeviceTests : IDisposable
{
    private const long DiskBytes = 1_000_204_886_016;

    private readonly ScratchDirectory _scratch = new("blank");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Zeros_are_blank()
    {
        using FileStream disk = Disk();
        Assert.Null(BlankDevice.FirstContent(disk, DiskBytes));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(BlankDevice.EdgeBytes - 1)]
    [InlineData(DiskBytes - BlankDevice.EdgeBytes)]
    [InlineData(DiskBytes - 1)]
    public void A_byte_near_an_edge_is_found(long at)
    {
        using FileStream disk = Disk();
        Write(disk, at, [1]);
        Assert.Equal(at, BlankDevice.FirstContent(disk, DiskBytes));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.99)]
    public void Files_of_a_gigabyte_are_found_wherever_they_are(double part)
    {
        using FileStream disk = Disk();
        long start = (long)(DiskBytes * part);

        // A file's worth of blocks, each with something in it.
        for (long at = start; at < start + 1_000_000_000; at += BlankDevice.SampleBytes / 2)
        {
            Write(disk, at, [1]);
        }

        Assert.NotNull(BlankDevice.FirstContent(disk, DiskBytes));
    }

    [Fact]
    public void Of_a_small_disk_every_byte_is_read()
    {
        const int SmallBytes = 40 * 1024 * 1024;
        using var disk = new MemoryStream(new byte[SmallBytes]);
        Assert.Null(BlankDevice.FirstContent(disk, SmallBytes));
        disk.Position = 20_000_001;
        disk.WriteByte(1);
        Assert.Equal(20_000_001, BlankDevice.FirstContent(disk, SmallBytes));
    }

    private static void Write(FileStream disk, long at, byte[] bytes)
    {
        disk.Position = at;
        disk.Write(bytes);
    }

    private FileStream Disk()
    {
        FileStream disk = File.Create(_scratch["disk"]);
        disk.SetLength(DiskBytes);
        return disk;
    }
}
