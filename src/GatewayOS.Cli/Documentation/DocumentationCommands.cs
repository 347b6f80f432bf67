using System.CommandLine;
using System.Text;
using GatewayOS.Cli.Commands;
using GatewayOS.Cli.Commands.Vault;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Secrets;
using GatewayOS.Cloud.Vault;

namespace GatewayOS.Cli.Documentation;

/// <summary><c>completion</c> and <c>man</c>: both made from the commands themselves, so they cannot fall behind.</summary>
internal static class DocumentationCommands
{
    private static readonly Argument<string> s_shell = new("SHELL") { Description = "bash, zsh or fish" };

    public static Command BuildCompletion(RootCommand root) => Verb.Make(
        "completion",
        "Print a completion script: source <(gatewayctl completion bash)",
        [s_shell],
        context =>
        {
            string shell = context.Arguments.GetValue(s_shell)!;
            Console.Out.Write(shell switch
            {
                "bash" => Bash(root),
                "zsh" => "autoload -U +X bashcompinit && bashcompinit\n" + Bash(root),
                "fish" => Fish(root),
                _ => throw new UsageException($"There is no completion for '{shell}'. Choose bash, zsh or fish."),
            });
            return ExitCode.Good;
        });

    public static Command BuildManual(RootCommand root) => Verb.Make(
        "man",
        "Print the manual page: gatewayctl man | man -l -",
        [],
        _ =>
        {
            Console.Out.Write(Manual(root));
            return ExitCode.Good;
        });

    private static IEnumerable<(string Path, Command Command)> All(Command command, string path)
    {
        yield return (path, command);
        foreach (Command inner in command.Subcommands)
        {
            foreach ((string Path, Command Command) below in All(inner, path.Length == 0 ? inner.Name : $"{path} {inner.Name}"))
            {
                yield return below;
            }
        }
    }

