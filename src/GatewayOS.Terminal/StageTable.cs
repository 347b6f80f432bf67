using System.Globalization;

namespace GatewayOS.Terminal;

/// <summary>What a stage of a job did, summed over its threads.</summary>
/// <param name="Name">The stage.</param>
/// <param name="Busy">Time spent working.</param>
/// <param name="Stalled">Time spent waiting for other stages.</param>
/// <param name="Bytes">Bytes that went through; 0 where they are not what counts.</param>
internal readonly record struct StageRow(string Name, TimeSpan Busy, TimeSpan Stalled, long Bytes);

/// <summary>A job's stages for <c>--profile</c>.</summary>
internal static class StageTable
{
    /// <summary>Writes the table, and which stage took most of the work.</summary>
    public static void Write(TextWriter output, IReadOnlyList<StageRow> stages, TimeSpan elapsed)
    {
        output.WriteLine();
        var table = new TextTable("stage", ">busy", ">stalled", ">amount", ">rate while busy");
        foreach (StageRow stage in stages)
        {
            table.Add(stage.Name, Sizes.Time(stage.Busy), Sizes.Time(stage.Stalled), Sizes.Bytes(stage.Bytes), stage.Bytes == 0 ? "-" : Sizes.Rate(stage.Bytes, stage.Busy));
        }

        table.Write(output);
        if (Bottleneck(stages) is { } most)
        {
            TimeSpan busy = TimeSpan.FromTicks(stages.Sum(stage => stage.Busy.Ticks));
            double processors = Environment.CpuUsage.TotalTime / elapsed;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"bottleneck: {most.Name}, {most.Busy / busy:P0} of the work; {processors:0.0} of {Environment.ProcessorCount} processors in use"));
        }
    }

    /// <summary>The stage that was busy longest; null when none was.</summary>
    public static StageRow? Bottleneck(IReadOnlyList<StageRow> stages) => stages.Count == 0 ? null : stages.MaxBy(stage => stage.Busy);
}
