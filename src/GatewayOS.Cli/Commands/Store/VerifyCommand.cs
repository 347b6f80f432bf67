using System.CommandLine;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Profiling;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store verify</c>: checks the store.</summary>
internal static class VerifyCommand
{
    private static readonly Option<bool> s_readData = new("--read-data") { Description = "Read and check every byte, not only the structure" };
    private static readonly Option<bool> s_keyless = new("--keyless") { Description = "Check without any key: hashes of the encrypted data" };
    private static readonly Option<int?> s_threads = new("--threads") { Description = "Threads that check packs; without it what 'store benchmark' chose, else as many as suit the number of cores", HelpName = "N" };
    private static readonly Option<bool> s_profile = new("--profile") { Description = "Show what each stage spent its time on" };

    public static Command Build() => Verb.Make("verify", "Check the store; exit code 4 means damage", [s_readData, s_keyless, s_threads, s_profile], Run);

    private static int Run(VerbContext context)
    {
        var monitor = new MaintenanceMonitor();
        var options = new VerifyOptions { ReadData = context.Arguments.GetValue(s_readData), Threads = Math.Clamp(context.Arguments.GetValue(s_threads) ?? context.Tuning.VerifyThreads, 1, 64), Progress = monitor };
        bool keyless = context.Arguments.GetValue(s_keyless);
        using BackupStore? store = keyless ? null : context.OpenStore("verify", near: false);
        VerifyReport report;
        TimeSpan elapsed;
        using (var line = new ProgressLine(monitor.State, context.Quiet))
        {
            report = store is null
                ? StoreVerifier.RunKeyless(context.Disk, options, context.Cancellation)
                : StoreVerifier.Run(store, options, context.Cancellation);
            elapsed = line.Elapsed;
        }

        int code = report.Clean ? ExitCode.Good : ExitCode.Damage;
        FindingText.Write(context, report.Findings, report.Affected, "affected");
        string depth = options.ReadData ? $"every byte ({Sizes.Bytes(report.BytesChecked)}, {Sizes.Rate(report.BytesChecked, elapsed)})" : "structure";
        context.Out.WriteLine($"Checked {Sizes.Count(report.SnapshotsChecked)} snapshots, {Sizes.Count(report.PacksChecked)} packs, {Sizes.Count(report.ChunksChecked)} chunks, {depth}, in {Sizes.Time(elapsed)}{(keyless ? ", without a key" : "")}: {(report.Clean ? "no damage" : "DAMAGE FOUND")}");
        IReadOnlyList<StageStatistics>? stages = context.Arguments.GetValue(s_profile) ? options.Profile.Stages : null;
        if (stages is not null)
        {
            StageTable.Write(context.Out, Rows.Shown(stages), elapsed);
        }

        context.WriteJson(
            new VerifyJson
            {
                Ok = report.Clean,
                ExitCode = code,
                Keyless = keyless,
                ReadData = options.ReadData,
                Snapshots = report.SnapshotsChecked,
                Packs = report.PacksChecked,
                Chunks = report.ChunksChecked,
                Bytes = report.BytesChecked,
                Seconds = elapsed.TotalSeconds,
                Findings = [.. report.Findings.Select(Rows.Of)],
                Affected = [.. report.Affected.Select(Rows.Of)],
                Stages = stages is null ? null : Rows.Of(stages),
                Bottleneck = stages is null ? null : StageTable.Bottleneck(Rows.Shown(stages))?.Name,
            },
            ContractJson.Default.VerifyJson);
        return code;
    }
}

/// <summary>Carries a job's progress to the progress line.</summary>
internal sealed class MaintenanceMonitor : IProgress<MaintenanceProgress>
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

/// <summary>Findings for people.</summary>
internal static class FindingText
{
    private const int PathsMax = 1000;

    public static void Write(VerbContext context, IReadOnlyList<Finding> findings, IReadOnlyList<AffectedPath> paths, string what)
    {
        foreach (Finding finding in findings)
        {
            context.Out.WriteLine($"{(finding.IsDamage ? "DAMAGE" : "note  ")} {finding.Kind}: {finding.Object}: {finding.Detail}");
            context.Out.WriteLine($"         {finding.Remedy}");
        }

        foreach (AffectedPath path in paths.Take(PathsMax))
        {
            context.Out.WriteLine($"{what}: snapshot {path.SnapshotId[..12]} {path.Path}: {path.Reason}");
        }

        if (paths.Count > PathsMax)
        {
            context.Out.WriteLine($"and {Sizes.Count(paths.Count - PathsMax)} more paths");
        }
    }
}
