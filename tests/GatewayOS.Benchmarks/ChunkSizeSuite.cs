using System.Diagnostics;
using System.Globalization;
using GatewayOS.Store.Chunking;
using GatewayOS.Store.Compression;
using GatewayOS.Store.Hashing;

namespace GatewayOS.Benchmarks;

/// <summary>
/// What chunk limits cost and save, as a Markdown table: a real file tree, an incompressible image with scattered rewrites, and text that grows and
/// gets insertions. Everything but the tree is made from seeds.
/// </summary>
internal static class ChunkSizeSuite
{
    private const int SpotBytes = 64 << 10;
    private const int SpotsPercent = 10;
    private const long IndexedBytes = 50_000_000_000_000;
    private const int IndexEntryBytes = 32;
    private const int FileBytesMax = 1 << 30;
    private const int TextBytes = 256 << 20;

    private static readonly ChunkerParameters[] s_candidates =
    [
        new(16 << 10, 64 << 10, 256 << 10),
        new(16 << 10, 128 << 10, 512 << 10),
        new(32 << 10, 128 << 10, 256 << 10),
        new(32 << 10, 128 << 10, 512 << 10),
        new(32 << 10, 128 << 10, 1 << 20),
        new(64 << 10, 128 << 10, 512 << 10),
        new(64 << 10, 256 << 10, 1 << 20),
        new(128 << 10, 512 << 10, 2 << 20),
        new(256 << 10, 1 << 20, 4 << 20),
    ];

    private delegate int CutFinder(ReadOnlySpan<byte> data);

