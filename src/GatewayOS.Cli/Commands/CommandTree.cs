using System.CommandLine;
using GatewayOS.Cli.Commands.Appliance;
using GatewayOS.Cli.Commands.Fleet;
using GatewayOS.Cli.Commands.Store;
using GatewayOS.Cli.Commands.Vault;
using GatewayOS.Cli.Documentation;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Secrets;

namespace GatewayOS.Cli.Commands;

/// <summary>All commands, and how a command line is run.</summary>
internal static class CommandTree
{
    public static RootCommand Build()
    {
        var store = new Command("store", "Work on a store in a local directory");
        foreach (Option option in (Option[])[Verb.StoreOption, SecretSource.KeyFileOption, SecretSource.PassphraseFileOption, SecretSource.RecoveryKeyOption, Verb.JsonOption, Verb.QuietOption])
        {
            store.Options.Add(option);
        }

        foreach (Command command in (Command[])
        [
            InitCommand.Build(), BackupCommand.Build(), SnapshotsCommand.Build(), StatsCommand.Build(), ListCommand.Build(), RestoreCommand.Build(), DiffCommand.Build(),
            MountCommand.Build(), VerifyCommand.Build(), ForgetCommand.Build(), GcCommand.Build(), BenchmarkCommand.Build(), RepairCommands.BuildRepair(), RepairCommands.BuildRebuild(), KeyCommands.Build(),
        ])
        {
            store.Subcommands.Add(command);
        }

        var root = new RootCommand("gatewayctl: the operator's tool of GatewayOS, the backup gateway");
        root.Subcommands.Add(LoginCommand.Build());
        root.Subcommands.Add(StatusCommand.Build());
        root.Subcommands.Add(NodeCommands.Build());
        root.Subcommands.Add(AlertCommands.Build());
        root.Subcommands.Add(FindCommand.Build());
        root.Subcommands.Add(UserCommands.Build());
        root.Subcommands.Add(TokenCommands.Build());
        root.Subcommands.Add(AuditCommands.Build());
        root.Subcommands.Add(PolicyCommands.Build());
        root.Subcommands.Add(JobCommands.Build());
        root.Subcommands.Add(SnapshotCommands.Build());
        root.Subcommands.Add(DrillCommands.Build());
        root.Subcommands.Add(OrderRestoreCommand.Build());
        root.Subcommands.Add(HardwareCommands.Build());
        root.Subcommands.Add(PanelCommands.Build());
        root.Subcommands.Add(PowerCommands.Build());
        root.Subcommands.Add(RaidCommands.Build());
        root.Subcommands.Add(UpdateCommands.Build());
        root.Subcommands.Add(TunnelCommands.Build());
        root.Subcommands.Add(FleetCommands.Build());
        root.Subcommands.Add(RecoveryKeyCommand.Build());
        root.Subcommands.Add(ServiceKeyCommand.Build());
        root.Subcommands.Add(SettingsCommand.Build());
        root.Subcommands.Add(FactoryResetCommand.Build());
        root.Subcommands.Add(SupportCommands.Build());
        root.Subcommands.Add(store);
        root.Subcommands.Add(VaultCommands.Build());
        root.Subcommands.Add(DocumentationCommands.BuildCompletion(root));
        root.Subcommands.Add(DocumentationCommands.BuildManual(root));
        return root;
    }

    public static int Run(string[] args)
    {
        RootCommand root = Build();
        ParseResult result = root.Parse(args.Length == 0 ? ["--help"] : args);
        if (result.Errors.Count > 0 && result.Action is not System.CommandLine.Invocation.SynchronousCommandLineAction { Terminating: true, ClearsParseErrors: true })
        {
            string message = string.Join(' ', result.Errors.Select(error => error.Message));
            return Verb.Report(new UsageException($"{message} '{PathOf(result)} --help' shows how it goes."), args.Contains("--json"));
        }

        try
        {
            return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (Exception error)
        {
            return Verb.Report(error, json: false);
        }
    }

    private static string PathOf(ParseResult result)
    {
        var names = new Stack<string>();
        for (System.CommandLine.Parsing.CommandResult? command = result.CommandResult; command is not null; command = command.Parent as System.CommandLine.Parsing.CommandResult)
        {
            names.Push(command.Command is RootCommand ? "gatewayctl" : command.Command.Name);
        }

        return string.Join(' ', names);
    }
}
