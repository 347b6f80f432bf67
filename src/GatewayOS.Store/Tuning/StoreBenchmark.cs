namespace GatewayOS.Store.Tuning;

/// <summary>What was measured of a store's disk and of this machine, and what follows from it.</summary>
/// <param name="Stages">What one core does.</param>
/// <param name="Disk">What the disk does.</param>
/// <param name="Choice">The tuning that fits.</param>
public sealed record StoreMeasurement(StageRates Stages, DiskRates Disk, TuningChoice Choice);

/// <summary>Measures a store's disk and this machine in less than a minute.</summary>
public static class StoreBenchmark
{
    /// <summary>Made-up data that the stages work on, in bytes.</summary>
    public const int SampleBytes = 64 * 1024 * 1024;

    private const int SampleSeed = 1;
    private static readonly TimeSpan s_eachStage = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_eachReading = TimeSpan.FromSeconds(1.2);

    /// <summary>Measures.</summary>
    /// <param name="store">The store.</param>
    /// <param name="progress">Told what is measured.</param>
    /// <param name="cancellation">Stops it; nothing is left behind.</param>
    public static StoreMeasurement Run(BackupStore store, Action<string> progress, CancellationToken cancellation)
    {
        progress("measuring the processor");
        StageRates stages = StageProbe.Run(store, StageProbe.Sample(SampleBytes, SampleSeed), s_eachStage, cancellation);
        DiskRates disk = DiskProbe.Run(store, s_eachReading, progress, cancellation);
        return new StoreMeasurement(stages, disk, TuningChoice.Make(Environment.ProcessorCount, stages, disk));
    }
}
