using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cli.Secrets;

/// <summary>Where an account's password comes from: a file, the environment, or a prompt; never the command line.</summary>
internal static class PasswordSource
{
    public const string Variable = "GATEWAY_PASSWORD";

    public static readonly Option<string?> FileOption = new("--password-file") { Description = $"File with the password (or {Variable} in the environment); without, it is asked for", HelpName = "FILE" };

    /// <summary>The password of an account that there is.</summary>
    public static string Get(ParseResult arguments, string prompt) => Given(arguments) ?? SecretSource.Ask(prompt, Remedy);

    /// <summary>A new password; typed twice when it is typed.</summary>
    public static string GetNew(ParseResult arguments, string prompt)
    {
        if (Given(arguments) is { } given)
        {
            return given;
        }

        string first = SecretSource.Ask(prompt, Remedy);
        return first == SecretSource.Ask("The same again: ", Remedy) ? first : throw new UsageException("The two passwords differ. Nothing was done; try again.");
    }

    private static string Remedy => $"No password was given and there is no terminal to ask on. Use --password-file FILE, or set {Variable}.";

    private static string? Given(ParseResult arguments)
    {
        if (arguments.GetValue(FileOption) is not { } file)
        {
            return Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } password ? password : null;
        }

        try
        {
            // Editors end a file with a line break that nobody means to be part of the password.
            return File.ReadAllText(file).TrimEnd('\n', '\r');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException($"The password file {file} cannot be read: {error.Message}", error);
        }
    }
}
