using System.Text;

namespace GatewayOS.Backup.Files;

/// <summary>
/// Include and exclude patterns with the semantics of gitignore(5), on names that are bytes: <c>*</c>, <c>?</c>, <c>[…]</c>, <c>**</c>, a leading
/// <c>!</c> to take back, a trailing <c>/</c> for directories only; the last pattern that matches decides. A pattern with a slash in front or
/// within is anchored at the source directory; with a slash in front it is tried on the absolute path too.
/// </summary>
public sealed class PatternSet
{
    private readonly List<Pattern> _patterns = [];

    /// <summary>An empty set, which matches nothing.</summary>
    public static PatternSet None { get; } = new([]);

    /// <summary>Compiles patterns. Empty ones and comments (<c>#</c>) are passed over.</summary>
    public PatternSet(IEnumerable<string> patterns)
    {
        foreach (string text in patterns)
        {
            if (Pattern.TryParse(text, out Pattern? pattern))
            {
                _patterns.Add(pattern);
            }
        }
    }

    /// <summary>True when nothing can match.</summary>
    public bool IsEmpty => _patterns.Count == 0;

    /// <summary>Decides about one entry. Whether a directory above it matches is the caller's walk to know.</summary>
    /// <param name="relative">Path from the source directory, '/'-separated, without a slash in front.</param>
    /// <param name="absolute">Path from the root, without a slash in front.</param>
    /// <param name="isDirectory">True for a directory.</param>
    /// <returns>True when the last matching pattern is a plain one; false when it is a negated one or none matches.</returns>
    public bool Matches(ReadOnlySpan<byte> relative, ReadOnlySpan<byte> absolute, bool isDirectory)
    {
        for (int i = _patterns.Count - 1; i >= 0; i--)
        {
            Pattern pattern = _patterns[i];
            if ((isDirectory || !pattern.DirectoryOnly) && (pattern.Matches(relative) || (pattern.LeadingSlash && pattern.Matches(absolute))))
            {
                return !pattern.Negated;
            }
        }

        return false;
    }

    /// <summary>True when the entry or any directory above it matches: for tests of single paths.</summary>
    public bool MatchesWithParents(ReadOnlySpan<byte> relative, ReadOnlySpan<byte> absolute, bool isDirectory)
    {
        int prefix = absolute.Length - relative.Length;
        for (int i = 0; i < relative.Length; i++)
        {
            if (relative[i] == '/' && Matches(relative[..i], absolute[..(prefix + i)], isDirectory: true))
            {
                return true;
            }
        }

        return Matches(relative, absolute, isDirectory);
    }

    private sealed class Pattern
    {
        private static readonly byte[] s_anyDirectories = "**"u8.ToArray();

        public required byte[][] Segments { get; init; }

        public required bool Anchored { get; init; }

        public required bool Negated { get; init; }

        public required bool DirectoryOnly { get; init; }

        public required bool LeadingSlash { get; init; }

        public static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Pattern? pattern)
        {
            pattern = null;
            string rest = TrimTrailingBlanks(text.TrimEnd('\r', '\n'));
            if (rest.Length == 0 || rest[0] == '#')
            {
                return false;
            }

            bool negated = rest[0] == '!';
            rest = negated ? rest[1..] : rest;
            bool directoryOnly = rest.EndsWith('/');
            rest = rest.TrimEnd('/');
            bool leadingSlash = rest.StartsWith('/');
            rest = leadingSlash ? rest[1..] : rest;
            if (rest.Length == 0)
            {
                return false;
            }

            pattern = new Pattern
            {
                Segments = [.. rest.Split('/').Select(segment => segment == "**" ? s_anyDirectories : GatewayOS.Store.Trees.ByteName.Unescape(segment))],
                Anchored = leadingSlash || rest.Contains('/', StringComparison.Ordinal),
                Negated = negated,
                DirectoryOnly = directoryOnly,
                LeadingSlash = leadingSlash,
            };
            return true;
        }

        public bool Matches(ReadOnlySpan<byte> path)
        {
            if (!Anchored)
            {
                return Glob.Matches(Segments[0], path[(path.LastIndexOf((byte)'/') + 1)..]);
            }

            return MatchesFrom(0, path, atEnd: false);
        }

