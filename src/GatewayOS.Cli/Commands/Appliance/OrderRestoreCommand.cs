using System.CommandLine;
using GatewayOS.Api;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>restore</c>: has a node restore from the appliance.</summary>
internal static class OrderRestoreCommand
{
    private static readonly Argument<string> s_snapshot = new("SNAPSHOT") { Description = "The restore point's ID, or a beginning of it that is unique" };
    private static readonly Argument<string[]> s_paths = new("PATH") { Description = "What to restore of it; none for all", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<string?> s_node = new("--node") { Description = "The node that restores; if not given the one that the restore point is of", HelpName = "NODE" };
    private static readonly Option<string> s_target = new("--target", "-t") { Description = "Absolute path of a directory on that node, made when missing; the full path goes below it, / restores in place", HelpName = "DIR", Required = true };
    private static readonly Option<bool> s_verify = new("--verify") { Description = "Read back what was written" };

    public static Command Build() => Verb.Make(
        "restore",
        "Have a node restore files of its own or another node's restore point, and follow it",
        [s_snapshot, s_paths, s_node, s_target, s_verify, ApplianceVerb.GatewayOption, Verb.JsonOption, Verb.QuietOption],
        Run);

    private static int Run(VerbContext context)
    {
        var request = new OrderRestoreRequest
        {
            Snapshot = context.Arguments.GetValue(s_snapshot),
            Node = context.Arguments.GetValue(s_node) ?? "",
            Paths = { context.Arguments.GetValue(s_paths) },
            Target = context.Arguments.GetValue(s_target),
            Verify = context.Arguments.GetValue(s_verify),
        };
        return JobCommands.Watch(context, JobCommands.Call(context, (client, options) => client.OrderRestore(request, options)).Id);
    }
}
