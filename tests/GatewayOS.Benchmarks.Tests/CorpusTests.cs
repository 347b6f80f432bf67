using System.Security.Cryptography;
using System.Text;
using GatewayOS.CorpusMaker;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks.Tests;

/// <summary>A corpus is what its seed says, everywhere and always.</summary>
public sealed class CorpusTests : IDisposable
{
    // Of seed 7 at 4 MiB. They change only together with what a corpus is: figures from before are then not comparable.
    private const string DigestOfGeneration0 = "7493744B62AE9D8C";
    private const string DigestOfGeneration3 = "96927EF22DBF1729";

    private readonly ScratchDirectory _scratch = new("corpus");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_seed_gives_the_same_bytes_on_any_machine()
    {
        Corpus.Make(_scratch["c"], Corpus.SizeBytesMin, seed: 7);
        Assert.Equal(DigestOfGeneration0, Digest(_scratch["c"]));
        Corpus.Age(_scratch["c"], 3);
        Assert.Equal(DigestOfGeneration3, Digest(_scratch["c"]));
    }

    [Fact]
    public void Days_one_by_one_come_to_the_same_as_days_at_once()
    {
        Corpus.Make(_scratch["slow"], Corpus.SizeBytesMin, seed: 8);
        Corpus.Make(_scratch["fast"], Corpus.SizeBytesMin, seed: 8);
        for (int day = 0; day < 30; day++)
        {
            Corpus.Age(_scratch["slow"], null);
        }

        Corpus.Age(_scratch["fast"], 30);
        Assert.Equal(Digest(_scratch["fast"]), Digest(_scratch["slow"]));
    }

    [Fact]
    public void Another_seed_gives_other_bytes()
    {
        Corpus.Make(_scratch["one"], Corpus.SizeBytesMin, seed: 1);
        Corpus.Make(_scratch["two"], Corpus.SizeBytesMin, seed: 2);
        Assert.NotEqual(Digest(_scratch["one"]), Digest(_scratch["two"]));
    }

    [Fact]
    public void A_day_changes_little_and_the_size_stays_about_the_same()
    {
        Corpus.Make(_scratch["c"], 4 * Corpus.SizeBytesMin, seed: 3);
        long made = Bytes(_scratch["c"]);
        Corpus.Age(_scratch["c"], 100);
        Assert.InRange(Bytes(_scratch["c"]), made * 9 / 10, made * 5 / 4);
    }

    [Fact]
    public void An_interrupted_corpus_and_a_foreign_directory_are_refused()
    {
        Corpus.Make(_scratch["c"], Corpus.SizeBytesMin, seed: 7);
        string state = Path.Join(_scratch["c"], "corpus.json");
        File.WriteAllText(state, File.ReadAllText(state).Replace("true", "false", StringComparison.Ordinal));
        Assert.Contains("interrupted", Assert.Throws<CorpusException>(() => Corpus.Age(_scratch["c"], null)).Message, StringComparison.Ordinal);
        Assert.Contains("not empty", Assert.Throws<CorpusException>(() => Corpus.Make(_scratch["c"], Corpus.SizeBytesMin, seed: 7)).Message, StringComparison.Ordinal);
        Assert.Contains("no corpus", Assert.Throws<CorpusException>(() => Corpus.Age(_scratch.Path, null)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_corpus_does_not_grow_younger()
    {
        Corpus.Make(_scratch["c"], Corpus.SizeBytesMin, seed: 7);
        Corpus.Age(_scratch["c"], 2);
        Assert.Contains("generation 2", Assert.Throws<CorpusException>(() => Corpus.Age(_scratch["c"], 1)).Message, StringComparison.Ordinal);
    }

    private static long Bytes(string directory) => Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length);

    private static string Digest(string directory)
    {
        using var digest = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            digest.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(directory, file)));
            digest.AppendData(SHA256.HashData(File.ReadAllBytes(file)));
        }

        return Convert.ToHexString(digest.GetHashAndReset())[..16];
    }
}
