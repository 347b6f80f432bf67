namespace GatewayOS.Architecture.Tests;

/// <summary>House rules that a machine can hold.</summary>
public sealed class HouseRuleTests
{
    private const int LinesMax = 450;

    private static readonly string[] s_vagueNames = ["Common", "Utils", "Util", "Helpers", "Helper", "Manager", "Misc"];

    private static IEnumerable<string> Sources =>
        Directory.GetFiles(Path.Join(Repository.Root, "src"), "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    [Fact]
    public void No_source_file_is_too_long_to_take_in() => Assert.All(Sources, file => Assert.True(File.ReadLines(file).Count() <= LinesMax, $"{file} has over {LinesMax} lines: split it by what it does."));

    [Fact]
    public void No_folder_or_file_has_a_name_that_says_nothing() =>
        Assert.All(Sources, file => Assert.DoesNotContain(Path.GetRelativePath(Repository.Root, file).Split('/', '.'), part => s_vagueNames.Contains(part)));

    [Fact]
    public void Every_task_of_the_build_script_exists()
    {
        string script = File.ReadAllText(Path.Join(Repository.Root, "build.sh"));
        string cake = File.ReadAllText(Path.Join(Repository.Root, "build.cake"));
        foreach (string target in (string[])["build", "run", "test", "test-system", "simulate", "bench", "format", "clean"])
        {
            Assert.Contains(target, script, StringComparison.Ordinal);
            Assert.Contains($"Task(\"{target}\")", cake, StringComparison.Ordinal);
        }
    }
}
