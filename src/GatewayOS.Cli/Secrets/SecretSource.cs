using System.CommandLine;
using System.Text;
using GatewayOS.Cli.Errors;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cli.Secrets;

/// <summary>
/// Where the secret that opens the store comes from, the first that is given: an option, then the environment, then a prompt. Secrets never
/// stand on the command line, where every user of the machine could read them.
/// </summary>
internal static class SecretSource
{
    public const string PassphraseVariable = "GATEWAY_PASSPHRASE";
    public const string KeyFileVariable = "GATEWAY_KEY_FILE";
    public const string RecoveryKeyVariable = "GATEWAY_RECOVERY_KEY";

    public static readonly Option<string?> KeyFileOption = new("--key-file") { Description = $"File that unlocks the store (or {KeyFileVariable})", HelpName = "FILE", Recursive = true };

    public static readonly Option<string?> PassphraseFileOption = new("--passphrase-file") { Description = $"File with the passphrase (or {PassphraseVariable})", HelpName = "FILE", Recursive = true };

    public static readonly Option<bool> RecoveryKeyOption = new("--recovery-key") { Description = $"Unlock with the recovery key: asks for it (or {RecoveryKeyVariable})", Recursive = true };

    /// <summary>The secret for an existing store.</summary>
    public static StoreSecret Get(ParseResult arguments)
    {
        if (Chosen(arguments) is { } secret)
        {
            return secret;
        }

        return new StoreSecret.Passphrase(Ask("Passphrase of the store: ", WithoutKey));
    }

    /// <summary>The secret for a new store or slot: a missing key file is made, a passphrase asked for twice.</summary>
    /// <param name="keyFile">Path of a key file, or null.</param>
    /// <param name="passphraseFile">Path of a passphrase file, or null.</param>
    /// <param name="note">Says what the user should know of it.</param>
    public static StoreSecret GetNew(string? keyFile, string? passphraseFile, out string note)
    {
        note = "";
        if (keyFile is not null)
        {
            if (!File.Exists(keyFile))
            {
                WriteNewFile(keyFile, KeyFile.Generate(), "key file");
                note = $"Made the key file {keyFile}. Keep a copy of it elsewhere: without it, another key or the recovery key, the store cannot be opened.";
            }

            return ReadKeyFile(keyFile);
        }

        if (passphraseFile is not null)
        {
            return ReadPassphraseFile(passphraseFile);
        }

        return new StoreSecret.Passphrase(AskTwice(WithoutKey));
    }

    /// <summary>The secret for a new store as options and environment say.</summary>
    public static StoreSecret GetForInit(ParseResult arguments, out string note)
    {
        string? keyFile = arguments.GetValue(KeyFileOption) ?? Variable(KeyFileVariable);
        string? passphraseFile = arguments.GetValue(PassphraseFileOption);
        if (keyFile is null && passphraseFile is null && Variable(PassphraseVariable) is { } passphrase)
        {
            note = "";
            return new StoreSecret.Passphrase(passphrase);
        }

        return GetNew(keyFile, passphraseFile, out note);
    }

    /// <summary>The passphrase of something that is no store.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="prompt">The question, when it has to be asked for.</param>
    public static string GetPassphrase(ParseResult arguments, string prompt) =>
        GivenPassphrase(arguments) ?? Ask(prompt, WithoutPassphrase);

    /// <summary>A new passphrase of something that is no store; typed twice when it is typed.</summary>
    public static string GetNewPassphrase(ParseResult arguments) => GivenPassphrase(arguments) ?? AskTwice(WithoutPassphrase);

    private static string? GivenPassphrase(ParseResult arguments) =>
        arguments.GetValue(PassphraseFileOption) is { } file ? ReadPassphraseFile(file).Text : Variable(PassphraseVariable);

    private static string AskTwice(string withoutTerminal)
    {
        string first = Ask("New passphrase: ", withoutTerminal);
        return first == Ask("The same again: ", withoutTerminal) ? first : throw new UsageException("The two passphrases differ. Nothing was done; try again.");
    }

    private static string WithoutKey =>
        $"No key was given and there is no terminal to ask on. Use --key-file FILE or --passphrase-file FILE, or set {PassphraseVariable} or {KeyFileVariable}.";

    private static string WithoutPassphrase => $"No passphrase was given and there is no terminal to ask on. Use --passphrase-file FILE, or set {PassphraseVariable}.";

    private static StoreSecret? Chosen(ParseResult arguments)
    {
        if (arguments.GetValue(KeyFileOption) is { } keyFile)
        {
            return ReadKeyFile(keyFile);
        }

        if (arguments.GetValue(PassphraseFileOption) is { } passphraseFile)
        {
            return ReadPassphraseFile(passphraseFile);
        }

        if (arguments.GetValue(RecoveryKeyOption))
        {
            return new StoreSecret.Recovery(Variable(RecoveryKeyVariable) ?? Ask("Recovery key: ", WithoutKey));
        }

        if (Variable(KeyFileVariable) is { } variableFile)
        {
            return ReadKeyFile(variableFile);
        }

        if (Variable(PassphraseVariable) is { } passphrase)
        {
            return new StoreSecret.Passphrase(passphrase);
        }

        return Variable(RecoveryKeyVariable) is { } recovery ? new StoreSecret.Recovery(recovery) : null;
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static StoreSecret.KeyFile ReadKeyFile(string path)
    {
        try
        {
            return new StoreSecret.KeyFile(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException($"The key file {path} cannot be read: {error.Message}", error);
        }
    }

    private static StoreSecret.Passphrase ReadPassphraseFile(string path)
    {
        try
        {
            string text = File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true));

            // Editors end a file with a line break that nobody means to be part of the passphrase.
            return new StoreSecret.Passphrase(text.EndsWith("\r\n", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('\n') ? text[..^1] : text);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new StoreUnusableException($"The passphrase file {path} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>Writes a new file that only its owner may read, durable when this returns.</summary>
    /// <param name="path">The file; must not exist.</param>
    /// <param name="content">Its content.</param>
    /// <param name="what">What it is, for the message.</param>
    public static void WriteNewFile(string path, ReadOnlySpan<byte> content, string what)
    {
        try
        {
            using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            file.Write(content);
            file.Flush(flushToDisk: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException($"The {what} {path} cannot be made: {error.Message}", error);
        }
    }

    /// <summary>Asks on the terminal, without showing what is typed.</summary>
    /// <param name="prompt">The question.</param>
    /// <param name="withoutTerminal">What to say when there is no terminal.</param>
    public static string Ask(string prompt, string withoutTerminal)
    {
        if (Console.IsInputRedirected)
        {
            throw new UsageException(withoutTerminal);
        }

        Console.Error.Write(prompt);
        var text = new StringBuilder();
        while (true)
        {
            ConsoleKeyInfo key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter)
            {
                Console.Error.WriteLine();
                return text.ToString();
            }

            if (key.Key == ConsoleKey.Backspace)
            {
                text.Length = Math.Max(0, text.Length - 1);
            }
            else if (!char.IsControl(key.KeyChar))
            {
                text.Append(key.KeyChar);
            }
        }
    }
}
