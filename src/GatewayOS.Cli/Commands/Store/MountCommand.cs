using System.CommandLine;
using GatewayOS.Backup.Mount;
using GatewayOS.Store;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store mount</c>: snapshots as a read-only file system.</summary>
internal static class MountCommand
{
    private static readonly Argument<string> s_mountPoint = new("MOUNTPOINT") { Description = "Empty directory to mount on" };

    public static Command Build() => Verb.Make("mount", "Mount all snapshots read-only until interrupted or unmounted", [s_mountPoint], Run);

    private static int Run(VerbContext context)
    {
        string mountPoint = Path.GetFullPath(context.Arguments.GetValue(s_mountPoint)!);
        using BackupStore store = context.OpenStore("mount");
        SnapshotMount.Run(
            store,
            mountPoint,
            () => context.Out.WriteLine($"Mounted on {mountPoint}: see {mountPoint}/latest and {mountPoint}/snapshots. Ctrl-C or 'fusermount3 -u {mountPoint}' ends it."),
            context.Cancellation);
        return Errors.ExitCode.Good;
    }
}
