using System.Globalization;

namespace GatewayOS.CorpusMaker.Parts;

/// <summary>Pictures and films: incompressible, written once. A day adds half a percent and removes the oldest.</summary>
internal sealed class MediaFiles() : CorpusPart("media")
{
    private const int FileBytesSmallest = 128 * 1024;
    private const int SizeDoublings = 5;
    private const long AddedPermille = 5;

    public override void Make(string directory, long sizeBytes, SeededBytes random) => AddFiles(directory, sizeBytes, 0, random);

    public override void Age(string directory, long sizeBytes, int day, SeededBytes random)
    {
        AddFiles(directory, Permille(sizeBytes, AddedPermille), day, random);
        var files = new Queue<string>(FilesIn(directory));
        long total = files.Sum(file => new FileInfo(file).Length);
        while (total > sizeBytes && files.TryDequeue(out string? oldest))
        {
            total -= new FileInfo(oldest).Length;
            File.Delete(oldest);
        }
    }

    private static void AddFiles(string directory, long bytes, int day, SeededBytes random)
    {
        for (int number = 0; bytes > 0; number++)
        {
            int range = FileBytesSmallest << (int)random.Below(SizeDoublings);
            byte[] content = new byte[Math.Min(bytes, range + random.Below(range))];
            random.Fill(content);
            File.WriteAllBytes(Path.Join(directory, string.Create(CultureInfo.InvariantCulture, $"d{day:0000}-{number:00000}.jpg")), content);
            bytes -= content.Length;
        }
    }
}
