using System.CommandLine;
using GatewayOS.Appliance.Keys;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Hardware.Tpm;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon;

/// <summary><c>gatewayd unlock</c>: makes the store's key anew with the recovery key, when the old one is gone with its TPM.</summary>
internal static class UnlockCommand
{
    private const int ExitFailed = 1;

    private static readonly Option<string> s_state = new("--state") { Description = "Directory of keys, certificates and who is enrolled", HelpName = "DIR", DefaultValueFactory = _ => "/var/lib/gatewayos/state" };
    private static readonly Option<string> s_store = new("--store") { Description = "Directory of the store", HelpName = "DIR", DefaultValueFactory = _ => "/var/lib/gatewayos/store" };
    private static readonly Option<string> s_tpm = new("--tpm") { Description = "TPM 2.0 that is to seal the new key: where it is, 'auto' or 'off'", HelpName = "WHERE", DefaultValueFactory = _ => TpmSealer.Auto };

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("unlock", "Make the store's key anew with the recovery key, which is read from standard input; as gatewayd's user.") { s_state, s_store, s_tpm };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        try
        {
            string store = parsed.GetValue(s_store)!;
            if (!StoreKeys.HasStore(store))
            {
                return Refuse($"there is no store in {store}, so no key is needed for one. Say with --store where it is; or remove the sealed key from the state directory, and gatewayd makes a new store.");
            }

            string state = parsed.GetValue(s_state)!;
            if (!Directory.Exists(state))
            {
                return Refuse($"there is no directory {state}. Say with --state where the appliance's state is.");
            }

            if (!Console.IsInputRedirected)
            {
                Console.Error.Write("Recovery key: ");
            }

            if (Console.In.ReadLine() is not { Length: > 0 } typed)
            {
                return Refuse("no recovery key was given. It is the one that was shown at the first start, or by 'gatewayctl recovery-key'.");
            }

            StoreKey made = Renew(state, store, parsed.GetValue(s_tpm)!, new StoreSecret.Recovery(typed.Trim()));
            Console.WriteLine($"gatewayd: The store has a new key. It is {made.How}. The old one's slot stays: 'gatewayctl store key list' shows it, 'gatewayctl store key remove' takes it away.");
            if (made.Note.Length > 0)
            {
                Console.Error.WriteLine($"gatewayd: {made.Note}");
            }

            return 0;
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException or StoreUnusableException or DllNotFoundException)
        {
            return Refuse(error.Message);
        }
    }

    // The slot comes first: a power cut before the key is kept leaves a slot that nothing opens, and the old key as it was.
    private static StoreKey Renew(string state, string store, string tpm, StoreSecret recovery)
    {
        byte[] key = KeyFile.Generate();
        using BackupStore opened = BackupStore.Open(new PosixDisk(store), recovery, new OpenOptions { Purpose = "unlock" });
        opened.AddKeySlot(new StoreSecret.KeyFile(key), StoreKeys.SlotLabel);
        return StoreKeys.Keeper(state, store, tpm).Keep(key);
    }

    private static int Refuse(string why)
    {
        Console.Error.WriteLine($"gatewayd: {why}");
        return ExitFailed;
    }
}
