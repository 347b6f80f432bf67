using System.Text;
using System.Text.RegularExpressions;

namespace GatewayOS.Appliance.Catalogue;

/// <summary>A search pattern, made ready: what the trigram index can answer of it, and the exact test of names and paths.</summary>
internal sealed class CataloguePattern
{
    private const int GramRunes = 3;

    private readonly Regex _name;
    private readonly Regex? _path;

    public CataloguePattern(string pattern)
    {
        int slash = pattern.LastIndexOf('/');
        string name = pattern[(slash + 1)..];
        bool isWhole = slash >= 0 || name.AsSpan().ContainsAny('*', '?');
        string nameGlob = isWhole ? (name.Length == 0 ? "*" : name) : $"*{name}*";
        _name = Compile(nameGlob);
        _path = slash < 0 ? null : Compile((pattern.StartsWith('/') ? pattern : $"**/{pattern}") + (name.Length == 0 ? "*" : ""));
        Grams = MakeGrams(nameGlob);
    }

    /// <summary>What a name has to contain, as a query of the trigram index; null when there is nothing long enough to ask for.</summary>
    public string? Grams { get; }

    /// <summary>True when the path has to be looked at too.</summary>
    public bool NeedsPath => _path is not null;

    public bool IsName(string name) => _name.IsMatch(name);

    public bool IsPath(string path) => _path?.IsMatch(path) ?? true;

    // Without backtracking: no pattern takes longer than its name is long.
    private static Regex Compile(string glob)
    {
        var text = new StringBuilder("^");
        for (int i = 0; i < glob.Length; i++)
        {
            if (glob[i] == '*' && i + 1 < glob.Length && glob[i + 1] == '*')
            {
                text.Append(".*");
                i++;
            }
            else
            {
                text.Append(glob[i] switch { '*' => "[^/]*", '?' => "[^/]", char other => Regex.Escape(other.ToString()) });
            }
        }

        return new Regex(text.Append("\\z").ToString(), RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking | RegexOptions.Singleline);
    }

    private static string? MakeGrams(string glob)
    {
        var grams = new List<string>();
        foreach (string literal in glob.Split('*', '?'))
        {
            Rune[] runes = [.. literal.EnumerateRunes()];
            for (int i = 0; i + GramRunes <= runes.Length; i++)
            {
                grams.Add($"\"{string.Concat(runes[i..(i + GramRunes)]).Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
            }
        }

        return grams.Count == 0 ? null : string.Join(" AND ", grams.Distinct(StringComparer.OrdinalIgnoreCase));
    }
}
