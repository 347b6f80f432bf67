using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Connection;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Secrets;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>user</c>: local accounts.</summary>
internal static class UserCommands
{
    private static readonly string[] s_roles = ["viewer", "operator", "restore-operator", "auditor", "administrator"];
    private static readonly Argument<string> s_user = new("NAME") { Description = "Name of the account" };
    private static readonly Argument<string?> s_self = new("NAME") { Description = "Name of the account; none for your own", Arity = ArgumentArity.ZeroOrOne };
    private static readonly Argument<string> s_role = new("ROLE") { Description = $"What it may do: {string.Join(", ", s_roles)}" };
    private static readonly Option<string> s_roleOption = new("--role", "-r") { Description = $"What it may do: {string.Join(", ", s_roles)}", HelpName = "ROLE", DefaultValueFactory = _ => "viewer" };

    public static Command Build()
    {
        foreach (Symbol symbol in (Symbol[])[s_role, s_roleOption])
        {
            (symbol is Argument argument ? argument.CompletionSources : ((Option)symbol).CompletionSources).Add(s_roles);
        }

        var user = new Command("user", "Accounts of people, and their roles") { ApplianceVerb.GatewayOption, Verb.JsonOption, Verb.QuietOption };
        foreach (Command command in (Command[])
        [
            Verb.Make("list", "List the accounts", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => List(context))),
            Verb.Make("add", "Make an account; its password is asked for", [s_user, s_roleOption, PasswordSource.FileOption], Add),
            Verb.Make("passwd", "Change a password, your own or another's; the account's logins end", [s_self, PasswordSource.FileOption], ChangePassword),
            Verb.Make("role", "Give an account another role; it holds at once", [s_user, s_role], context => Change(context, "has another role", (client, options) => client.SetRole(new SetRoleRequest { User = Name(context), Role = context.Arguments.GetValue(s_role) }, options))),
            Verb.Make("unlock", "End the lock after wrong passwords", [s_user], context => Change(context, "is not locked", (client, options) => client.Unlock(new UserRequest { User = Name(context) }, options))),
            Verb.Make("remove", "Remove an account; its logins end at once", [s_user], context => Change(context, "is removed", (client, options) => client.RemoveUser(new UserRequest { User = Name(context) }, options))),
        ])
        {
            user.Subcommands.Add(command);
        }

        return user;
    }

    private static string Name(VerbContext context) => context.Arguments.GetValue(s_user)!;

    private static T Call<T>(VerbContext context, Func<Accounts.AccountsClient, CallOptions, T> call) => ApplianceVerb.Call(context, channel => new Accounts.AccountsClient(channel), call);

    private static int List(VerbContext context)
    {
        ListUsersReply reply = Call(context, (client, options) => client.ListUsers(new ListUsersRequest(), options));
        if (reply.Users.Count == 0)
        {
            context.Out.WriteLine("No accounts yet. 'gatewayctl user add NAME --role ROLE' makes one.");
        }
        else
        {
            var table = new TextTable("name", "role", "last login", "password set", "locked until", ">wrong passwords");
            foreach (UserInfo user in reply.Users)
            {
                table.Add(
                    user.Name, user.Role, ApplianceVerb.LocalTime(ApplianceVerb.Time(user.LastLoginUnixMs)), ApplianceVerb.LocalTime(ApplianceVerb.Time(user.PasswordSetUnixMs)),
                    user.LockedUntilUnixMs == 0 ? "" : ApplianceVerb.LocalTime(ApplianceVerb.Time(user.LockedUntilUnixMs)), user.Failures == 0 ? "" : Sizes.Count(user.Failures));
            }

            table.Write(context.Out);
        }

        context.WriteJson(new UsersJson(true, [.. reply.Users.Select(Row)]), OperationsJson.Default.UsersJson);
        return ExitCode.Good;
    }

    private static int Add(VerbContext context)
    {
        string password = PasswordSource.GetNew(context.Arguments, $"Password for {Name(context)}: ");
        int code = Change(context, "is made", (client, options) => client.AddUser(new AddUserRequest { User = Name(context), Role = context.Arguments.GetValue(s_roleOption), Password = password }, options));
        if (!context.Quiet && OperatorLogin.CurrentFingerprint(context.Arguments.GetValue(ApplianceVerb.GatewayOption)) is { } fingerprint)
        {
            Console.Error.WriteLine($"To log in: 'gatewayctl login HOST --user {Name(context)} --fingerprint {fingerprint}'.");
        }

        return code;
    }

    private static int ChangePassword(VerbContext context)
    {
        if (context.Arguments.GetValue(s_self) is { } other)
        {
            string password = PasswordSource.GetNew(context.Arguments, $"New password for {other}: ");
            return Change(context, "has another password", (client, options) => client.SetPassword(new SetPasswordRequest { User = other, Password = password }, options));
        }

        string old = SecretSource.Ask("Your password now: ", "Your own password is changed on a terminal only. An administrator can set it with 'gatewayctl user passwd NAME --password-file FILE'.");
        string changed = PasswordSource.GetNew(context.Arguments, "Your new password: ");
        return Change(context, "has another password; log in again", (client, options) => client.ChangeOwnPassword(new ChangeOwnPasswordRequest { OldPassword = old, NewPassword = changed }, options));
    }

    private static int Change(VerbContext context, string what, Func<Accounts.AccountsClient, CallOptions, UserInfo> change)
    {
        UserInfo user = Call(context, change);
        context.Out.WriteLine($"Account '{user.Name}' ({user.Role}) {what}.");
        context.WriteJson(new UserChangeJson(true, Row(user)), OperationsJson.Default.UserChangeJson);
        return ExitCode.Good;
    }

    private static UserJson Row(UserInfo user) => new(
        user.Name, user.Role, DateTimeOffset.FromUnixTimeMilliseconds(user.CreatedUnixMs), ApplianceVerb.Time(user.PasswordSetUnixMs), ApplianceVerb.Time(user.LastLoginUnixMs), ApplianceVerb.Time(user.LockedUntilUnixMs), user.Failures);
}