    // Options declared above a command and marked recursive hold for it, too.
    private static IEnumerable<Option> OptionsOf(RootCommand root, string path)
    {
        Command? at = root;
        foreach (Option option in root.Options.Where(option => option.Recursive))
        {
            yield return option;
        }

        string[] names = path.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < names.Length; i++)
        {
            at = at!.Subcommands.First(command => command.Name == names[i]);
            bool last = i == names.Length - 1;
            foreach (Option option in at.Options.Where(option => last || option.Recursive))
            {
                yield return option;
            }
        }
    }

    private static bool TakesFile(Option option) => option.HelpName is "FILE" or "DIR";

    private static string Bash(RootCommand root)
    {
        var script = new StringBuilder("# bash completion of gatewayctl\n_gatewayctl() {\n  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} path='' word words=''\n");
        script.Append("  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    case \"$path $word\" in\n");
        string[] paths = [.. All(root, "").Select(entry => entry.Path).Where(path => path.Length > 0)];
        script.Append($"      {string.Join("|", paths.Select(path => path.Contains(' ', StringComparison.Ordinal) ? $"'{path}'" : $"' {path}'"))}) path=\"${{path:+$path }}$word\" ;;\n    esac\n  done\n");
        string files = string.Join("|", All(root, "").SelectMany(entry => OptionsOf(root, entry.Path)).Where(TakesFile).SelectMany(option => option.Aliases.Prepend(option.Name)).Distinct(StringComparer.Ordinal));
        script.Append($"  case \"$prev\" in\n    {files}) COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames 2>/dev/null; return ;;\n    --overwrite) COMPREPLY=($(compgen -W 'if-changed always if-newer never' -- \"$cur\")); return ;;\n  esac\n  case \"$path\" in\n");
        foreach ((string path, Command command) in All(root, ""))
        {
            IEnumerable<string> words = command.Subcommands.Select(inner => inner.Name).Concat(OptionsOf(root, path).Select(option => option.Name));
            words = path == "completion" ? ["bash", "zsh", "fish"] : words;
            words = command.Arguments.Any(argument => argument.Name == "SNAPSHOT") ? words.Append("latest") : words;
            script.Append($"    '{path}') words='{string.Join(' ', words)}' ;;\n");
        }

        script.Append("  esac\n  if [[ $path == 'store backup' && $cur != -* ]]; then COMPREPLY=($(compgen -f -- \"$cur\")); compopt -o filenames 2>/dev/null; return; fi\n");
        return script.Append("  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -F _gatewayctl gatewayctl\n").ToString();
    }

    private static string Fish(RootCommand root)
    {
        var script = new StringBuilder("# fish completion of gatewayctl\ncomplete -c gatewayctl -f\n");
        foreach ((string path, Command command) in All(root, ""))
        {
            string condition = path.Length == 0 ? "__fish_use_subcommand" : string.Join("; and ", path.Split(' ').Select(name => $"__fish_seen_subcommand_from {name}"));
            foreach (Command inner in command.Subcommands)
            {
                script.Append($"complete -c gatewayctl -n '{condition}' -a {inner.Name} -d '{Quote(inner.Description)}'\n");
            }

            foreach (Option option in command.Options)
            {
                string needs = option.HelpName is null ? "" : TakesFile(option) ? " -r -F" : " -x";
                script.Append($"complete -c gatewayctl -n '{condition}' -l {option.Name.TrimStart('-')}{needs} -d '{Quote(option.Description)}'\n");
            }
        }

        return script.ToString();

        static string Quote(string? text) => (text ?? "").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal);
    }

    private static string Manual(RootCommand root)
    {
        var page = new StringBuilder(".TH GATEWAYCTL 1 \"\" \"GatewayOS\" \"User Commands\"\n.SH NAME\ngatewayctl \\- operator's tool of the GatewayOS backup gateway\n.SH SYNOPSIS\n.B gatewayctl\n.I command\n[options]\n.SH COMMANDS\n");
        foreach ((string path, Command command) in All(root, "").Where(entry => entry.Path.Length > 0 && entry.Command.Subcommands.Count == 0))
        {
            page.Append($".SS {Roff(path)} {Roff(string.Join(' ', command.Arguments.Select(argument => argument.Arity.MinimumNumberOfValues == 0 ? $"[{argument.Name}]" : argument.Name)))}\n{Roff(command.Description)}.\n");
            foreach (Option option in command.Options)
            {
                AppendOption(page, option);
            }
        }

        page.Append(".SH COMMON OPTIONS OF STORE COMMANDS\n");
        foreach (Option option in root.Subcommands.First(command => command.Name == "store").Options)
        {
            AppendOption(page, option);
        }

        page.Append(".SH COMMON OPTIONS OF VAULT COMMANDS\nThose of store commands, and\n");
        AppendOption(page, VaultSource.VaultOption);
        AppendOption(page, VaultSource.AsOfOption);
        page.Append(".SH ENVIRONMENT\n");
        foreach ((string name, string what) in ((string, string)[])
        [
            (Verb.StoreVariable, "Directory of the store, where --store is not given."),
            (VaultSource.Variable, "Name of the vault, or path of one in a directory, where --vault is not given."),
            (VaultFile.PathVariable, "File with the vaults that are known; /var/lib/gatewayos/vaults.json for root."),
            (SecretSource.PassphraseVariable, "Passphrase of the store."),
            (SecretSource.KeyFileVariable, "Path of a key file."),
            (SecretSource.RecoveryKeyVariable, "Recovery key of the store."),
            (Failures.DebugVariable, "1 adds stack traces to errors."),
        ])
        {
            page.Append($".TP\n.B {name}\n{Roff(what)}\n");
        }

        page.Append(".SH EXIT STATUS\n.TP\n0\nEverything was done.\n.TP\n1\nIt failed; nothing is half done.\n.TP\n2\nThe command line makes no sense.\n.TP\n3\nDone, but some files could not be read or restored as they should.\n.TP\n4\nStored data is damaged.\n");
        return page.Append(".SH EXAMPLES\n.nf\ngatewayctl store init --store /srv/store --key-file /root/store.key\ngatewayctl store backup --store /srv/store --key-file /root/store.key /etc /home\ngatewayctl store restore --store /srv/store --key-file /root/store.key latest --target /tmp/out\n.fi\n").ToString();
    }

    private static void AppendOption(StringBuilder page, Option option)
    {
        string names = string.Join(", ", option.Aliases.Prepend(option.Name).Select(name => $"\\fB{Roff(name)}\\fR"));
        page.Append($".TP\n{names}{(option.HelpName is null ? "" : $" \\fI{Roff(option.HelpName)}\\fR")}\n{Roff(option.Description)}.\n");
    }

    private static string Roff(string? text) => (text ?? "").Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
}
