using System.CommandLine;
using GatewayOS.Agent.Commands;

var root = new RootCommand("gateway-agent: backs this machine up to a GatewayOS appliance, or straight to a vault.") { AgentCommand.StateOption, AgentCommand.JsonOption, AgentCommand.QuietOption };
foreach (Command command in (Command[])
[
    EnrollCommand.BuildEnroll(), StatusCommand.BuildRun(), BackupCommand.Build(), StatusCommand.BuildStatus(), RestoreCommand.BuildSnapshots(), RestoreCommand.BuildRestore(), VaultCommands.Build(), EnrollCommand.BuildForget(),
])
{
    root.Subcommands.Add(command);
}

ParseResult result = root.Parse(args.Length == 0 ? ["--help"] : args, new ParserConfiguration { ResponseFileTokenReplacer = null });
int code = result.Invoke(new InvocationConfiguration { ProcessTerminationTimeout = null });
return result.Errors.Count > 0 && code == AgentCommand.Failed ? AgentCommand.Usage : code;
