using System.Diagnostics;
using System.Text;

namespace GatewayOS.Architecture.Tests;

/// <summary>House rules that a machine can hold.</summary>
public sealed class HouseRuleTests
{
    private const int LinesMax = 450;

    private static readonly string[] s_vagueNames = ["Common", "Utils", "Util", "Helpers", "Helper", "Manager", "Misc"];

    private static IEnumerable<string> Sources => Files("src", "*.cs");

    [Fact]
    public void No_source_file_is_too_long_to_take_in() => Assert.All(Sources, file => Assert.True(File.ReadLines(file).Count() <= LinesMax, $"{file} has over {LinesMax} lines: split it by what it does."));

    [Fact]
    public void No_folder_or_file_has_a_name_that_says_nothing() =>
        Assert.All(Sources, file => Assert.DoesNotContain(Path.GetRelativePath(Repository.Root, file).Split('/', '.'), part => s_vagueNames.Contains(part)));

    // Those of the image run first on an appliance.
    [Fact]
    public void Every_shell_script_can_be_parsed()
    {
        string[] scripts = [.. new[] { "image", "tools", "tests" }.SelectMany(directory => Files(directory, "*")).Where(IsShell)];
        Assert.NotEmpty(scripts);
        Assert.All(scripts, script =>
        {
            string shell = File.ReadLines(script).First().Contains("bash", StringComparison.Ordinal) ? "bash" : "sh";
            using Process parser = Process.Start(new ProcessStartInfo(shell, ["-n", script]) { RedirectStandardError = true, UseShellExecute = false })!;
            Assert.Equal("", parser.StandardError.ReadToEnd());
        });
    }

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

    private static IEnumerable<string> Files(string directory, string pattern) =>
        Directory.GetFiles(Path.Join(Repository.Root, directory), pattern, SearchOption.AllDirectories).Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal));

    private static bool IsShell(string path)
    {
        using FileStream file = File.OpenRead(path);
        byte[] head = new byte[32];
        string start = Encoding.ASCII.GetString(head, 0, file.Read(head));
        return start.StartsWith("#!", StringComparison.Ordinal) && start.Split('\n')[0] is var line && (line.EndsWith("sh", StringComparison.Ordinal) || line.Contains("sh ", StringComparison.Ordinal));
    }
}
