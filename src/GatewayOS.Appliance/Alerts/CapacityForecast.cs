namespace GatewayOS.Appliance.Alerts;

/// <summary>How full the store's disk was.</summary>
/// <param name="Time">When.</param>
/// <param name="UsedBytes">Used, in bytes.</param>
/// <param name="TotalBytes">Its size, in bytes.</param>
public sealed record CapacitySample(DateTimeOffset Time, long UsedBytes, long TotalBytes);

/// <summary>When the store's disk will be full if it goes on as it did.</summary>
/// <param name="Days">Days from the last sample on; infinite when it is not filling; null when the history is too short to say.</param>
/// <param name="BytesPerDay">How fast it fills; null when unknown.</param>
/// <param name="History">The span of the samples it was made from.</param>
public sealed record CapacityForecast(double? Days, double? BytesPerDay, TimeSpan History)
{
    /// <summary>Shortest history that a forecast is made from.</summary>
    public static readonly TimeSpan HistoryMin = TimeSpan.FromDays(3);

    /// <summary>What is older does not count.</summary>
    public static readonly TimeSpan HistoryMax = TimeSpan.FromDays(30);

    /// <summary>Fewest samples that a forecast is made from.</summary>
    public const int SamplesMin = 12;

    /// <summary>Makes a forecast by linear regression (least squares) over the history.</summary>
    /// <param name="samples">Oldest first.</param>
    public static CapacityForecast Of(IReadOnlyList<CapacitySample> samples)
    {
        if (samples.Count == 0)
        {
            return new CapacityForecast(null, null, TimeSpan.Zero);
        }

        CapacitySample last = samples[^1];

        // A disk of another size is another disk, or was enlarged: what was before says nothing about it.
        CapacitySample[] used = [.. samples.Where(sample => last.Time - sample.Time <= HistoryMax && sample.TotalBytes == last.TotalBytes)];
        TimeSpan history = last.Time - used[0].Time;
        if (used.Length < SamplesMin || history < HistoryMin)
        {
            return new CapacityForecast(null, null, history);
        }

        double meanDays = used.Average(sample => (sample.Time - used[0].Time).TotalDays);
        double meanBytes = used.Average(sample => (double)sample.UsedBytes);
        double covariance = used.Sum(sample => ((sample.Time - used[0].Time).TotalDays - meanDays) * (sample.UsedBytes - meanBytes));
        double variance = used.Sum(sample => Math.Pow((sample.Time - used[0].Time).TotalDays - meanDays, 2));
        double slope = covariance / variance;
        double left = Math.Max(last.TotalBytes - last.UsedBytes, 0);
        return new CapacityForecast(slope <= 0 ? double.PositiveInfinity : left / slope, slope, history);
    }
}
