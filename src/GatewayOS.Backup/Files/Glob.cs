namespace GatewayOS.Backup.Files;

/// <summary>
/// One path component of a pattern, compiled: literals and the common <c>*.x</c> / <c>x*</c> forms compare directly, the rest runs a small
/// backtracking matcher (wildmatch of git, inside one component, where no '/' can occur). Cost of the worst pattern: O(name × pattern)
/// per star, bounded by 255-byte names.
/// </summary>
internal sealed class Glob
{
    private readonly Kind _kind;
    private readonly byte[] _text;
    private readonly bool _ignoreCase;

    private Glob(Kind kind, byte[] text, bool ignoreCase)
    {
        _kind = kind;
        _text = text;
        _ignoreCase = ignoreCase;
    }

    private enum Kind
    {
        Any,
        Literal,
        Prefix,
        Suffix,
        General,
    }

    public static Glob Compile(ReadOnlySpan<byte> pattern, bool ignoreCase)
    {
        byte[] text = pattern.ToArray();
        if (pattern.IndexOfAnyExcept((byte)'*') < 0 && !pattern.IsEmpty)
        {
            return new Glob(Kind.Any, text, ignoreCase);
        }

        if (pattern.IndexOfAny("*?[\\"u8) < 0)
        {
            return new Glob(Kind.Literal, text, ignoreCase);
        }

        if (pattern[0] == '*' && pattern[1..].IndexOfAny("*?[\\"u8) < 0)
        {
            return new Glob(Kind.Suffix, text[1..], ignoreCase);
        }

        return pattern[^1] == '*' && pattern[..^1].IndexOfAny("*?[\\"u8) < 0
            ? new Glob(Kind.Prefix, text[..^1], ignoreCase)
            : new Glob(Kind.General, text, ignoreCase);
    }

    public bool IsMatch(ReadOnlySpan<byte> name) => _kind switch
    {
        Kind.Any => true,
        Kind.Literal => Same(name, _text),
        Kind.Prefix => name.Length >= _text.Length && Same(name[.._text.Length], _text),
        Kind.Suffix => name.Length >= _text.Length && Same(name[^_text.Length..], _text),
        _ => MatchGeneral(name),
    };

    private bool Same(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text) =>
        _ignoreCase ? System.Text.Ascii.EqualsIgnoreCase(name, text) || SameFolded(name, text) : name.SequenceEqual(text);

    // Ascii.EqualsIgnoreCase refuses bytes over 127, which names may hold.
    private static bool SameFolded(ReadOnlySpan<byte> name, ReadOnlySpan<byte> text)
    {
        if (name.Length != text.Length)
        {
            return false;
        }

        for (int i = 0; i < name.Length; i++)
        {
            if (Lower(name[i]) != Lower(text[i]))
            {
                return false;
            }
        }

        return true;
    }

    private bool MatchGeneral(ReadOnlySpan<byte> name)
    {
        int at = 0;
        int position = 0;
        int starAt = -1;
        int starPosition = 0;
        while (true)
        {
            if (at < _text.Length && _text[at] == '*')
            {
                // Only the last star needs to be tried again: an earlier one's choice can stay.
                starAt = ++at;
                starPosition = position;
                continue;
            }

            if (position == name.Length)
            {
                return at == _text.Length;
            }

            if (at < _text.Length && MatchOne(name[position], ref at))
            {
                position++;
                continue;
            }

            if (starAt < 0)
            {
                return false;
            }

            at = starAt;
            position = ++starPosition;
        }
    }

    // Advances 'at' behind the element only when it matches.
    private bool MatchOne(byte value, ref int at)
    {
        byte element = _text[at];
        int next = at + 1;
        bool match;
        switch (element)
        {
            case (byte)'?':
                match = true;
                break;
            case (byte)'[':
                match = MatchSet(value, ref next);
                break;
            case (byte)'\\':
                // A backslash at the very end matches nothing, as in git.
                match = next < _text.Length && Equal(_text[next], value);
                next++;
                break;
            default:
                match = Equal(element, value);
                break;
        }

        at = match ? next : at;
        return match;
    }

