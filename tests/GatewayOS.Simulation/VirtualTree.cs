namespace GatewayOS.Simulation;

/// <summary>A file of the simulated source: bytes, a hole, bytes. Immutable, so that "unchanged" is reference equality.</summary>
internal sealed record VirtualFile(byte[] Head, long HoleBytes, byte[] Tail)
{
    public long LengthBytes => Head.Length + HoleBytes + Tail.Length;

    public byte[] Content()
    {
        byte[] content = new byte[LengthBytes];
        Head.CopyTo(content, 0);
        Tail.CopyTo(content, Head.Length + HoleBytes);
        return content;
    }
}

/// <summary>A directory of the simulated source: names to files or directories, in byte order.</summary>
internal sealed class VirtualDirectory
{
    public SortedDictionary<string, object> Entries { get; } = new(StringComparer.Ordinal);

    public VirtualDirectory Copy()
    {
        var copy = new VirtualDirectory();
        foreach ((string name, object entry) in Entries)
        {
            copy.Entries.Add(name, entry is VirtualDirectory directory ? directory.Copy() : entry);
        }

        return copy;
    }

    public IEnumerable<(string Path, VirtualFile File)> Files()
    {
        foreach ((string name, object entry) in Entries)
        {
            if (entry is VirtualFile file)
            {
                yield return (name, file);
            }
            else
            {
                foreach ((string path, VirtualFile below) in ((VirtualDirectory)entry).Files())
                {
                    yield return ($"{name}/{path}", below);
                }
            }
        }
    }
}

/// <summary>Makes and changes source trees.</summary>
/// <param name="random">The seed's own generator.</param>
internal sealed class TreeMaker(Random random)
{
    private const int EntriesMax = 14;
    private const int LargeFileBytes = 14_000;
    private const int SmallFileBytes = 2_500;

    private readonly List<byte[]> _pool = [];

    public void Mutate(VirtualDirectory root)
    {
        int changes = random.Next(1, 6);
        for (int i = 0; i < changes; i++)
        {
            VirtualDirectory directory = Pick(root);
            string name = $"n{random.Next(EntriesMax)}";
            switch (random.Next(10))
            {
                case < 2:
                    directory.Entries.Remove(name);
                    break;
                case 2 when !directory.Entries.ContainsKey(name):
                    directory.Entries[name] = new VirtualDirectory();
                    break;
                case < 6 when directory.Entries.GetValueOrDefault(name) is VirtualFile file:
                    directory.Entries[name] = Edit(file);
                    break;
                default:
                    directory.Entries[name] = NewFile();
                    break;
            }
        }
    }

    private VirtualDirectory Pick(VirtualDirectory directory)
    {
        while (random.Next(2) == 0)
        {
            VirtualDirectory[] below = [.. directory.Entries.Values.OfType<VirtualDirectory>()];
            if (below.Length == 0)
            {
                break;
            }

            directory = below[random.Next(below.Length)];
        }

        return directory;
    }

    private VirtualFile NewFile() => random.Next(8) switch
    {
        0 => new VirtualFile([], 0, []),
        1 => new VirtualFile(Bytes(SmallFileBytes), random.Next(1, 100_000), Bytes(SmallFileBytes)),
        2 => new VirtualFile(Bytes(LargeFileBytes), 0, []),
        _ => new VirtualFile(Bytes(SmallFileBytes), 0, []),
    };

    private VirtualFile Edit(VirtualFile file)
    {
        if (file.Head.Length == 0)
        {
            return NewFile();
        }

        byte[] head = [.. file.Head];
        int at = random.Next(head.Length);
        return random.Next(3) switch
        {
            0 => file with { Head = [.. head[..at], .. Bytes(300), .. head[at..]] },
            1 => file with { Head = head[..at] },
            _ => Changed(file, head, at),
        };
    }

    private static VirtualFile Changed(VirtualFile file, byte[] head, int at)
    {
        head[at] ^= 1;
        return file with { Head = head };
    }

    // Content repeats now and then, within and between files, or nothing would ever be found in the store.
    private byte[] Bytes(int lengthMax)
    {
        if (_pool.Count > 0 && random.Next(4) == 0)
        {
            return _pool[random.Next(_pool.Count)];
        }

        byte[] bytes = new byte[random.Next(1, lengthMax)];
        if (random.Next(3) == 0)
        {
            bytes.AsSpan().Fill((byte)random.Next(256));
        }
        else
        {
            random.NextBytes(bytes);
        }

        if (_pool.Count < EntriesMax)
        {
            _pool.Add(bytes);
        }

        return bytes;
    }
}
