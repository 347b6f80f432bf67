using System.CommandLine;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Secrets;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store init</c>: makes a store.</summary>
internal static class InitCommand
{
    private static readonly Option<string> s_label = new("--label") { Description = "Name of the first key slot", HelpName = "TEXT", DefaultValueFactory = _ => "first key" };

    public static Command Build() => Verb.Make("init", "Make a store in an empty or new directory", [s_label], Run);

    private static int Run(VerbContext context)
    {
        var disk = new PosixDisk(context.StoreDirectory);
        if (File.Exists(Path.Join(disk.Location, "config.json")))
        {
            // Before a key file is made or anybody asked for a passphrase.
            throw new StoreUnusableException($"There is a store in {disk.Location} already. Choose another directory.");
        }

        StoreSecret secret = SecretSource.GetForInit(context.Arguments, out string note);
        using BackupStore store = BackupStore.Create(disk, new StoreOptions(), secret, context.Arguments.GetValue(s_label)!, new OpenOptions { Purpose = "init" });
        KeySlotInfo slot = store.KeySlots()[0];
        context.Out.WriteLine($"Made store {store.StoreId} in {store.Location}.");
        if (note.Length > 0)
        {
            Console.Error.WriteLine(note);
        }

        context.Out.WriteLine("Next: 'gatewayctl store key recovery' prints a recovery key to lock away; 'gatewayctl store backup PATH...' makes the first backup.");
        context.WriteJson(new InitJson(true, store.StoreId, store.Location, Rows.Of(slot)), ContractJson.Default.InitJson);
        return Errors.ExitCode.Good;
    }
}
