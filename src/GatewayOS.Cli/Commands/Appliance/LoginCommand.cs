using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Connection;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>login</c>.</summary>
internal static class LoginCommand
{
    private static readonly Argument<string> s_gateway = new("HOST[:PORT]") { Description = "The appliance" };
    private static readonly Option<string?> s_token = new("--token", "-t") { Description = "One-time login token; the first one stands on the appliance in 'first-login-token' of its state directory (or GATEWAY_TOKEN)", HelpName = "TOKEN" };
    private static readonly Option<string> s_name = new("--name") { Description = "Your name there", HelpName = "NAME", DefaultValueFactory = _ => Environment.UserName };

    public static Command Build() => Verb.Make("login", "Log in to an appliance: get an operator's certificate", [s_gateway, s_token, s_name, Verb.JsonOption], Run);

    private static int Run(VerbContext context)
    {
        string gateway = context.Arguments.GetValue(s_gateway)!;
        string token = context.Arguments.GetValue(s_token) ?? Environment.GetEnvironmentVariable("GATEWAY_TOKEN") ?? throw new UsageException("A login token is needed: --token TOKEN.");
        try
        {
            ApplianceIdentity identity = OperatorLogin.LoginAsync(gateway, context.Arguments.GetValue(s_name)!, token, context.Cancellation).GetAwaiter().GetResult();
            context.Out.WriteLine($"Logged in to '{identity.Name}' ({identity.Model}, version {identity.Version}) at {gateway}.");
            context.WriteJson(new LoginJson(true, gateway, identity.Name, identity.Model), ApplianceJson.Default.LoginJson);
            return ExitCode.Good;
        }
        catch (RpcException error)
        {
            throw new ApplianceException(error, gateway);
        }
    }
}
