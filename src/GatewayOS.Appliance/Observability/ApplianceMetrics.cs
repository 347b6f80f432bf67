using System.Diagnostics.Metrics;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Appliance.Observability;

/// <summary>
/// The appliance's figures (System.Diagnostics.Metrics, OpenTelemetry's names and units). Counters are fed where things happen, gauges are asked for
/// when somebody reads them.
/// </summary>
public sealed class ApplianceMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "GatewayOS";

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _snapshots;
    private readonly Counter<long> _bytes;
    private readonly Counter<long> _newBytes;

    /// <summary>Makes the meter.</summary>
    public ApplianceMetrics()
    {
        _snapshots = _meter.CreateCounter<long>("gateway.snapshots.committed", "{snapshot}", "Snapshots committed since the start.");
        _bytes = _meter.CreateCounter<long>("gateway.snapshots.logical", "By", "Length of what the committed snapshots hold.");
        _newBytes = _meter.CreateCounter<long>("gateway.snapshots.new", "By", "What of that the store did not have, as the nodes count it.");
    }

    /// <summary>Counts a committed snapshot.</summary>
    public void Count(SnapshotRecord snapshot)
    {
        _snapshots.Add(1);
        _bytes.Add(snapshot.Draft.Counts.Bytes);
        _newBytes.Add(snapshot.Draft.Counts.NewBytes);
    }

    /// <summary>Adds a gauge that is asked for.</summary>
    /// <param name="name">Its name, dotted.</param>
    /// <param name="unit">Its unit (UCUM).</param>
    /// <param name="description">What it says.</param>
    /// <param name="value">Asked with each reading; from any thread.</param>
    public void Gauge(string name, string unit, string description, Func<long> value) => _meter.CreateObservableGauge(name, value, unit, description);

    /// <summary>Adds a gauge with a value for each of several things.</summary>
    /// <param name="name">Its name, dotted.</param>
    /// <param name="unit">Its unit (UCUM).</param>
    /// <param name="description">What it says.</param>
    /// <param name="tag">What tells the values apart.</param>
    /// <param name="values">Asked with each reading; from any thread.</param>
    public void Gauge(string name, string unit, string description, string tag, Func<IEnumerable<(string Key, long Value)>> values) => _meter.CreateObservableGauge(
        name, () => values().Select(one => new Measurement<long>(one.Value, new KeyValuePair<string, object?>(tag, one.Key))), unit, description);

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();
}
