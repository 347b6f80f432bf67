using System.Globalization;
using GatewayOS.Terminal;

namespace GatewayOS.Benchmarks.Results;

/// <summary>A suite's options: <c>--name value</c> pairs. What the suite does not know, or cannot read, is refused by name.</summary>
internal sealed class BenchArguments
{
    private readonly Dictionary<string, string> _values = [];

    /// <summary>Reads options.</summary>
    /// <param name="arguments">Name, value, name, value.</param>
    /// <param name="known">The names the suite has, with their dashes.</param>
    /// <exception cref="BenchRefusedException">One is unknown or lacks its value.</exception>
    public BenchArguments(IReadOnlyList<string> arguments, params IReadOnlyList<string> known)
    {
        for (int i = 0; i < arguments.Count; i += 2)
        {
            string name = arguments[i];
            if (!known.Contains(name))
            {
                throw new BenchRefusedException($"there is no option '{name}' here. The options are: {string.Join(", ", known.Order(StringComparer.Ordinal))}.");
            }

            _values[name] = i + 1 < arguments.Count ? arguments[i + 1] : throw new BenchRefusedException($"{name} needs a value.");
        }
    }

    public string Text(string name, string otherwise) => _values.GetValueOrDefault(name, otherwise);

    /// <summary>A whole number of at least <paramref name="min"/>.</summary>
    public int Number(string name, int otherwise, int min = 1)
    {
        if (!_values.TryGetValue(name, out string? text))
        {
            return otherwise;
        }

        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value >= min
            ? value
            : throw new BenchRefusedException($"{name} is '{text}'; it must be a whole number from {min} on.");
    }

    /// <summary>A size in bytes, above zero; written as 512M or 8G.</summary>
    public long Bytes(string name, string otherwise)
    {
        string text = Text(name, otherwise);
        return Sizes.TryParse(text, out long bytes) && bytes > 0 ? bytes : throw new BenchRefusedException($"{name} is '{text}'; it must be a size such as 512M or 8G.");
    }

    /// <summary>Names separated by commas, each one of those allowed.</summary>
    public string[] Names(string name, params string[] allowed)
    {
        string[] chosen = Text(name, string.Join(',', allowed)).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return chosen.FirstOrDefault(entry => !allowed.Contains(entry)) is { } unknown
            ? throw new BenchRefusedException($"{name} names '{unknown}'; it takes {string.Join(", ", allowed)}.")
            : chosen;
    }
}

/// <summary>A benchmark cannot run; the message says what to do.</summary>
internal sealed class BenchRefusedException(string message) : Exception(message);
