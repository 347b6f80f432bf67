using System.Globalization;
using System.Text;

namespace GatewayOS.CorpusMaker.Parts;

/// <summary>Logs: a file that grows, is rotated when it is long, and of which the oldest are removed.</summary>
internal sealed class LogFiles(Vocabulary words) : CorpusPart("log")
{
    private const string Current = "app.log";
    private const int DaysInAll = 50;
    private const int FilesInAll = 8;
    private const int SecondsPerLine = 7;
    private static readonly string[] s_levels = ["INFO ", "INFO ", "INFO ", "WARN ", "ERROR"];

    public override void Make(string directory, long sizeBytes, SeededBytes random)
    {
        for (int file = 1; file < FilesInAll; file++)
        {
            Append(Path.Join(directory, Rotated(file - FilesInAll)), sizeBytes / FilesInAll, file - FilesInAll, random);
        }

        Append(Path.Join(directory, Current), sizeBytes / FilesInAll, 0, random);
    }

    public override void Age(string directory, long sizeBytes, int day, SeededBytes random)
    {
        string current = Path.Join(directory, Current);
        if (new FileInfo(current).Length > sizeBytes / FilesInAll)
        {
            File.Move(current, Path.Join(directory, Rotated(day)));
        }

        Append(current, sizeBytes / DaysInAll, day, random);
        string[] files = FilesIn(directory);
        if (files.Length > FilesInAll + 1)
        {
            // Names ascend with their day; the current log comes last.
            File.Delete(files[0]);
        }
    }

    // Offset by a thousand, so that names sort by day though the first ones are from before the corpus began. Sorts before the current log.
    private static string Rotated(int day) => string.Create(CultureInfo.InvariantCulture, $"app-{1000 + day:0000}.log");

    private void Append(string path, long bytes, int day, SeededBytes random)
    {
        using FileStream file = new(path, FileMode.Append);
        DateTime time = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddDays(day);
        var line = new StringBuilder();
        for (long left = bytes; left > 0;)
        {
            time = time.AddSeconds(random.Below(SecondsPerLine));
            line.Clear().Append(CultureInfo.InvariantCulture, $"{time:yyyy-MM-ddTHH:mm:ss}Z {s_levels[random.Below(s_levels.Length)]} gw[{1000 + random.Below(40)}]: ");
            for (long word = 3 + random.Below(6); word > 0; word--)
            {
                line.Append(Encoding.ASCII.GetString(words.Word(random))).Append(' ');
            }

            line.Append(CultureInfo.InvariantCulture, $"id={random.Next() >> 32:x8} ms={random.Below(5000)}\n");
            byte[] encoded = Encoding.ASCII.GetBytes(line.ToString());
            file.Write(encoded);
            left -= encoded.Length;
        }
    }
}
