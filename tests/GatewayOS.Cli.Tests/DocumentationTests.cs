using GatewayOS.Cli.Commands;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cli.Tests;

/// <summary>Completion, manual page and help, all made from the commands.</summary>
public sealed class DocumentationTests
{
    [Theory]
    [InlineData("store back", "backup")]
    [InlineData("store rest", "restore")]
    [InlineData("store backup --excl", "--exclude")]
    [InlineData("store verify --keyl", "--keyless")]
    [InlineData("store key rec", "recovery")]
    [InlineData("store restore lat", "latest")]
    [InlineData("comp", "completion")]
    public void Bash_completes(string line, string expected)
    {
        string[] words = ["gatewayctl", .. line.Split(' ')];
        string script = $"source <({Gatewayctl.Program} completion bash); COMP_WORDS=({string.Join(' ', words)}); COMP_CWORD={words.Length - 1}; _gatewayctl; printf '%s\\n' \"${{COMPREPLY[@]}}\"";
        Assert.Contains(expected, Shell.Run(script).Split('\n'));
    }

    [Fact]
    public void The_manual_page_names_every_option_and_exit_code()
    {
        string page = Shell.Run($"{Gatewayctl.Program} man");
        foreach (System.CommandLine.Command command in CommandTree.Build().Subcommands.SelectMany(command => command.Subcommands))
        {
            Assert.Contains(command.Name.Replace("-", "\\-", StringComparison.Ordinal), page, StringComparison.Ordinal);
            Assert.All(command.Options, option => Assert.Contains(option.Name.Replace("-", "\\-", StringComparison.Ordinal), page, StringComparison.Ordinal));
        }

        Assert.Contains("EXIT STATUS", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_verb_explains_itself()
    {
        foreach (System.CommandLine.Command command in CommandTree.Build().Subcommands.First(command => command.Name == "store").Subcommands)
        {
            Assert.Contains(command.Description!, Shell.Run($"{Gatewayctl.Program} store {command.Name} --help"), StringComparison.Ordinal);
        }
    }
}
