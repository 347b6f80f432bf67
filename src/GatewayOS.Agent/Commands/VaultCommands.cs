using System.CommandLine;
using GatewayOS.Agent.Connection;
using GatewayOS.Agent.Direct;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;

namespace GatewayOS.Agent.Commands;

/// <summary><c>vault</c>: for a machine without an appliance, which backs up straight into a vault.</summary>
internal static class VaultCommands
{
    private const int VerifyThreads = 4;

    private static readonly Option<bool> s_readData = new("--read-data") { Description = "Fetch and check every byte, not only the structure" };

    public static Command Build()
    {
        var vault = new Command("vault", "Without an appliance: back up straight to a bucket or another disk");
        foreach (Command command in (Command[])
        [
            VaultInitCommand.Build(),
            AgentCommand.Make("status", "Say which vault this machine backs up to, whether it is there, and when the last backup was", [], context => Status(context, Config(context))),
            AgentCommand.Make("verify", "Check the vault with this machine's key; exit code 4 means damage", [s_readData], Verify),
            VaultForgetCommand.Build(),
            AgentCommand.Make("take-over", "Go on with the vault although another machine, or a copy of this one, wrote to it last: that one is refused from then on", [], TakeOver),
            AgentCommand.Make("remove", "Forget the vault; what is in it and the key file stay", [], Remove),
        ])
        {
            vault.Subcommands.Add(command);
        }

        return vault;
    }

    /// <summary>The vault of this machine.</summary>
    /// <exception cref="AgentException">It has none.</exception>
    public static DirectConfig Config(AgentContext context) =>
        context.State.Vault.Config ?? throw new AgentException("This machine has no vault. 'gateway-agent vault init PLACE' makes one: a directory on another disk, or s3://BUCKET/PREFIX.");

    /// <summary><c>status</c> of a machine with a vault.</summary>
    public static int Status(AgentContext context, DirectConfig config)
    {
        context.Out.WriteLine($"Vault        {config.Place}");
        context.Out.WriteLine($"Cache        {config.Cache}, up to {Sizes.Bytes(config.StagingBytesMax)} of packs that wait to be sent");
        string? problem = null;
        DirectWriterNote? writer = null;
        IReadOnlyList<SnapshotRecord>? snapshots = null;
        (long Objects, long Bytes)? size = null;
        try
        {
            using RetryingMedium medium = VaultAccess.OpenMedium(context.State, config, new RetryPolicy { AttemptsMax = 2 });
            writer = DirectWriter.Read(medium, context.Cancellation);
            VaultListing listing = VaultListing.ReadAsync(medium, context.Cancellation).GetAwaiter().GetResult();
            size = (listing.Count, listing.Objects.Sum(there => there.LengthBytes));
            using BackupStore store = VaultAccess.OpenForReading(context.State, medium, "status", context.Cancellation);
            snapshots = store.Snapshots().Records;
            problem = writer is not null && writer.Writer != config.Writer ? $"{writer.Host} has taken it over; 'gateway-agent vault take-over' takes it back" : null;
        }
        catch (Exception error) when (error is VaultException or StoreUnusableException or StoreIoException)
        {
            problem = error.Message;
        }

        SnapshotRecord? last = snapshots is { Count: > 0 } ? snapshots[^1] : null;
        context.Out.WriteLine($"Connection   {problem ?? "works"}");
        if (size is { } known)
        {
            context.Out.WriteLine($"Content      {Sizes.Count(known.Objects)} objects, {Sizes.Bytes(known.Bytes)}");
        }

        if (snapshots is not null)
        {
            context.Out.WriteLine(last is null ? "Backups      none yet" : $"Backups      {snapshots.Count}, the last one at {last.FinishedUtc:yyyy-MM-dd HH:mm} UTC ({last.ShortId})");
        }

        context.WriteJson(
            new VaultStatusJson(problem is null, "vault", config.Place.ToString(), config.Cache, config.StagingBytesMax, size is not null, problem, writer?.Host, snapshots?.Count, last?.FinishedUtc, size?.Objects, size?.Bytes),
            AgentOutputJson.Default.VaultStatusJson);
        return problem is null ? AgentCommand.Good : AgentCommand.Failed;
    }

