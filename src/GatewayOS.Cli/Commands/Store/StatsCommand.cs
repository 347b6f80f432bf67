using System.CommandLine;
using GatewayOS.Cli.Json;
using GatewayOS.Store;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Store;

/// <summary><c>store stats</c>: what the store holds and saves.</summary>
internal static class StatsCommand
{
    private const int BarCells = 50;

    public static Command Build() => Verb.Make("stats", "Show what the store holds, and what deduplication and compression save", [], Run);

    private static int Run(VerbContext context)
    {
        using BackupStore store = context.OpenStore("stats");
        StoreStatistics figures = store.Statistics();
        TextWriter output = context.Out;
        output.WriteLine($"Store {store.StoreId} in {store.Location}, made {SnapshotsCommand.LocalTime(store.Created)}");
        output.WriteLine();
        long widest = Math.Max(1, Math.Max(figures.LogicalBytes, Math.Max(figures.UniqueBytes, figures.StoredBytes)));
        WriteBar(output, "all snapshots", figures.LogicalBytes, widest, "restoring every one of them would write this");
        WriteBar(output, "unique", figures.UniqueBytes, widest, $"deduplication {Sizes.Ratio(figures.LogicalBytes, figures.UniqueBytes)}");
        WriteBar(output, "stored", figures.StoredBytes, widest, $"compression {Sizes.Ratio(figures.UniqueBytes, figures.StoredBytes)}, together {Sizes.Ratio(figures.LogicalBytes, figures.StoredBytes)}");
        output.WriteLine();
        output.WriteLine($"{Sizes.Count(figures.Snapshots)} snapshots, {Sizes.Count(figures.DataChunks)} data and {Sizes.Count(figures.TreeChunks)} tree chunks in {Sizes.Count(figures.Packs)} packs");
        output.WriteLine($"index: {Sizes.Count(figures.IndexSegments)} segments, {Sizes.Bytes(figures.IndexBytes)}");
        context.WriteJson(
            new StatsJson
            {
                StoreId = store.StoreId,
                Created = store.Created,
                Snapshots = figures.Snapshots,
                LogicalBytes = figures.LogicalBytes,
                UniqueBytes = figures.UniqueBytes,
                StoredBytes = figures.StoredBytes,
                DataChunks = figures.DataChunks,
                TreeChunks = figures.TreeChunks,
                Packs = figures.Packs,
                IndexSegments = figures.IndexSegments,
                IndexBytes = figures.IndexBytes,
            },
            ContractJson.Default.StatsJson);
        return Errors.ExitCode.Good;
    }

    private static void WriteBar(TextWriter output, string name, long bytes, long widest, string note)
    {
        int cells = (int)(bytes * BarCells / widest);
        output.WriteLine($"{name,-14} {Sizes.Bytes(bytes),10}  {new string('#', cells).PadRight(BarCells, '.')}  {note}");
    }
}
