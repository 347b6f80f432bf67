using System.Globalization;
using GatewayOS.System.Tests.Guest;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests;

/// <summary>
/// Power cuts while a store on an array is written at full rate: the machine, a guest, is killed, and with it all that its kernel had not written to its
/// disks, which are files of the host.
/// </summary>
public sealed class ArrayPowerCutTests(ITestOutputHelper output)
{
    private const int CutsDefault = 3;
    private const int Disks = 4;
    private const long DiskBytes = 512L * 1024 * 1024;
    private const string Store = "--store /srv/store/s --key-file /exchange/store.key --quiet";

    [Fact]
    public void After_every_cut_the_array_assembles_and_what_was_acknowledged_is_there()
    {
        int cuts = Environment.GetEnvironmentVariable("GATEWAY_CUTS") is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : CutsDefault;
        int seed = Environment.GetEnvironmentVariable("GATEWAY_SEED") is { } wished ? int.Parse(wished, CultureInfo.InvariantCulture) : Environment.ProcessId;
        output.WriteLine($"seed {seed} (GATEWAY_SEED={seed} repeats the delays; GATEWAY_CUTS={cuts})");
        var random = new Random(seed);
        using var scratch = new ScratchDirectory("cuts");
        string[] disks = [.. Enumerable.Range(0, Disks).Select(disk => scratch[$"disk{disk}"])];
        Array.ForEach(disks, disk =>
        {
            using FileStream file = File.Create(disk);
            file.SetLength(DiskBytes);
        });
        using (var guest = new ArrayGuest(scratch, disks))
        {
            guest.Run($"mdadm --create /dev/md0 --quiet --run --level=5 --raid-devices={Disks} --bitmap=internal --assume-clean /dev/ubd[bcde] && mkfs.ext4 -q /dev/md0 && mount /dev/md0 /srv/store && gatewayctl store init {Store} && sync").Expect(0);
        }

        int acknowledged = 0;
        for (int cut = 0; cut < cuts; cut++)
        {
            acknowledged = Cut(scratch, disks, random.Next(200, 8000), acknowledged);
        }

        Assert.True(acknowledged > 0, "no backup was acknowledged before any cut: this machine is too slow for the delays chosen here");
        output.WriteLine($"{cuts} cuts, {acknowledged} snapshots acknowledged");
    }

    // One life of the machine: everything acknowledged so far is there and whole, then more is written until the power goes.
    private static int Cut(ScratchDirectory scratch, string[] disks, int delayMs, int before)
    {
        using var guest = new ArrayGuest(scratch, disks);

        // udev assembles it, as in a real machine, and names it as it likes.
        guest.Run("""
            for attempt in $(seq 100); do grep -q ': active' /proc/mdstat && break; sleep 0.1; done
            md=$(basename /sys/block/md*)
            mount "/dev/$md" /srv/store && [ "$(cat "/sys/block/$md/md/degraded")" = 0 ] || { cat /proc/mdstat; exit 1; }
            """).Expect(0);
        guest.Run($"gatewayctl store verify --read-data {Store}").Expect(0);
        string[] present = [.. guest.Run($"gatewayctl store snapshots {Store} --json").Expect(0).Json.GetProperty("snapshots").EnumerateArray().Select(snapshot => snapshot.GetProperty("id").GetString()!)];
        string[] promised = Promised(scratch);
        Assert.All(promised, id => Assert.Contains(id, present));
        Assert.True(promised.Length >= before);
        guest.Run($$"""
            (
              while true; do
                mkdir -p /tmp/tree; head -c 24000000 /dev/urandom > /tmp/tree/$RANDOM
                [ $(ls /tmp/tree | wc -l) -gt 4 ] && rm /tmp/tree/$(ls /tmp/tree | head -1)
                gatewayctl store backup /tmp/tree {{Store}} --json > /tmp/backup.json && grep -m1 '"id"' /tmp/backup.json >> /exchange/acknowledged && sync /exchange/acknowledged
              done
            ) > /dev/null 2>&1 &
            """).Expect(0);
        using var pause = new ManualResetEventSlim();
        pause.Wait(TimeSpan.FromMilliseconds(delayMs));
        guest.CutPower();
        return Promised(scratch).Length;
    }

    // Whole lines only: the last one may have been cut, and then nobody was told.
    private static string[] Promised(ScratchDirectory scratch) => File.Exists(scratch["exchange/acknowledged"])
        ? [.. File.ReadAllText(scratch["exchange/acknowledged"]).Split('\n')[..^1].Select(line => line.Split('"')[3])]
        : [];
}
