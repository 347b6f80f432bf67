using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>factory-reset</c>: makes the appliance as delivered, while somebody at its front panel vouches for it.</summary>
internal static class FactoryResetCommand
{
    private static readonly Option<string> s_confirm = new("--confirm") { Description = "The appliance's name", HelpName = "NAME", Required = true };

    public static Command Build() => Verb.Make(
        "factory-reset",
        "Erase keys, backups, accounts and everything else of the appliance, locked restore points too; needs somebody who holds 'I am here' on its front panel. Vaults are left as they are",
        [ApplianceVerb.GatewayOption, s_confirm, Verb.JsonOption],
        Erase);

    private static int Erase(VerbContext context)
    {
        var request = new EraseRequest { Confirm = context.Arguments.GetValue(s_confirm) };
        EraseReply reply = ApplianceVerb.Call(context, static channel => new Reset.ResetClient(channel), (client, options) => client.Erase(request, options));
        context.Out.WriteLine(reply.What);
        context.WriteJson(new ShutDownJson(true, reply.What), BodyJson.Default.ShutDownJson);
        return ExitCode.Good;
    }
}
