using System.Globalization;

namespace GatewayOS.Appliance.Schedule;

/// <summary>Durations as people write them in policies: <c>90s</c>, <c>15min</c>, <c>4h</c>, <c>7d</c>, <c>2w</c>, or several in a row, <c>1d12h</c>.</summary>
public static class DurationText
{
    /// <summary>What to tell someone who wrote another thing.</summary>
    public const string Remedy = "Write a number and a unit of s, min, h, d or w, as in 15min or 1d12h.";

    private const long SecondsMax = 10L * 366 * 24 * 3600;

    private static readonly (string Unit, long Seconds)[] s_units = [("w", 7 * 86_400), ("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)];

    /// <summary>Reads a duration.</summary>
    /// <returns>False when it is none, zero, or longer than ten years.</returns>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        long total = 0;
        ReadOnlySpan<char> rest = text.AsSpan().Trim();
        while (rest.Length > 0)
        {
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            if (digits is <= 0 or > 9)
            {
                return false;
            }

            long number = long.Parse(rest[..digits], CultureInfo.InvariantCulture);
            rest = rest[digits..];
            int unit = rest.IndexOfAnyInRange('0', '9');
            string name = rest[..(unit < 0 ? rest.Length : unit)].ToString();
            long seconds = s_units.FirstOrDefault(known => known.Unit == name).Seconds;
            total += number * seconds;
            if (seconds == 0 || total > SecondsMax)
            {
                return false;
            }

            rest = rest[name.Length..];
        }

        duration = TimeSpan.FromSeconds(total);
        return total > 0;
    }

    /// <summary>Writes a duration, to whole seconds.</summary>
    public static string Of(TimeSpan duration)
    {
        long rest = (long)duration.TotalSeconds;
        var text = new System.Text.StringBuilder();
        foreach ((string unit, long seconds) in s_units)
        {
            if (rest / seconds > 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"{rest / seconds}{unit}");
                rest %= seconds;
            }
        }

        return text.Length == 0 ? "0s" : text.ToString();
    }
}
