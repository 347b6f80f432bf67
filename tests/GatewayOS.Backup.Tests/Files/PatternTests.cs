using System.Text;
using GatewayOS.Backup.Files;

namespace GatewayOS.Backup.Tests.Files;

/// <summary>Patterns mean what gitignore(5) says; git itself is asked.</summary>
public sealed class PatternTests : IDisposable
{
    private readonly Rig _rig = new();

    public void Dispose() => _rig.Dispose();

    [Theory]
    [InlineData("*.o", "a/b.o", true)]
    [InlineData("/a", "b/a", false)]
    [InlineData("/a", "a", true)]
    [InlineData("a/b", "x/a/b", false)]
    [InlineData("a/**", "a", false)]
    [InlineData("a/**", "a/b/c", true)]
    [InlineData("**/b", "b", true)]
    [InlineData("a/**/b", "a/b", true)]
    [InlineData("a/**/b", "a/x/y/b", true)]
    [InlineData("a/**/b", "ab", false)]
    [InlineData("a*c", "a/c", false)]
    [InlineData("[a-c]x", "bx", true)]
    [InlineData("[!a-c]x", "bx", false)]
    [InlineData(@"\!x", "!x", true)]
    [InlineData(@"\#x", "#x", true)]
    [InlineData("#x", "#x", false)]
    [InlineData(@"x\ ", "x ", true)]
    [InlineData("x ", "x", true)]
    [InlineData(@"a\*b", "a*b", true)]
    [InlineData(@"a\*b", "axb", false)]
    [InlineData("[[:digit:]]", "5", true)]
    [InlineData("a[", "a[", false)]
    [InlineData("a[b-", "ab", false)]
    [InlineData("[!]", "a", false)]
    [InlineData("**", "any/thing", true)]
    [InlineData("a/", "a", false)]
    [InlineData("a/", "a/b", true)]
    [InlineData("É", "É", true)]
    public void Examples(string pattern, string path, bool expected)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(path);
        Assert.Equal(expected, new PatternSet([pattern]).MatchesWithParents(bytes, bytes, isDirectory: false));
    }

    [Fact]
    public void Git_agrees()
    {
        var random = new Random(20261120);
        _rig.Shell("git init -q .");
        const string alphabet = "abAB.x-";
        string Name() => string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => alphabet[random.Next(alphabet.Length)]));

        // A real tree, since git looks at the disk to know directories.
        var paths = new SortedSet<string>(StringComparer.Ordinal);
        while (paths.Count < 400)
        {
            string path = string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => Name()));
            if (!path.Split('/').Any(name => name is "." or ".." || name.StartsWith(".git", StringComparison.Ordinal)))
            {
                paths.Add(path);
            }
        }

        var directories = new HashSet<string>(StringComparer.Ordinal);
        var files = new List<string>();
        foreach (string path in paths)
        {
            string full = Path.Join(_rig.Source, path);
            try
            {
                Directory.CreateDirectory(Path.GetDirectoryName(full)!);
                if (!Directory.Exists(full))
                {
                    File.WriteAllText(full, "");
                    files.Add(path);
                }
            }
            catch (IOException)
            {
                continue;
            }

            for (string? above = Path.GetDirectoryName(path); !string.IsNullOrEmpty(above); above = Path.GetDirectoryName(above))
            {
                directories.Add(above);
            }
        }

        string[] all = [.. files, .. directories];
        File.WriteAllText(Path.Join(_rig.Target, "paths"), string.Join('\n', all) + "\n");
        for (int round = 0; round < 400; round++)
        {
            string[] patterns = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => Pattern(random))];
            File.WriteAllText(Path.Join(_rig.Source, ".git/info/exclude"), string.Join('\n', patterns) + "\n");
            string output = _rig.Shell($"git check-ignore --no-index --stdin < {Rig.Quote(_rig.Target)}/paths || true");
            var git = new HashSet<string>(output.Split('\n', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);
            var set = new PatternSet(patterns);
            foreach (string path in all)
            {
                byte[] bytes = Encoding.UTF8.GetBytes(path);
                bool ours = set.MatchesWithParents(bytes, bytes, directories.Contains(path));
                Assert.True(ours == git.Contains(path), $"{path} with [{string.Join(" | ", patterns)}]: git {git.Contains(path)}, ours {ours}");
            }
        }
    }

    [Fact]
    public void A_pattern_of_many_stars_does_not_explode()
    {
        byte[] name = Encoding.UTF8.GetBytes(new string('a', 250));
        var set = new PatternSet([string.Concat(Enumerable.Repeat("*a", 60)) + "b", string.Concat(Enumerable.Repeat("**/", 40)) + "zzz/b"]);
        byte[] path = Encoding.UTF8.GetBytes(string.Join('/', Enumerable.Repeat("a", 200)));
        Assert.False(set.Matches(name, name, isDirectory: false));
        Assert.False(set.Matches(path, path, isDirectory: false));
    }

    [Fact]
    public void Backup_leaves_out_what_the_patterns_say()
    {
        _rig.Shell("mkdir -p cache/deep keep/cache; touch a.tmp b.txt cache/x cache/deep/y keep/cache/z keep/important.tmp; mkdir build; touch build/o; echo 12345 > large");
        string[] Kept(params string[] patterns) =>
            [.. _rig.Tree(_rig.Backup(options => options with { Excludes = new PatternSet(patterns) })).Keys.Where(path => path.Length > 0).Order(StringComparer.Ordinal)];
        Assert.Equal(["b.txt", "build", "build/o", "cache", "cache/deep", "cache/deep/y", "cache/x", "keep", "keep/cache", "keep/cache/z", "keep/important.tmp", "large"], Kept("*.tmp", "!important.tmp"));
        Assert.DoesNotContain("cache", Kept("/cache/"));
        Assert.Contains("keep/cache/z", Kept("/cache/"));
        Assert.DoesNotContain("keep/cache", Kept("cache"));
        Assert.DoesNotContain("build", Kept(_rig.Source + "/build"));
        Assert.Contains("build", Kept("build/*"));
    }

    [Fact]
    public void Caches_markers_size_and_file_systems()
    {
        _rig.Shell("""
            mkdir cache fake marked; printf 'Signature: 8a477f597d28d172789f06886806bc55\n# by a test' > cache/CACHEDIR.TAG; touch cache/data
            printf 'Signature: wrong' > fake/CACHEDIR.TAG; touch fake/data; touch marked/.nobackup marked/data; truncate -s 2000 big; truncate -s 1000 fits
            """);
        Dictionary<string, Store.Trees.TreeNode> tree = _rig.Tree(_rig.Backup(options => options with { ExcludeCaches = true, ExcludeIfPresent = ".nobackup", ExcludeLargerThanBytes = 1000 }));
        Assert.Equal(["", "cache", "cache/CACHEDIR.TAG", "fake", "fake/CACHEDIR.TAG", "fake/data", "fits", "marked", "marked/.nobackup"], tree.Keys.Order(StringComparer.Ordinal));
    }

    [RootFact]
    public void One_file_system()
    {
        _rig.Shell("mkdir mount; echo 1 > beside; mount -t tmpfs tmpfs mount; echo 2 > mount/inside");
        try
        {
            Dictionary<string, Store.Trees.TreeNode> tree = _rig.Tree(_rig.Backup(options => options with { OneFileSystem = true }));
            Assert.Equal(["", "beside", "mount"], tree.Keys.Order(StringComparer.Ordinal));
            Assert.Contains("mount/inside", _rig.Tree(_rig.Backup()).Keys);
            Assert.Contains("mount/inside", _rig.Tree(_rig.Backup(options => options with { OneFileSystem = true, Sources = [Rig.Bytes(_rig.Source), Rig.Bytes(_rig.Source + "/mount")] })).Keys);
        }
        finally
        {
            _rig.Shell("umount mount");
        }
    }

    private static string Pattern(Random random)
    {
        string[] pieces = ["a", "b", "A", ".", "x", "-", "*", "?", "[ab]", "[!a]", "[^b.]", "[a-b]", "[]a]", "[[:upper:]]", "[[:alpha:]x]", @"\a", @"\*", "a*", "*b", @"[\]a]", "[-a]", "[a-]"];

        // No unclosed brackets: in git one may reach over a slash, where it then matches nothing; here a slash always separates.
        int components = random.Next(1, 4);
        var parts = new List<string>();
        for (int i = 0; i < components; i++)
        {
            // Stars next to letters are left out: git 2.39 cuts the literal beginning off before it matches, and takes "x**" for "x" and "**".
            parts.Add(random.Next(4) == 0 ? random.Next(3) == 0 ? "***" : "**" : string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => pieces[random.Next(pieces.Length)])));
        }

        string pattern = string.Join('/', parts);
        pattern = random.Next(4) == 0 ? "/" + pattern : pattern;
        pattern = random.Next(4) == 0 ? pattern + "/" : pattern;
        return random.Next(4) == 0 ? "!" + pattern : pattern;
    }
}
