using GatewayOS.Benchmarks.Results;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks.Peers;

/// <summary>A backup program and how it does each work.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Package">The Debian package it comes from; empty for ours.</param>
/// <param name="Store">Directory of its store.</param>
/// <param name="Init">Makes the store.</param>
/// <param name="Works">Command lines by work.</param>
internal sealed record PeerTool(string Name, string Package, string Store, string Init, IReadOnlyDictionary<string, string> Works);

/// <summary>Works, and how gatewayctl, restic and borg are asked for them: encryption and compression on, everything else as it comes.</summary>
internal static class PeerTools
{
    public const string Ours = "gatewayctl";
    public const string Restic = "restic";
    public const string Borg = "borg";

    /// <summary>What protects the stores' keys.</summary>
    public const string Passphrase = "benchmark";

    public const string First = "first backup";
    public const string Reread = "full re-read";
    public const string Unchanged = "unchanged incremental";
    public const string Restore = "restore";
    public const string Verify = "verify every byte";
    public const string ImageFirst = "image, first backup";
    public const string ImageSecond = "image, second backup";

    /// <summary>Works on a file tree, in the order in which they build on each other.</summary>
    public static readonly string[] TreeWorks = [First, Reread, Unchanged, Restore, Verify];

    /// <summary>What the programs need in their environment.</summary>
    public static Dictionary<string, string> Environment(string work) => new()
    {
        ["RESTIC_PASSWORD"] = Passphrase,
        ["BORG_PASSPHRASE"] = Passphrase,
        ["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK"] = "yes",
        ["BORG_CACHE_DIR"] = $"{work}/borg-cache",
        ["BORG_CONFIG_DIR"] = $"{work}/borg-config",
        ["RESTIC_CACHE_DIR"] = $"{work}/restic-cache",
        ["GATEWAY_PASSPHRASE"] = Passphrase,
        ["GATEWAY_TUNING"] = $"{work}/tuning.json",
    };

    /// <summary>The tools by name.</summary>
    /// <param name="names">Those wanted.</param>
    /// <param name="source">The file tree.</param>
    /// <param name="image">The image file.</param>
    /// <param name="work">Directory for stores and restored files.</param>
    /// <exception cref="BenchRefusedException">One is not installed.</exception>
    public static PeerTool[] All(IEnumerable<string> names, string source, string image, string work)
    {
        PeerTool[] tools = [.. new[] { Gateway(source, image, work), ResticTool(source, image, work), BorgTool(source, image, work) }.Where(tool => names.Contains(tool.Name))];
        foreach (PeerTool tool in tools.Where(tool => tool.Package.Length > 0))
        {
            Require(tool.Name, tool.Package);
        }

        Require("/usr/bin/time", "time");
        return File.Exists(Gatewayctl.Program) ? tools : throw new BenchRefusedException($"{Gatewayctl.Program} is missing. Run './build.sh build' first.");
    }

    private static void Require(string program, string package)
    {
        if (Shell.Run($"command -v {program} || true").Trim().Length == 0)
        {
            throw new BenchRefusedException($"{program} is missing. Install the Debian package '{package}' (apt-get install {package}), or leave it out with --tools.");
        }
    }

    private static PeerTool Gateway(string source, string image, string work)
    {
        string store = $"{work}/store-{Ours}";
        string command = $"{Gatewayctl.Program} store", at = $"--store '{store}' --quiet";
        return new PeerTool(Ours, "", store, $"{command} init {at}", new Dictionary<string, string>
        {
            [First] = $"{command} backup {at} '{source}'",
            [Reread] = $"{command} backup {at} --force-read '{source}'",
            [Unchanged] = $"{command} backup {at} '{source}'",
            [Restore] = $"{command} restore {at} latest --target '{work}/out-{Ours}'",
            [Verify] = $"{command} verify {at} --read-data",
            [ImageFirst] = $"{command} backup {at} '{image}'",
            [ImageSecond] = $"{command} backup {at} '{image}'",
        });
    }

    private static PeerTool ResticTool(string source, string image, string work)
    {
        string store = $"{work}/store-{Restic}";
        string command = $"restic -q -r '{store}'";
        return new PeerTool(Restic, "restic", store, $"{command} init", new Dictionary<string, string>
        {
            [First] = $"{command} backup '{source}'",
            [Reread] = $"{command} backup --force '{source}'",
            [Unchanged] = $"{command} backup '{source}'",
            [Restore] = $"{command} restore latest --target '{work}/out-{Restic}'",
            [Verify] = $"{command} check --read-data",
            [ImageFirst] = $"{command} backup '{image}'",
            [ImageSecond] = $"{command} backup '{image}'",
        });
    }

    private static PeerTool BorgTool(string source, string image, string work)
    {
        string store = $"{work}/store-{Borg}";
        const string create = "borg create --compression lz4";
        return new PeerTool(Borg, "borgbackup", store, $"borg init -e repokey-blake2 '{store}'", new Dictionary<string, string>
        {
            [First] = $"{create} '{store}::first' '{source}'",
            [Reread] = $"{create} --files-cache=disabled '{store}::second' '{source}'",
            [Unchanged] = $"{create} '{store}::third' '{source}'",
            [Restore] = $"bash -c \"cd '{work}/out-{Borg}' && borg extract '{store}::first'\"",
            [Verify] = $"borg check --verify-data '{store}'",
            [ImageFirst] = $"{create} '{store}::first' '{image}'",
            [ImageSecond] = $"{create} '{store}::second' '{image}'",
        });
    }
}
