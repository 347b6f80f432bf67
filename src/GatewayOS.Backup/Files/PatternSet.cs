using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>
/// Include and exclude patterns with the semantics of gitignore(5), on names that are bytes: <c>*</c>, <c>?</c>, <c>[…]</c>, <c>**</c>, a leading
/// <c>!</c> to take back, a trailing <c>/</c> for directories only; the last pattern that matches decides. A pattern with a slash in front or
/// within is anchored at the source directory; with a slash in front it is tried on the absolute path too.
/// </summary>
public sealed class PatternSet
{
    private readonly List<Pattern> _patterns = [];
    private readonly List<byte[]> _left = [];

    /// <summary>An empty set, which matches nothing.</summary>
    public static PatternSet None { get; } = new([]);

    /// <summary>Compiles patterns. Empty ones and comments (<c>#</c>) are passed over.</summary>
    /// <param name="patterns">One pattern each; <c>\xNN</c> stands for a byte, as in listings.</param>
    /// <param name="ignoreCase">ASCII letters match in either case.</param>
    public PatternSet(IEnumerable<string> patterns, bool ignoreCase = false)
    {
        foreach (string text in patterns)
        {
            if (Pattern.TryParse(text, ignoreCase, out Pattern? pattern))
            {
                _patterns.Add(pattern);
            }
        }
    }

    private PatternSet(PatternSet patterns, IEnumerable<byte[]> paths)
    {
        _patterns = patterns._patterns;
        _left.AddRange(patterns._left);
        _left.AddRange(paths);
    }

    /// <summary>True when nothing can match.</summary>
    public bool IsEmpty => _patterns.Count == 0 && _left.Count == 0;

    /// <summary>The same, and these paths beside, whatever the patterns say.</summary>
    /// <param name="absolutePaths">Paths from the root, as they are and not as patterns.</param>
    public PatternSet With(IEnumerable<string> absolutePaths) => new(this, absolutePaths.Select(path => System.Text.Encoding.UTF8.GetBytes(path.Trim('/'))));

    /// <summary>Decides about one entry. Whether a directory above it matches is the caller's walk to know.</summary>
    /// <param name="relative">Path from the source directory, '/'-separated, without a slash in front.</param>
    /// <param name="absolute">Path from the root, without a slash in front.</param>
    /// <param name="isDirectory">True for a directory.</param>
    /// <returns>True when the last matching pattern is a plain one; false when it is a negated one or none matches.</returns>
    public bool Matches(ReadOnlySpan<byte> relative, ReadOnlySpan<byte> absolute, bool isDirectory)
    {
        foreach (byte[] path in _left)
        {
            if (absolute.SequenceEqual(path))
            {
                return true;
            }
        }

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
        // Null among the components is "**", which spans any number of directories.
        private readonly Glob?[] _components;
        private readonly bool _anchored;

        private Pattern(Glob?[] components, bool anchored, bool negated, bool directoryOnly, bool leadingSlash)
        {
            (_components, _anchored) = (components, anchored);
            (Negated, DirectoryOnly, LeadingSlash) = (negated, directoryOnly, leadingSlash);
        }

        public bool Negated { get; }

        public bool DirectoryOnly { get; }

        public bool LeadingSlash { get; }

        public static bool TryParse(string text, bool ignoreCase, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Pattern? pattern)
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
            rest = directoryOnly ? rest[..^1] : rest;
            bool leadingSlash = rest.StartsWith('/');
            bool anchored = rest.Contains('/', StringComparison.Ordinal);
            rest = leadingSlash ? rest[1..] : rest;
            if (rest.Length == 0)
            {
                return false;
            }

            pattern = new Pattern([.. Compile(rest, anchored, ignoreCase)], anchored, negated, directoryOnly, leadingSlash);
            return true;
        }

        public bool Matches(ReadOnlySpan<byte> path)
        {
            if (!_anchored)
            {
                return _components[0]!.IsMatch(path[(path.LastIndexOf((byte)'/') + 1)..]);
            }

            // As with stars in a name, only the last "**" needs another try: an earlier one's choice can stand. No recursion, no explosion.
            int at = 0;
            int position = 0;
            int spanAt = -1;
            int spanPosition = 0;
            while (true)
            {
                if (at < _components.Length && _components[at] is null)
                {
                    spanAt = ++at;
                    spanPosition = position;
                    continue;
                }

                bool atEnd = position > path.Length;
                if (atEnd && at == _components.Length)
                {
                    return true;
                }

                if (!atEnd && at < _components.Length && _components[at]!.IsMatch(ComponentAt(path, position)))
                {
                    position = NextComponent(path, position);
                    at++;
                    continue;
                }

                if (spanAt < 0 || spanPosition > path.Length)
                {
                    return false;
                }

                at = spanAt;
                position = spanPosition = NextComponent(path, spanPosition);
            }
        }

        private static IEnumerable<Glob?> Compile(string text, bool anchored, bool ignoreCase)
        {
            string[] components = text.Split('/');
            for (int i = 0; i < components.Length; i++)
            {
                if (!anchored || components[i].Length < 2 || components[i].AsSpan().ContainsAnyExcept('*'))
                {
                    yield return Glob.Compile(ByteName.Unescape(components[i]), ignoreCase);
                    continue;
                }

                yield return null;
                if (i == components.Length - 1)
                {
                    // A "**" at the end stands for everything inside, not for the directory itself: at least one name.
                    yield return Glob.Compile("*"u8, ignoreCase);
                }
            }
        }

        // A position is the start of a component; one past the path's end means that none is left.
        private static ReadOnlySpan<byte> ComponentAt(ReadOnlySpan<byte> path, int position)
        {
            ReadOnlySpan<byte> rest = path[position..];
            int slash = rest.IndexOf((byte)'/');
            return slash < 0 ? rest : rest[..slash];
        }

        private static int NextComponent(ReadOnlySpan<byte> path, int position) => position + ComponentAt(path, position).Length + 1;

        // As git does it: a backslash keeps the blank behind it.
        private static string TrimTrailingBlanks(string text)
        {
            int kept = 0;
            for (int i = 0; i < text.Length; i++)
            {
                if (text[i] == '\\')
                {
                    kept = Math.Min(++i + 1, text.Length);
                }
                else if (text[i] != ' ')
                {
                    kept = i + 1;
                }
            }

            return text[..kept];
        }
    }
}