    private static int Verify(AgentContext context)
    {
        DirectConfig config = Config(context);
        var monitor = new VerifyMonitor();
        var options = new VerifyOptions { ReadData = context.Arguments.GetValue(s_readData), Threads = VerifyThreads, Progress = monitor };
        using RetryingMedium medium = VaultAccess.OpenMedium(context.State, config);
        using BackupStore store = VaultAccess.OpenForReading(context.State, medium, "verify", context.Cancellation);
        VerifyReport report;
        TimeSpan elapsed;
        using (var line = new ProgressLine(monitor.State, context.Quiet))
        {
            report = StoreVerifier.Run(store, options, context.Cancellation);
            elapsed = line.Elapsed;
        }

        foreach (Finding finding in report.Findings)
        {
            context.Out.WriteLine($"{(finding.IsDamage ? "DAMAGE" : "note  ")} {finding.Kind}: {finding.Object}: {finding.Detail}");
        }

        foreach (AffectedPath path in report.Affected)
        {
            context.Out.WriteLine($"affected: snapshot {path.SnapshotId[..12]} {path.Path}: {path.Reason}");
        }

        if (!report.Clean)
        {
            context.Out.WriteLine("The next 'gateway-agent backup' sends again what this machine still has of it.");
        }

        int code = report.Clean ? AgentCommand.Good : AgentCommand.Damage;
        context.Out.WriteLine($"Checked {Sizes.Count(report.SnapshotsChecked)} snapshots, {Sizes.Count(report.PacksChecked)} packs, {Sizes.Count(report.ChunksChecked)} chunks, {(options.ReadData ? "every byte" : "structure")}, in {Sizes.Time(elapsed)}: {(report.Clean ? "no damage" : "DAMAGE FOUND")}");
        context.WriteJson(
            new VaultVerifyJson(
                report.Clean,
                code,
                options.ReadData,
                report.SnapshotsChecked,
                report.PacksChecked,
                report.ChunksChecked,
                elapsed.TotalSeconds,
                [.. report.Findings.Select(finding => new VaultFindingJson(finding.Object, finding.Detail, finding.Remedy))],
                [.. report.Affected.Select(path => new ProblemJson(path.Path, path.Reason))]),
            AgentOutputJson.Default.VaultVerifyJson);
        return code;
    }

    private static int TakeOver(AgentContext context)
    {
        DirectConfig config = Config(context);
        using RetryingMedium medium = VaultAccess.OpenMedium(context.State, config);
        using DirectVault vault = VaultAccess.OpenForWriting(context.State, config, medium, context.Cancellation, options => options with { TakeOver = true, Purpose = "take over" });
        vault.Finish();
        context.Out.WriteLine($"This machine goes on with {config.Place}. Any other that wrote there is refused from now on.");
        context.WriteJson(new VaultChangeJson(true, config.Place.ToString()), AgentOutputJson.Default.VaultChangeJson);
        return AgentCommand.Good;
    }

    private static int Remove(AgentContext context)
    {
        DirectConfig config = Config(context);
        context.State.Vault.Remove();
        context.Out.WriteLine($"Forgot {config.Place}. What is in it stays, and so does the key file {context.State.Vault.KeyPath}; the cache {config.Cache} may be deleted.");
        context.WriteJson(new VaultChangeJson(true, config.Place.ToString()), AgentOutputJson.Default.VaultChangeJson);
        return AgentCommand.Good;
    }

    private sealed class VerifyMonitor : IProgress<MaintenanceProgress>
    {
        private MaintenanceProgress _last = new("starting", 0, 0, 0, 0);

        public void Report(MaintenanceProgress value) => Volatile.Write(ref _last, value);

        public ProgressState State()
        {
            MaintenanceProgress last = Volatile.Read(ref _last);
            return last.TotalBytes > 0
                ? new ProgressState(last.Stage, last.DoneBytes, last.TotalBytes, IsBytes: true)
                : new ProgressState(last.Stage, last.DoneItems, last.TotalItems, IsBytes: false);
        }
    }
}
