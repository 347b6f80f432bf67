using System.CommandLine;
using GatewayOS.Cli.Commands.Appliance;

namespace GatewayOS.Cli.Commands.Fleet;

/// <summary><c>fleet</c>: an appliance's place in a fleet, and the fleet itself.</summary>
internal static class FleetCommands
{
    public static Command Build()
    {
        var fleet = new Command("fleet", "A fleet of appliances and its control plane") { ApplianceVerb.GatewayOption, FleetVerb.ControlOption, FleetVerb.TokenFileOption, Verb.JsonOption, Verb.QuietOption };
        foreach (Command command in (Command[])
        [
            .. MembershipCommands.Build(), .. FleetViewCommands.Build(), .. FleetOrderCommands.Build(), .. FleetAccessCommands.Build(),
        ])
        {
            fleet.Subcommands.Add(command);
        }

        return fleet;
    }
}
