using GatewayOS.Store.Trees;

namespace GatewayOS.Backup.Files;

/// <summary>Picks named paths out of a tree, and remembers which were met.</summary>
internal sealed class PathFilter
{
    private static readonly PathFilter s_all = new() { Whole = true };
    private static readonly PathFilter s_none = new();

    private readonly List<(byte[][] Names, int Depth, bool[] Met)> _paths = [];

    private PathFilter()
    {
    }

    /// <summary>True when the entry and everything below is picked.</summary>
    public bool Whole { get; private init; }

    /// <summary>True when something at or below the entry may be picked.</summary>
    public bool MayHold => Whole || _paths.Count > 0;

    public static PathFilter For(IReadOnlyList<byte[]> paths)
    {
        var filter = new PathFilter { Whole = paths.Count == 0 };
        foreach (byte[] path in paths)
        {
            byte[][] names = [.. ByteName.Split(path)];
            if (names.Length == 0)
            {
                return s_all;
            }

            filter._paths.Add((names, 0, new bool[1]));
        }

        return filter;
    }

    public PathFilter Enter(byte[] name)
    {
        if (Whole)
        {
            return s_all;
        }

        PathFilter? inner = null;
        foreach ((byte[][] names, int depth, bool[] met) in _paths)
        {
            if (!names[depth].AsSpan().SequenceEqual(name))
            {
                continue;
            }

            if (depth == names.Length - 1)
            {
                met[0] = true;
                return s_all;
            }

            inner ??= new PathFilter();
            inner._paths.Add((names, depth + 1, met));
        }

        return inner ?? s_none;
    }

    public IEnumerable<string> Missing() => _paths.Where(path => !path.Met[0]).Select(path => "/" + string.Join('/', path.Names.Select(name => ByteName.Escape(name))));
}
