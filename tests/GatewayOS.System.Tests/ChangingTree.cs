using System.Security.Cryptography;
using System.Text;

namespace GatewayOS.System.Tests;

/// <summary>A source tree that changes between backups, from a seed, and what it was at any backup.</summary>
internal sealed class ChangingTree
{
    private const int FilesAtStart = 120;
    private const int FileBytesMax = 600_000;

    private readonly string _root;
    private readonly Random _random;

    public ChangingTree(string root, int seed)
    {
        _root = root;
        _random = new Random(seed);
        for (int i = 0; i < FilesAtStart; i++)
        {
            Write($"d{i % 7}/e{i % 3}/f{i}");
        }
    }

    /// <summary>Changes, adds and removes some files.</summary>
    public void Change()
    {
        string[] files = Directory.GetFiles(_root, "*", SearchOption.AllDirectories);
        for (int i = 0; i < 12; i++)
        {
            string file = Path.GetRelativePath(_root, files[_random.Next(files.Length)]);
            switch (_random.Next(4))
            {
                case 0:
                    File.Delete(Path.Join(_root, file));
                    break;
                case 1:
                    Write($"{file}-{_random.Next(1000)}");
                    break;
                default:
                    Write(file);
                    break;
            }
        }
    }

    /// <summary>The tree's files by relative path, with the hash of their content.</summary>
    public static SortedDictionary<string, string> Manifest(string root)
    {
        var manifest = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string file in Directory.GetFiles(root, "*", SearchOption.AllDirectories))
        {
            manifest.Add(Path.GetRelativePath(root, file), Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file))));
        }

        return manifest;
    }

    private void Write(string name)
    {
        string path = Path.Join(_root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        byte[] content = new byte[_random.Next(FileBytesMax)];
        _random.NextBytes(content);
        if (_random.Next(2) == 0)
        {
            // Half of the files compress, as half of real ones do.
            content = Encoding.ASCII.GetBytes(Convert.ToHexString(content));
        }

        File.WriteAllBytes(path, content);
    }
}
