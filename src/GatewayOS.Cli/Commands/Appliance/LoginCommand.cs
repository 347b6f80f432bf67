using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Connection;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Secrets;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>login</c>.</summary>
internal static class LoginCommand
{
    private static readonly Argument<string> s_gateway = new("HOST[:PORT]") { Description = "The appliance" };
    private static readonly Option<string?> s_token = new("--token", "-t") { Description = "One-time login token, which makes you an administrator; the first one stands on the appliance in 'first-login-token' of its state directory (or GATEWAY_TOKEN)", HelpName = "TOKEN" };
    private static readonly Option<string> s_name = new("--name") { Description = "With --token: your name there", HelpName = "NAME", DefaultValueFactory = _ => Environment.UserName };
    private static readonly Option<string?> s_user = new("--user", "-u") { Description = "Account to log in with; its password is asked for", HelpName = "NAME" };
    private static readonly Option<string?> s_fingerprint = new("--fingerprint") { Description = "With --user, at the first login: the appliance's fingerprint, as its log and 'gatewayctl user add' show it; without, you are asked", HelpName = "HEX" };
    private static readonly Option<string?> s_code = new("--code") { Description = "With --user, for an account with a second factor: the authenticator's code", HelpName = "DIGITS" };

    public static Command Build() => Verb.Make("login", "Log in to an appliance: get an operator's certificate", [s_gateway, s_token, s_name, s_user, s_fingerprint, s_code, PasswordSource.FileOption, Verb.JsonOption], Run);

    private static int Run(VerbContext context)
    {
        string gateway = context.Arguments.GetValue(s_gateway)!;
        try
        {
            ApplianceIdentity identity = (context.Arguments.GetValue(s_user) is { } user ? WithPassword(context, gateway, user) : WithToken(context, gateway)).GetAwaiter().GetResult();
            context.Out.WriteLine($"Logged in to '{identity.Name}' ({identity.Model}, version {identity.Version}) at {gateway}.");
            context.WriteJson(new LoginJson(true, gateway, identity.Name, identity.Model), ApplianceJson.Default.LoginJson);
            return ExitCode.Good;
        }
        catch (RpcException error)
        {
            throw new ApplianceException(error, gateway);
        }
    }

    private static Task<ApplianceIdentity> WithToken(VerbContext context, string gateway)
    {
        string token = context.Arguments.GetValue(s_token) ?? Environment.GetEnvironmentVariable("GATEWAY_TOKEN") ?? throw new UsageException("Say how you log in: --user NAME, or --token TOKEN.");
        return OperatorLogin.LoginAsync(gateway, context.Arguments.GetValue(s_name)!, token, context.Cancellation);
    }

    private static Task<ApplianceIdentity> WithPassword(VerbContext context, string gateway, string user)
    {
        if (context.Arguments.GetValue(s_token) is not null)
        {
            throw new UsageException("Log in with --user or with --token, not with both.");
        }

        return OperatorLogin.LoginWithPasswordAsync(
            gateway, user, (identity, fingerprint) => IsRight(context, identity, fingerprint), () => PasswordSource.Get(context.Arguments, $"Password of {user}: "), context.Arguments.GetValue(s_code) ?? "", context.Cancellation);
    }

    private static bool IsRight(VerbContext context, ApplianceIdentity identity, string fingerprint)
    {
        if (context.Arguments.GetValue(s_fingerprint) is { } expected)
        {
            return string.Equals(expected.Trim(), fingerprint, StringComparison.OrdinalIgnoreCase);
        }

        if (Console.IsInputRedirected)
        {
            throw new UsageException($"This appliance is new here, and there is no terminal to ask on whether it is the right one. Its fingerprint is {fingerprint}: compare it with the one in the appliance's log, and give it with --fingerprint.");
        }

        Console.Error.Write($"'{identity.Name}' ({identity.Model}) is new here. Its fingerprint is\n  {fingerprint}\nas the appliance's log shows it too, if it is the right one. Is it (yes/no)? ");
        return string.Equals(Console.ReadLine()?.Trim(), "yes", StringComparison.OrdinalIgnoreCase);
    }
}
