using System.Diagnostics;
using System.Globalization;
using GatewayOS.Benchmarks.Results;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks.Scale;

/// <summary>rebuild-index beside cat over the same packs, in turn: full packs of random bytes with whole directories.</summary>
internal static class RebuildSpeed
{
    private const int Rounds = 3;

    /// <summary>Measures and adds the rows.</summary>
    /// <param name="results">Gets them.</param>
    /// <param name="work">Where packs are made.</param>
    /// <param name="packs">How many.</param>
    /// <param name="dropCaches">Empties the kernel's page cache before each run; needs root.</param>
    /// <param name="command">For the rows.</param>
    public static void Measure(BenchResults results, string work, int packs, bool dropCaches, string command)
    {
        using var scratch = new ScratchDirectory("rebuild");
        string directory = Path.Join(work, $"gateway-rebuild-{Environment.ProcessId}"), keyFile = scratch["key"];
        try
        {
            byte[] key = KeyFile.Generate();
            File.WriteAllBytes(keyFile, key);
            Fill(directory, new StoreSecret.KeyFile(key), packs);
            var store = new Gatewayctl(directory, new Dictionary<string, string> { ["GATEWAY_KEY_FILE"] = keyFile });
            double gigabytes = packs * SyntheticSegment.PackBytes / 1e9;
            string row = $"{packs} packs of {SyntheticSegment.PackBytes / 1e6:0} MB, {(dropCaches ? "cold" : "warm")}";
            for (int round = 0; round < Rounds; round++)
            {
                results.Add(row, "cat", "GB/s", gigabytes / Seconds(dropCaches, () => Shell.Run($"cat '{directory}'/packs/*/*.pack >/dev/null")), command);
                results.Add(row, "rebuild-index", "GB/s", gigabytes / Seconds(dropCaches, () => store.Expect(0, "rebuild-index", "--quiet")), command);
            }

            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{row}, GB of packs a second: cat {BenchResults.Spread(results.Values(row, "cat", "GB/s"))}, rebuild-index {BenchResults.Spread(results.Values(row, "rebuild-index", "GB/s"))} (process start included)"));
        }
        finally
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private static double Seconds(bool dropCaches, Action action)
    {
        if (dropCaches)
        {
            Shell.Run("sync; echo 3 >/proc/sys/vm/drop_caches");
        }

        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Fill(string directory, StoreSecret secret, int packs)
    {
        using BackupStore store = BackupStore.Create(new PosixDisk(directory), new StoreOptions(), secret, "scale", new OpenOptions { Purpose = "init" });
        var segment = new SyntheticSegment(seed: 9, strata: (packs * SyntheticSegment.RecordsPerPack / SyntheticSegment.StratumEntries) + 1, firstPack: 0);
        byte[] noise = new byte[1 << 20];
        Random random = Seeded.Random(9);
        for (int pack = 0; pack < packs; pack++)
        {
            string? path = null;
            segment.WritePack(pack, store.Guid, id => path = Path.Join(directory, StoreLayout.PackPath(id)));
            using FileStream file = File.OpenWrite(path!);
            file.Position = SyntheticSegment.RecordsOffset;
            while (file.Position < SyntheticSegment.RecordsEnd)
            {
                random.NextBytes(noise);
                file.Write(noise.AsSpan(0, (int)Math.Min(noise.Length, SyntheticSegment.RecordsEnd - file.Position)));
            }
        }
    }
}