        // One level of recursion for each segment of the pattern, which a person wrote.
        private bool MatchesFrom(int segment, ReadOnlySpan<byte> path, bool atEnd)
        {
            if (segment == Segments.Length)
            {
                return atEnd;
            }

            if (ReferenceEquals(Segments[segment], s_anyDirectories))
            {
                if (segment == Segments.Length - 1)
                {
                    // A trailing "/**" matches everything inside, not the directory itself.
                    return !atEnd && (segment == 0 || path.Length > 0);
                }

                for (ReadOnlySpan<byte> tail = path; ;)
                {
                    if (MatchesFrom(segment + 1, tail, atEnd))
                    {
                        return true;
                    }

                    int next = tail.IndexOf((byte)'/');
                    if (next < 0)
                    {
                        return false;
                    }

                    tail = tail[(next + 1)..];
                }
            }

            if (atEnd)
            {
                return false;
            }

            int slash = path.IndexOf((byte)'/');
            ReadOnlySpan<byte> name = slash < 0 ? path : path[..slash];
            return Glob.Matches(Segments[segment], name) && MatchesFrom(segment + 1, slash < 0 ? [] : path[(slash + 1)..], slash < 0);
        }

        private static string TrimTrailingBlanks(string text)
        {
            int length = text.Length;
            while (length > 0 && text[length - 1] == ' ' && (length < 2 || text[length - 2] != '\\'))
            {
                length--;
            }

            return text[..length];
        }
    }
}

/// <summary>Shell globs within one name, on bytes (glob(7), without locale).</summary>
internal static class Glob
{
    /// <summary>Matches with one point of return, so at most quadratic in the name.</summary>
    public static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> name)
    {
        int p = 0;
        int n = 0;
        int starPattern = -1;
        int starName = 0;
        while (n < name.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                starPattern = ++p;
                starName = n;
            }
            else if (p < pattern.Length && MatchOne(pattern, p, name[n], out int after))
            {
                p = after;
                n++;
            }
            else if (starPattern >= 0)
            {
                p = starPattern;
                n = ++starName;
            }
            else
            {
                return false;
            }
        }

        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }

        return p == pattern.Length;
    }

    private static bool MatchOne(ReadOnlySpan<byte> pattern, int at, byte value, out int after)
    {
        after = at + 1;
        switch (pattern[at])
        {
            case (byte)'?':
                return true;
            case (byte)'\\' when at + 1 < pattern.Length:
                after = at + 2;
                return pattern[at + 1] == value;
            case (byte)'[':
                int end = ClassEnd(pattern, at);
                if (end < 0)
                {
                    // An unclosed class matches nothing, as git has it.
                    return false;
                }

                after = end + 1;
                return MatchClass(pattern[(at + 1)..end], value);
            default:
                return pattern[at] == value;
        }
    }

    private static int ClassEnd(ReadOnlySpan<byte> pattern, int open)
    {
        int i = open + 1;
        if (i < pattern.Length && pattern[i] is (byte)'!' or (byte)'^')
        {
            i++;
        }

        for (bool first = true; i < pattern.Length; i++, first = false)
        {
            if (pattern[i] == ']' && !first)
            {
                return i;
            }

            if (pattern[i] == '\\')
            {
                i++;
            }
            else if (pattern[i] == '[' && i + 1 < pattern.Length && pattern[i + 1] == ':')
            {
                int close = pattern[(i + 2)..].IndexOf(":]"u8);
                i = close < 0 ? i : i + 2 + close + 1;
            }
        }

        return -1;
    }

    private static bool MatchClass(ReadOnlySpan<byte> body, byte value)
    {
        bool negated = body[0] is (byte)'!' or (byte)'^';
        body = negated ? body[1..] : body;
        bool matched = false;
        for (int i = 0; i < body.Length; i++)
        {
            if (body[i] == '[' && i + 1 < body.Length && body[i + 1] == ':' && body[(i + 2)..].IndexOf(":]"u8) is int close and >= 0)
            {
                matched |= InNamedClass(Encoding.ASCII.GetString(body.Slice(i + 2, close)), value);
                i += close + 3;
                continue;
            }

            i += body[i] == '\\' && i + 1 < body.Length ? 1 : 0;
            byte low = body[i];
            byte high = low;
            if (i + 2 < body.Length && body[i + 1] == '-')
            {
                i += 2;
                i += body[i] == '\\' && i + 1 < body.Length ? 1 : 0;
                high = body[i];
            }

            matched |= value >= low && value <= high;
        }

        return matched != negated;
    }

    private static bool InNamedClass(string name, byte value) => name switch
    {
        "alnum" => char.IsAsciiLetterOrDigit((char)value),
        "alpha" => char.IsAsciiLetter((char)value),
        "digit" => char.IsAsciiDigit((char)value),
        "lower" => char.IsAsciiLetterLower((char)value),
        "upper" => char.IsAsciiLetterUpper((char)value),
        "xdigit" => char.IsAsciiHexDigit((char)value),
        "space" => value is (>= 9 and <= 13) or 32,
        "blank" => value is 9 or 32,
        "punct" => value is (>= 33 and <= 47) or (>= 58 and <= 64) or (>= 91 and <= 96) or (>= 123 and <= 126),
        "cntrl" => value is < 32 or 127,
        "print" => value is >= 32 and < 127,
        "graph" => value is > 32 and < 127,
        _ => false,
    };
}
