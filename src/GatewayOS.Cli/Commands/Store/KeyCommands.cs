using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Rendering;
using GatewayOS.Cli.Secrets;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store key</c>: the key slots.</summary>
internal static class KeyCommands
{
    private static readonly Option<string?> s_newKeyFile = new("--new-key-file") { Description = "Key file to add; made when missing", HelpName = "FILE" };
    private static readonly Option<string?> s_newPassphraseFile = new("--new-passphrase-file") { Description = "File with the passphrase to add", HelpName = "FILE" };
    private static readonly Option<string?> s_label = new("--label") { Description = "Name of the slot", HelpName = "TEXT" };
    private static readonly Option<string?> s_out = new("--out", "-o") { Description = "Also write a printable sheet: .svg or .txt", HelpName = "FILE" };
    private static readonly Argument<string> s_id = new("ID") { Description = "ID of the slot, or a unique beginning of it" };

    public static Command Build()
    {
        var command = new Command("key", "Show and change what unlocks the store");
        command.Subcommands.Add(Verb.Make("list", "List the key slots", [], List));
        command.Subcommands.Add(Verb.Make("add", "Add a passphrase or key file", [s_newKeyFile, s_newPassphraseFile, s_label], Add));
        command.Subcommands.Add(Verb.Make("remove", "Remove a key slot; the last one stays", [s_id], Remove));
        command.Subcommands.Add(Verb.Make("recovery", "Make a recovery key, as text and QR code, to print and lock away", [s_label, s_out], Recovery));
        return command;
    }

    private static int List(VerbContext context)
    {
        using BackupStore store = context.OpenStore("key list");
        IReadOnlyList<KeySlotInfo> slots = store.KeySlots();
        var table = new TextTable("slot", "kind", "label", "created", "key derivation");
        foreach (KeySlotInfo slot in slots)
        {
            table.Add(slot.Id[..12], slot.Kind, slot.Label, SnapshotsCommand.LocalTime(slot.Created), slot.Kdf);
        }

        table.Write(context.Out);
        context.WriteJson(new KeyListJson(true, [.. slots.Select(Rows.Of)]), ContractJson.Default.KeyListJson);
        return ExitCode.Good;
    }

    private static int Add(VerbContext context)
    {
        using BackupStore store = context.OpenStore("key add");
        StoreSecret secret = SecretSource.GetNew(context.Arguments.GetValue(s_newKeyFile), context.Arguments.GetValue(s_newPassphraseFile), out string note);
        KeySlotInfo slot = store.AddKeySlot(secret, context.Arguments.GetValue(s_label) ?? secret.Kind);
        if (note.Length > 0)
        {
            Console.Error.WriteLine(note);
        }

        context.Out.WriteLine($"Added {slot.Kind} slot {slot.Id[..12]}.");
        context.WriteJson(new KeyChangeJson(true, "added", Rows.Of(slot)), ContractJson.Default.KeyChangeJson);
        return ExitCode.Good;
    }

    private static int Remove(VerbContext context)
    {
        using BackupStore store = context.OpenStore("key remove");
        KeySlotInfo slot = store.RemoveKeySlot(context.Arguments.GetValue(s_id)!);
        context.Out.WriteLine($"Removed {slot.Kind} slot {slot.Id[..12]} ('{slot.Label}'). Whoever copied the store before can still open that copy with it.");
        context.WriteJson(new KeyChangeJson(true, "removed", Rows.Of(slot)), ContractJson.Default.KeyChangeJson);
        return ExitCode.Good;
    }

    private static int Recovery(VerbContext context)
    {
        using BackupStore store = context.OpenStore("key recovery");
        string? file = context.Arguments.GetValue(s_out);
        RecoverySheet.CheckName(file);
        StoreSecret.Recovery secret = StoreSecret.Recovery.Generate();

        // Before the slot exists: a sheet that cannot be written must not leave a key nobody has.
        if (file is not null)
        {
            SecretSource.WriteNewFile(file, RecoverySheet.Of(file, store.StoreId, secret.Text), "recovery sheet");
        }

        KeySlotInfo slot = store.AddKeySlot(secret, context.Arguments.GetValue(s_label) ?? "recovery");
        RecoverySheet.Show(context.Out, store.StoreId, slot.Id, secret.Text);
        context.WriteJson(new KeyChangeJson(true, "added", Rows.Of(slot), secret.Text, file), ContractJson.Default.KeyChangeJson);
        return ExitCode.Good;
    }
}
