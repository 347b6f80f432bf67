using System.Globalization;

namespace GatewayOS.CorpusMaker.Parts;

/// <summary>Source code: many small text files. A day edits, renames, adds and removes some.</summary>
internal sealed class SourceTree(Vocabulary words) : CorpusPart("source")
{
    private const int FileBytesSmallest = 512;
    private const int SizeDoublings = 8;
    private const int Directories = 40;
    private const long EditedPermille = 30;
    private const long RenamedPermille = 3;
    private const long ReplacedPermille = 5;
    private const int EditsMax = 4;

    public override void Make(string directory, long sizeBytes, SeededBytes random)
    {
        long left = sizeBytes;
        for (int number = 0; left > 0; number++)
        {
            left -= MakeFile(directory, string.Create(CultureInfo.InvariantCulture, $"f{number:00000}.cs"), random);
        }
    }

    public override void Age(string directory, long sizeBytes, int day, SeededBytes random)
    {
        var files = new List<string>(FilesIn(directory));
        int made = files.Count;
        for (long edits = Permille(made, EditedPermille); edits > 0; edits--)
        {
            Edit(files[(int)random.Below(files.Count)], random);
        }

        for (long renames = Permille(made, RenamedPermille); renames > 0; renames--)
        {
            int chosen = (int)random.Below(files.Count);
            string renamed = Path.Join(Path.GetDirectoryName(files[chosen]), string.Create(CultureInfo.InvariantCulture, $"r{day:0000}-{renames:000}.cs"));
            File.Move(files[chosen], renamed);
            files[chosen] = renamed;
        }

        for (long replaced = Permille(made, ReplacedPermille); replaced > 0; replaced--)
        {
            int chosen = (int)random.Below(files.Count);
            File.Delete(files[chosen]);
            files.RemoveAt(chosen);
            MakeFile(directory, string.Create(CultureInfo.InvariantCulture, $"n{day:0000}-{replaced:000}.cs"), random);
        }
    }

    private int MakeFile(string directory, string name, SeededBytes random)
    {
        int range = FileBytesSmallest << (int)random.Below(SizeDoublings);
        byte[] content = new byte[range + random.Below(range)];
        words.FillText(random, content);
        string place = Path.Join(directory, string.Create(CultureInfo.InvariantCulture, $"module{random.Below(Directories):00}"));
        Directory.CreateDirectory(place);
        File.WriteAllBytes(Path.Join(place, name), content);
        return content.Length;
    }

    // Lines are replaced by more or fewer others.
    private void Edit(string file, SeededBytes random)
    {
        List<byte> content = [.. File.ReadAllBytes(file)];
        for (long edits = 1 + random.Below(EditsMax); edits > 0; edits--)
        {
            int at = (int)random.Below(content.Count + 1);
            content.RemoveRange(at, (int)Math.Min(random.Below(80), content.Count - at));
            byte[] line = new byte[1 + random.Below(120)];
            words.FillText(random, line);
            content.InsertRange(at, line);
        }

        File.WriteAllBytes(file, [.. content]);
    }
}