    private bool MatchSet(byte value, ref int at)
    {
        bool negated = at < _text.Length && _text[at] is (byte)'!' or (byte)'^';
        at += negated ? 1 : 0;
        bool match = false;
        int previous = -1;
        for (bool first = true; ; first = false)
        {
            if (at >= _text.Length)
            {
                return false;
            }

            byte current = _text[at++];
            if (current == ']' && !first)
            {
                break;
            }

            if (current == '-' && previous >= 0 && at < _text.Length && _text[at] != ']')
            {
                byte high = _text[at++];
                if (high == '\\')
                {
                    if (at >= _text.Length)
                    {
                        return false;
                    }

                    high = _text[at++];
                }

                match |= InRange(value, previous, high);
                previous = -1;
            }
            else if (current == '[' && at < _text.Length && _text[at] == ':')
            {
                int end = _text.AsSpan(at + 1).IndexOf((byte)']');
                if (end < 0)
                {
                    return false;
                }

                if (end > 0 && _text[at + end] == ':')
                {
                    bool? inClass = InClass(value, _text.AsSpan(at + 1, end - 1));
                    if (inClass is null)
                    {
                        return false;
                    }

                    match |= inClass.Value;
                    at += end + 2;
                    previous = -1;
                }
                else
                {
                    // No ":]": the bracket stands for itself, as in git.
                    match |= value == '[';
                    previous = '[';
                }
            }
            else
            {
                if (current == '\\')
                {
                    if (at >= _text.Length)
                    {
                        return false;
                    }

                    current = _text[at++];
                }

                match |= Equal(current, value);
                previous = current;
            }
        }

        return match != negated;
    }

    private bool InRange(byte value, int low, int high)
    {
        if (value >= low && value <= high)
        {
            return true;
        }

        // git folds the name to lower case and tries the upper case form in ranges as well.
        return _ignoreCase && ((Lower(value) >= low && Lower(value) <= high) || (Upper(value) >= low && Upper(value) <= high));
    }

    private bool? InClass(byte value, ReadOnlySpan<byte> name)
    {
        bool letter = value is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z');
        bool digit = value is >= (byte)'0' and <= (byte)'9';
        bool graph = value is > 0x20 and < 0x7f;
        return name switch
        {
            _ when name.SequenceEqual("alnum"u8) => letter || digit,
            _ when name.SequenceEqual("alpha"u8) => letter,
            _ when name.SequenceEqual("blank"u8) => value is (byte)' ' or (byte)'\t',
            _ when name.SequenceEqual("cntrl"u8) => value is < 0x20 or 0x7f,
            _ when name.SequenceEqual("digit"u8) => digit,
            _ when name.SequenceEqual("graph"u8) => graph,
            _ when name.SequenceEqual("lower"u8) => letter && (value >= 'a' || _ignoreCase),
            _ when name.SequenceEqual("print"u8) => graph || value == ' ',
            _ when name.SequenceEqual("punct"u8) => graph && !letter && !digit,
            _ when name.SequenceEqual("space"u8) => value is (byte)' ' or (>= 9 and <= 13),
            _ when name.SequenceEqual("upper"u8) => letter && (value <= 'Z' || _ignoreCase),
            _ when name.SequenceEqual("xdigit"u8) => digit || Lower(value) is >= (byte)'a' and <= (byte)'f',
            _ => null,
        };
    }

    private bool Equal(byte a, byte b) => a == b || (_ignoreCase && Lower(a) == Lower(b));

    private static byte Lower(byte value) => value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;

    private static byte Upper(byte value) => value is >= (byte)'a' and <= (byte)'z' ? (byte)(value & ~0x20) : value;
}
