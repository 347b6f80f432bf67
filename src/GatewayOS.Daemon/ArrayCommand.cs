using System.CommandLine;
using GatewayOS.Appliance.Raid;
using GatewayOS.Hardware.DBus;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Hardware.Raid;
using GatewayOS.Hardware.Raid.Making;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon;

/// <summary><c>gatewayd array</c>: sees to it that the profile's array is there and mounted, before the service starts.</summary>
internal static class ArrayCommand
{
    private const int ExitFailed = 1;
    private const int WaitSecondsDefault = 180;

    private static readonly Option<string> s_profile = new("--profile") { Description = "Hardware profile: a name, or a .json file; 'auto' for the one of this machine", HelpName = "NAME", DefaultValueFactory = _ => DmiStrings.Auto };
    private static readonly Option<string> s_state = new("--state") { Description = "Directory of the record of what was begun", HelpName = "DIR", DefaultValueFactory = _ => "/var/lib/gatewayos/array" };
    private static readonly Option<string> s_mount = new("--mount") { Description = "Where the store's file system is mounted", HelpName = "DIR", DefaultValueFactory = _ => "/srv/array" };
    private static readonly Option<string[]> s_overwrite = new("--overwrite") { Description = "Give up what is on the disk with this serial number; may be said several times", HelpName = "SERIAL", DefaultValueFactory = _ => [] };
    private static readonly Option<int> s_wait = new("--wait") { Description = "How long disks and arrays that are not there yet are waited for, in seconds", HelpName = "SECONDS", DefaultValueFactory = _ => WaitSecondsDefault };

    /// <summary>Makes the command.</summary>
    public static Command Make()
    {
        var command = new Command("array", "Mount the array of the profile's bays; make it on the first start, of blank disks alone. Needs root and udisks2.") { s_profile, s_state, s_mount, s_overwrite, s_wait };
        command.SetAction(Run);
        return command;
    }

    private static int Run(ParseResult parsed)
    {
        try
        {
            HardwareProfile profile = DmiStrings.Read().Choose(parsed.GetValue(s_profile)!);
            if (profile.Storage is not { } storage)
            {
                Console.Error.WriteLine($"gatewayd: the profile '{profile.Model}' has no bays, so there is no array to make.");
                return ExitFailed;
            }

            using var raid = new UdisksRaid(new DBusConnection(DBusConnection.SystemBus), "/sys", storage.Bays, TimeProvider.System);
            var maker = new ArrayMaker(new MachineBench(raid, TimeProvider.System), storage, new StateDirectory(parsed.GetValue(s_state)!), TimeProvider.System, what => Console.WriteLine($"gatewayd: {what}"));
            RaidAnswer answer = maker.Run(parsed.GetValue(s_mount)!, parsed.GetValue(s_overwrite)!, TimeSpan.FromSeconds(parsed.GetValue(s_wait)));
            if (answer.IsDone)
            {
                return 0;
            }

            Console.Error.WriteLine($"gatewayd: {answer.Problem}");
            return ExitFailed;
        }
        catch (Exception error) when (error is InvalidDataException or IOException or UnauthorizedAccessException or StoreIoException or DllNotFoundException)
        {
            Console.Error.WriteLine($"gatewayd: {error.Message}");
            return ExitFailed;
        }
    }
}
