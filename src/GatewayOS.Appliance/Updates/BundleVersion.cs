using System.Globalization;

namespace GatewayOS.Appliance.Updates;

/// <summary>
/// A version of the system: numbers with dots between, and behind a '-' what makes it earlier than the version without (Semantic Versioning 2.0.0,
/// section 11, with one to six numbers). What follows a '+' counts nothing.
/// </summary>
public sealed class BundleVersion
{
    /// <summary>Most numbers that a version has.</summary>
    public const int NumbersMax = 6;

    /// <summary>Longest text of a version, in characters.</summary>
    public const int LengthMax = 100;

    private readonly long[] _numbers;
    private readonly string[] _before;

    private BundleVersion(long[] numbers, string[] before) => (_numbers, _before) = (numbers, before);

    /// <summary>Reads a version.</summary>
    /// <returns>Null for what is none.</returns>
    public static BundleVersion? Parse(string text)
    {
        if (text.Length is 0 or > LengthMax)
        {
            return null;
        }

        string counted = text.Split('+')[0];
        int dash = counted.IndexOf('-', StringComparison.Ordinal);
        string[] before = dash < 0 ? [] : counted[(dash + 1)..].Split('.');
        string[] parts = (dash < 0 ? counted : counted[..dash]).Split('.');
        long[] numbers = new long[parts.Length];
        bool isWhole = parts.Length <= NumbersMax && before.All(static part => part.Length > 0);
        for (int i = 0; i < parts.Length && isWhole; i++)
        {
            isWhole = long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]);
        }

        return isWhole ? new BundleVersion(numbers, before) : null;
    }

    /// <summary>Compares with another.</summary>
    /// <returns>Below 0 when this one is earlier, 0 when both are the same, above 0 when it is later.</returns>
    public int Order(BundleVersion other)
    {
        for (int i = 0; i < Math.Max(_numbers.Length, other._numbers.Length); i++)
        {
            int order = NumberAt(_numbers, i).CompareTo(NumberAt(other._numbers, i));
            if (order != 0)
            {
                return order;
            }
        }

        if (_before.Length == 0 || other._before.Length == 0)
        {
            return (_before.Length == 0).CompareTo(other._before.Length == 0);
        }

        for (int i = 0; i < Math.Min(_before.Length, other._before.Length); i++)
        {
            int order = Compare(_before[i], other._before[i]);
            if (order != 0)
            {
                return order;
            }
        }

        return _before.Length.CompareTo(other._before.Length);
    }

    private static long NumberAt(long[] numbers, int index) => index < numbers.Length ? numbers[index] : 0;

    // Numbers by their value and before words.
    private static int Compare(string left, string right)
    {
        bool isLeft = long.TryParse(left, NumberStyles.None, CultureInfo.InvariantCulture, out long leftNumber);
        bool isRight = long.TryParse(right, NumberStyles.None, CultureInfo.InvariantCulture, out long rightNumber);
        return isLeft && isRight ? leftNumber.CompareTo(rightNumber) : isLeft != isRight ? isRight.CompareTo(isLeft) : string.CompareOrdinal(left, right);
    }
}
