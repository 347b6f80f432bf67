namespace GatewayOS.CorpusMaker;

/// <summary>The words of a corpus, and text made of them: some of them common and most of them rare, as in code and logs.</summary>
internal sealed class Vocabulary
{
    private const int Words = 4096;
    private const int SyllablesMax = 4;
    private const string Consonants = "bcdfghklmnprstvw";
    private const string Vowels = "aeiou";

    private readonly byte[][] _words = new byte[Words][];

    public Vocabulary(ulong seed)
    {
        var random = new SeededBytes(seed, "vocabulary");
        for (int i = 0; i < Words; i++)
        {
            var word = new List<byte>();
            for (long syllable = 1 + random.Below(SyllablesMax); syllable > 0; syllable--)
            {
                word.Add((byte)Consonants[(int)random.Below(Consonants.Length)]);
                word.Add((byte)Vowels[(int)random.Below(Vowels.Length)]);
            }

            _words[i] = [.. word];
        }
    }

    /// <summary>A word; half of all come from a sixty-fourth of the vocabulary.</summary>
    public ReadOnlySpan<byte> Word(SeededBytes random) => _words[(int)(random.Percent(50) ? random.Below(Words / 64) : random.Below(Words))];

    /// <summary>Fills with lines of code.</summary>
    public void FillText(SeededBytes random, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Put(ref bytes, "        "u8[..(int)(random.Below(3) * 4)]);
            for (long words = 2 + random.Below(7); words > 0; words--)
            {
                Put(ref bytes, Word(random));
                Put(ref bytes, random.Below(4) switch { 0 => "."u8, 1 => "("u8, 2 => ", "u8, _ => " "u8 });
            }

            Put(ref bytes, ";\n"u8);
        }
    }

    /// <summary>Copies as much as fits, and moves on.</summary>
    public static void Put(ref Span<byte> rest, ReadOnlySpan<byte> text)
    {
        int length = Math.Min(rest.Length, text.Length);
        text[..length].CopyTo(rest);
        rest = rest[length..];
    }
}
