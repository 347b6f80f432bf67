using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Connection;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>token</c>: API tokens for programs.</summary>
internal static class TokenCommands
{
    private const int DaysDefault = 90;

    private static readonly Argument<string> s_id = new("ID") { Description = "ID of the token, as 'token list' shows it" };
    private static readonly Option<string> s_role = new("--role", "-r") { Description = "What it may do: a role", HelpName = "ROLE", DefaultValueFactory = _ => "viewer" };
    private static readonly Option<double> s_days = new("--days") { Description = "How long it is valid", HelpName = "DAYS", DefaultValueFactory = _ => DaysDefault };
    private static readonly Option<string> s_note = new("--note") { Description = "What it is for", HelpName = "TEXT", DefaultValueFactory = _ => "" };

    public static Command Build()
    {
        var token = new Command("token", $"API tokens: what programs present in {OperatorLogin.TokenVariable}") { ApplianceVerb.GatewayOption, Verb.JsonOption, Verb.QuietOption };
        foreach (Command command in (Command[])
        [
            Verb.Make("create", "Make an API token; it is shown this once", [s_role, s_days, s_note], Create),
            Verb.Make("list", "List the API tokens", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => List(context))),
            Verb.Make("revoke", "End an API token at once", [s_id], Revoke),
        ])
        {
            token.Subcommands.Add(command);
        }

        return token;
    }

    private static T Call<T>(VerbContext context, Func<Accounts.AccountsClient, CallOptions, T> call) => ApplianceVerb.Call(context, channel => new Accounts.AccountsClient(channel), call);

    private static int Create(VerbContext context)
    {
        var request = new CreateApiTokenRequest { Role = context.Arguments.GetValue(s_role), LifetimeSeconds = (long)(context.Arguments.GetValue(s_days) * 86400), Note = context.Arguments.GetValue(s_note) };
        CreateApiTokenReply reply = Call(context, (client, options) => client.CreateApiToken(request, options));
        context.Out.WriteLine(reply.Token);
        if (!context.Quiet)
        {
            Console.Error.WriteLine($"Valid until {ApplianceVerb.LocalTime(ApplianceVerb.Time(reply.Info.ExpiresUnixMs))} as {reply.Info.Role}. It is not shown again; 'gatewayctl token revoke {reply.Info.Id}' ends it.");
        }

        context.WriteJson(new ApiTokenCreatedJson(true, reply.Token, Row(reply.Info)), OperationsJson.Default.ApiTokenCreatedJson);
        return ExitCode.Good;
    }

    private static int List(VerbContext context)
    {
        ListApiTokensReply reply = Call(context, (client, options) => client.ListApiTokens(new ListApiTokensRequest(), options));
        var table = new TextTable("ID", "role", "expires", "made by", "note");
        foreach (ApiTokenInfo token in reply.Tokens)
        {
            table.Add(token.Id, token.Role, ApplianceVerb.LocalTime(ApplianceVerb.Time(token.ExpiresUnixMs)), token.Maker, token.Note);
        }

        table.Write(context.Out);
        context.WriteJson(new ApiTokensJson(true, [.. reply.Tokens.Select(Row)]), OperationsJson.Default.ApiTokensJson);
        return ExitCode.Good;
    }

    private static int Revoke(VerbContext context)
    {
        ApiTokenInfo token = Call(context, (client, options) => client.RevokeApiToken(new RevokeApiTokenRequest { Id = context.Arguments.GetValue(s_id) }, options));
        context.Out.WriteLine($"API token {token.Id} ({token.Role}) is revoked.");
        context.WriteJson(new ApiTokenChangeJson(true, Row(token)), OperationsJson.Default.ApiTokenChangeJson);
        return ExitCode.Good;
    }

    private static ApiTokenJson Row(ApiTokenInfo token) => new(
        token.Id, token.Role, token.Maker, token.Note, DateTimeOffset.FromUnixTimeMilliseconds(token.CreatedUnixMs), DateTimeOffset.FromUnixTimeMilliseconds(token.ExpiresUnixMs));
}