    /// <summary>Runs the suite. Arguments: <c>--root DIR</c> (default /usr), <c>--image-mib N</c> (1024), <c>--runs N</c> (5).</summary>
    public static int Run(string[] args)
    {
        string root = Argument(args, "--root", "/usr");
        int imageBytes = int.Parse(Argument(args, "--image-mib", "1024"), CultureInfo.InvariantCulture) << 20;
        int runs = int.Parse(Argument(args, "--runs", "5"), CultureInfo.InvariantCulture);
        string[] files = [.. FilesUnder(root)];
        (byte[] image, byte[] rewritten) = Image(imageBytes);
        (byte[] text, byte[] edited) = Text(files);
        byte[] key = new byte[Blake3.KeyBytes];
        new Random(1).NextBytes(key);

        Console.WriteLine(
            "| min / average / max KiB | mean KiB, image | MB/s, image (min median max) | tree: chunks | unique GB | LZ4 GB | image: new of 2nd | ratio to plain 1 MiB | "
            + "text: new of 2nd MB | index at 50 TB, tree GB | image GB |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        double plainNew = Row("512 / 1024 / 8192 plain", data => PlainCut(data, key), 0);
        foreach (ChunkerParameters candidate in s_candidates)
        {
            GearChunker chunker = new(candidate, key);
            Row($"{candidate.MinBytes >> 10} / {candidate.AverageBytes >> 10} / {candidate.MaxBytes >> 10}", data => chunker.FindCut(data), plainNew);
        }

        return 0;

        double Row(string name, CutFinder finder, double referenceNew)
        {
            Tally tree = new(compress: true);
            foreach (string file in files)
            {
                tree.Add(File.ReadAllBytes(file), finder);
            }

            Tally ofImage = new(compress: false);
            ofImage.Add(image, finder);
            double mean = (double)imageBytes / ofImage.Chunks;
            ofImage.Restart();
            ofImage.Add(rewritten, finder);
            Tally ofText = new(compress: false);
            ofText.Add(text, finder);
            ofText.Restart();
            ofText.Add(edited, finder);

            double[] speeds = Speeds(image, finder, runs);
            double share = (double)ofImage.UniqueBytes / imageBytes;
            string ratio = referenceNew > 0 ? $"{share / referenceNew:F2}" : "1";
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {name} | {mean / 1024:F0} | {speeds[0]:F0} {speeds[runs / 2]:F0} {speeds[^1]:F0} | {tree.Chunks} | {tree.UniqueBytes / 1e9:F3} | {tree.StoredBytes / 1e9:F3} | {share:P1} | {ratio} | "
                + $"{ofText.UniqueBytes / 1e6:F1} | {IndexGigabytes((double)tree.UniqueBytes / tree.UniqueChunks):F1} | {IndexGigabytes(mean):F1} |"));
            return share;
        }
    }

    private static double IndexGigabytes(double meanBytes) => IndexedBytes / meanBytes * IndexEntryBytes / 1e9;

    /// <summary>The common peers' way, to compare with: one mask of 20 bits, 512 KiB to 8 MiB.</summary>
    private static int PlainCut(ReadOnlySpan<byte> data, ReadOnlySpan<byte> key)
    {
        const int min = 512 << 10, max = 8 << 20;
        ulong seed = BitConverter.ToUInt64(key);
        ulong hash = 0;
        int end = Math.Min(data.Length, max);
        for (int i = min - 64; i < end; i++)
        {
            // SplitMix64's finaliser as the gear table: no state to carry.
            ulong gear = (data[i] + seed) * 0x9E37_79B9_7F4A_7C15;
            gear = (gear ^ (gear >> 30)) * 0xBF58_476D_1CE4_E5B9;
            hash = (hash << 1) + (gear ^ (gear >> 27));
            if (i >= min && hash < 1UL << 44)
            {
                return i + 1;
            }
        }

        return end == max ? max : GearChunker.NoCut;
    }

    private static double[] Speeds(byte[] image, CutFinder finder, int runs)
    {
        double[] speeds = new double[runs];
        for (int run = 0; run < runs; run++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int at = 0; at < image.Length;)
            {
                int cut = finder(image.AsSpan(at));
                at += cut == GearChunker.NoCut ? image.Length - at : cut;
            }

            speeds[run] = image.Length / Stopwatch.GetElapsedTime(start).TotalSeconds / 1e6;
        }

        Array.Sort(speeds);
        return speeds;
    }

    private static (byte[] First, byte[] Second) Image(int length)
    {
        byte[] first = new byte[length];
        Random random = new(2);
        random.NextBytes(first);
        byte[] second = [.. first];
        int[] spots = [.. Enumerable.Range(0, length / SpotBytes)];
        random.Shuffle(spots);
        foreach (int spot in spots.AsSpan(0, spots.Length * SpotsPercent / 100))
        {
            random.NextBytes(second.AsSpan(spot * SpotBytes, SpotBytes));
        }

        return (first, second);
    }

    /// <summary>Source text from the tree in one stream; the second generation has an insertion of up to 200 bytes in every MiB and 5 % more at its end.</summary>
    private static (byte[] First, byte[] Second) Text(string[] files)
    {
        MemoryStream all = new();
        string[] endings = [".h", ".py", ".c", ".txt", ".js", ".pl", ".sh", ".cs", ".md", ".html", ".xml"];
        foreach (string file in files.Where(file => endings.Contains(Path.GetExtension(file))))
        {
            all.Write(File.ReadAllBytes(file));
            if (all.Length > TextBytes)
            {
                break;
            }
        }

        ReadOnlySpan<byte> source = all.GetBuffer().AsSpan(0, (int)all.Length);
        byte[] first = source[..(source.Length / 105 * 100)].ToArray();
        Random random = new(3);
        MemoryStream second = new();
        Span<byte> line = stackalloc byte[200];
        for (int at = 0; at < source.Length;)
        {
            int next = Math.Min(source.Length, at + random.Next(2 << 20));
            second.Write(source[at..next]);
            random.NextBytes(line);
            second.Write(line[..random.Next(line.Length)]);
            at = next;
        }

        return (first, second.ToArray());
    }

    private static IEnumerable<string> FilesUnder(string root)
    {
        EnumerationOptions all = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };
        return new DirectoryInfo(root).EnumerateFiles("*", all).Where(file => file.Length is > 0 and < FileBytesMax).Select(file => file.FullName).Order(StringComparer.Ordinal);
    }

    private static string Argument(string[] args, string name, string otherwise)
    {
        int at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
    }

    /// <summary>Counts chunks, and bytes of chunks not seen before.</summary>
    private sealed class Tally(bool compress)
    {
        private readonly HashSet<UInt128> _seen = [];
        private readonly byte[] _stored = new byte[8 << 20];

        public long Chunks { get; private set; }

        public long UniqueChunks { get; private set; }

        public long UniqueBytes { get; private set; }

        public long StoredBytes { get; private set; }

        public void Restart() => (Chunks, UniqueChunks, UniqueBytes, StoredBytes) = (0, 0, 0, 0);

        public void Add(ReadOnlySpan<byte> data, CutFinder finder)
        {
            Span<byte> hash = stackalloc byte[16];
            while (!data.IsEmpty)
            {
                int cut = finder(data);
                ReadOnlySpan<byte> chunk = cut == GearChunker.NoCut ? data : data[..cut];
                data = data[chunk.Length..];
                Chunks++;
                Blake3.Hash(chunk, hash);
                if (_seen.Add(BitConverter.ToUInt128(hash)))
                {
                    UniqueChunks++;
                    UniqueBytes += chunk.Length;
                    if (compress)
                    {
                        ChunkCodec.Compress(chunk, _stored, out int written);
                        StoredBytes += written;
                    }
                }
            }
        }
    }
}
