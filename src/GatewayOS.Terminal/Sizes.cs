using System.Globalization;

namespace GatewayOS.Terminal;

/// <summary>Numbers for people. Sizes are binary (IEC 80000-13), because disks and memory are compared with them.</summary>
internal static class Sizes
{
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>A size with three digits that count.</summary>
    public static string Bytes(double bytes)
    {
        int unit = 0;
        while (Math.Abs(bytes) >= 1000 && unit < s_units.Length - 1)
        {
            bytes /= 1024;
            unit++;
        }

        string digits = unit == 0 ? "0" : bytes < 10 ? "0.00" : bytes < 100 ? "0.0" : "0";
        return $"{bytes.ToString(digits, CultureInfo.InvariantCulture)} {s_units[unit]}";
    }

    public static string Rate(double bytes, TimeSpan time) => time.TotalSeconds < 0.001 ? "-" : Bytes(bytes / time.TotalSeconds) + "/s";

    public static string Time(TimeSpan time) => time.TotalSeconds switch
    {
        < 10 => time.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + " s",
        < 60 => time.TotalSeconds.ToString("0", CultureInfo.InvariantCulture) + " s",
        < 3600 => $"{(int)time.TotalMinutes} min {time.Seconds:00} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes:00} min",
    };

    public static string Count(long count) => count.ToString("N0", CultureInfo.InvariantCulture).Replace(',', ' ');

    public static string Ratio(double numerator, double denominator) => denominator <= 0 ? "-" : (numerator / denominator).ToString("0.00", CultureInfo.InvariantCulture);

    /// <summary>Reads a size: a number with an optional unit, K, M, G or T (powers of 1024), with or without iB.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        bytes = 0;
        string trimmed = text.Trim().ToUpperInvariant();
        string number = trimmed.TrimEnd('B', 'I', 'K', 'M', 'G', 'T');
        string unit = trimmed[number.Length..].Replace("IB", "", StringComparison.Ordinal).Replace("B", "", StringComparison.Ordinal);
        int power = unit.Length switch { 0 => 0, 1 => "KMGT".IndexOf(unit[0]) + 1, _ => -1 };
        if (power < 0 || (unit.Length == 1 && power == 0) || !decimal.TryParse(number.Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal value))
        {
            return false;
        }

        decimal scaled = value * (1L << (10 * power));
        if (scaled is < 0 or > long.MaxValue)
        {
            return false;
        }

        bytes = (long)scaled;
        return true;
    }
}
