using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tuning;

namespace GatewayOS.Daemon.Hosting;

/// <summary>The newest measurement of the store's speed, as it is kept.</summary>
/// <param name="Time">When it was measured.</param>
/// <param name="Cores">Logical processors then.</param>
/// <param name="Stages">What one core does.</param>
/// <param name="Disk">What the disk does.</param>
internal sealed record MeasuredSpeed(DateTimeOffset Time, int Cores, StageRates Stages, DiskRates Disk);

/// <summary>Measures the store as <c>gatewayctl store benchmark</c> does, keeps what came of it, and chooses what jobs use from the next start on.</summary>
/// <param name="state">Where it is kept: <c>benchmark.json</c>.</param>
/// <param name="storeDirectory">The store.</param>
/// <param name="time">The clock.</param>
internal sealed class SpeedRecord(StateDirectory state, string storeDirectory, TimeProvider time)
{
    private const string FileName = "benchmark.json";

    /// <summary>The newest measurement; null before the first, and when it cannot be read: it is measured anew then.</summary>
    public MeasuredSpeed? Newest
    {
        get
        {
            try
            {
                return state.Read(FileName) is { } bytes ? JsonSerializer.Deserialize(bytes, SpeedJson.Default.MeasuredSpeed) : null;
            }
            catch (JsonException)
            {
                return null;
            }
        }
    }

    /// <summary>Measures and keeps it.</summary>
    /// <param name="store">The store, opened for this alone.</param>
    /// <param name="cancellation">Stops it; nothing is kept then.</param>
    /// <exception cref="StoreIoException">The disk cannot be written, or has too little space.</exception>
    public void Measure(BackupStore store, CancellationToken cancellation)
    {
        StoreMeasurement measured = StoreBenchmark.Run(store, static _ => { }, cancellation);
        DateTimeOffset now = time.GetUtcNow();
        TuningFile.OfMachine.WriteMeasured(storeDirectory, measured.Choice.Tuning, now);
        state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(new MeasuredSpeed(now, Environment.ProcessorCount, measured.Stages, measured.Disk), SpeedJson.Default.MeasuredSpeed));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, WriteIndented = true)]
[JsonSerializable(typeof(MeasuredSpeed))]
internal sealed partial class SpeedJson : JsonSerializerContext;
