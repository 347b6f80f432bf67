using System.Globalization;
using GatewayOS.System.Tests.Guest;
using GatewayOS.TestKit.Programs;
using Xunit.Abstractions;

namespace GatewayOS.System.Tests;

/// <summary>
/// Power cuts while backups write to a store on an array, one after the other without a pause: the machine, a guest, is killed, and with it all that its
/// kernel had not written to its disks, which are files of the host.
/// </summary>
public sealed class ArrayPowerCutTests(ITestOutputHelper output)
{
    private const int CutsDefault = 4;

    // Then the disks are full.
    private const int CutsPerStore = 10;
    private const int Disks = 4;
    private const long DiskBytes = 1024L * 1024 * 1024;

    // A cut comes when so many backups have been acknowledged since the start, and then some time later.
    private const int BackupsMax = 4, DelayMsMax = 3_000;
    private const string Store = "--store /srv/store/s --key-file /exchange/store.key --quiet";

    [Fact]
    public void After_every_cut_the_array_assembles_and_what_was_acknowledged_is_there()
    {
        int cuts = Number("GATEWAY_CUTS", CutsDefault);
        int seed = Number("GATEWAY_SEED", Environment.ProcessId);
        output.WriteLine($"seed {seed} (GATEWAY_SEED={seed} repeats the delays; GATEWAY_CUTS={cuts})");
        var random = new Random(seed);
        int acknowledged = 0, running = 0;
        for (int done = 0; done < cuts; done += CutsPerStore)
        {
            using var scratch = new ScratchDirectory("cuts");
            string[] disks = MakeArray(scratch);
            for (int cut = done; cut < Math.Min(cuts, done + CutsPerStore); cut++)
            {
                Life life = UntilTheCut(scratch, disks, random.Next(BackupsMax + 1), random.Next(DelayMsMax));
                acknowledged += life.Acknowledged;
                running += life.WasWriting ? 1 : 0;
                output.WriteLine($"cut {cut + 1}: {life.Acknowledged} snapshots acknowledged since the last, a backup was {(life.WasWriting ? "" : "not ")}running");
            }

            // What the last cut left is held against what was promised, too.
            using ArrayGuest last = Recovered(scratch, disks);
        }

        Assert.True(running * 2 > cuts, $"only {running} of {cuts} cuts met a running backup");
        output.WriteLine($"{cuts} cuts, {running} of them in a running backup, {acknowledged} snapshots acknowledged, none lost");
    }

    private static int Number(string variable, int otherwise) => Environment.GetEnvironmentVariable(variable) is { } given ? int.Parse(given, CultureInfo.InvariantCulture) : otherwise;

    private static string[] MakeArray(ScratchDirectory scratch)
    {
        string[] disks = [.. Enumerable.Range(0, Disks).Select(disk => scratch[$"disk{disk}"])];
        Array.ForEach(disks, disk =>
        {
            using FileStream file = File.Create(disk);
            file.SetLength(DiskBytes);
        });
        using var guest = new ArrayGuest(scratch, disks);
        guest.Run($"mdadm --create /dev/md0 --quiet --run --level=5 --raid-devices={Disks} --bitmap=internal --assume-clean /dev/ubd[bcde] && mkfs.ext4 -q /dev/md0 && mount /dev/md0 /srv/store && gatewayctl store init {Store} && sync").Expect(0);
        return disks;
    }

    // The machine after a cut: udev assembles the array and names it as it likes, and the store opens and is whole without a repair.
    private static ArrayGuest Recovered(ScratchDirectory scratch, string[] disks)
    {
        var guest = new ArrayGuest(scratch, disks);
        guest.Run("""
            for attempt in $(seq 100); do grep -q ': active' /proc/mdstat && break; sleep 0.1; done
            md=$(basename /sys/block/md*)
            mount "/dev/$md" /srv/store && [ "$(cat "/sys/block/$md/md/degraded")" = 0 ] || { cat /proc/mdstat; exit 1; }
            """).Expect(0);
        guest.Run($"gatewayctl store verify --read-data {Store}").Expect(0);
        string[] present = [.. guest.Run($"gatewayctl store snapshots {Store} --json").Expect(0).Json.GetProperty("snapshots").EnumerateArray().Select(snapshot => snapshot.GetProperty("id").GetString()!)];
        Assert.All(Promised(scratch), id => Assert.Contains(id, present));
        return guest;
    }

    private static Life UntilTheCut(ScratchDirectory scratch, string[] disks, int backups, int delayMs)
    {
        int before = Promised(scratch).Length;
        File.Delete(scratch["exchange/running"]);
        using (ArrayGuest guest = Recovered(scratch, disks))
        {
            guest.Run($$"""
                (
                  mkdir -p /tmp/tree
                  while true; do
                    head -c 12000000 /dev/urandom > /tmp/tree/file
                    touch /exchange/running
                    gatewayctl store backup /tmp/tree {{Store}} --json > /tmp/backup.json && grep -m1 '"id"' /tmp/backup.json >> /exchange/acknowledged && sync /exchange/acknowledged
                    rm /exchange/running
                  done
                ) > /dev/null 2>&1 &
                """).Expect(0);
            Until.Holds(() => Promised(scratch).Length >= before + backups, $"{backups} backups are acknowledged");
            using var pause = new ManualResetEventSlim();
            pause.Wait(TimeSpan.FromMilliseconds(delayMs));
        }

        return new Life(Promised(scratch).Length - before, File.Exists(scratch["exchange/running"]));
    }

    // Whole lines only: the last one may have been cut, and then nobody was told.
    private static string[] Promised(ScratchDirectory scratch) => File.Exists(scratch["exchange/acknowledged"])
        ? [.. File.ReadAllText(scratch["exchange/acknowledged"]).Split('\n')[..^1].Select(line => line.Split('"')[3])]
        : [];

    private readonly record struct Life(int Acknowledged, bool WasWriting);
}
