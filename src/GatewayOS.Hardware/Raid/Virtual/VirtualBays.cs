using System.Globalization;
using System.Text.Json;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Raid.Virtual;

/// <summary>
/// Bays that are a directory, and disks that are files in it: <c>bay-1.json</c> is the disk in bay 1. A disk is pulled by moving its file away, as into
/// <c>table/</c>, and plugged by moving one here; what is written into it is what it says of itself from then on.
/// </summary>
internal sealed class VirtualBays : IDisposable
{
    private const string Table = "table";
    private const int FileBytesMax = 64 * 1024;

    private readonly string _directory;
    private readonly IReadOnlyList<BayProfile> _bays;
    private readonly FileSystemWatcher _watcher;

    /// <summary>Opens the directory, making it, without a disk, when it is missing.</summary>
    /// <param name="directory">Where the files are.</param>
    /// <param name="bays">The bays of the profile.</param>
    /// <param name="changed">Called when a file came, went or was written. From any thread.</param>
    public VirtualBays(string directory, IReadOnlyList<BayProfile> bays, Action changed)
    {
        (_directory, _bays) = (directory, bays);
        Directory.CreateDirectory(Path.Join(directory, Table));
        _watcher = new FileSystemWatcher(directory, "*.json") { NotifyFilter = NotifyFilters.FileName | NotifyFilters.LastWrite };
        _watcher.Created += (_, _) => changed();
        _watcher.Deleted += (_, _) => changed();
        _watcher.Renamed += (_, _) => changed();
        _watcher.Changed += (_, _) => changed();
        _watcher.EnableRaisingEvents = true;
    }

    /// <summary>Reads every bay.</summary>
    /// <returns>The disks by bay; bays without one are absent.</returns>
    /// <exception cref="InvalidDataException">A file is no disk, or two bays have the same one; the message says which.</exception>
    public IReadOnlyDictionary<int, VirtualDisk> Read()
    {
        var disks = new SortedDictionary<int, VirtualDisk>();
        foreach (BayProfile bay in _bays)
        {
            if (ReadDisk(PathOf(bay.No)) is { } disk)
            {
                if (disks.FirstOrDefault(other => other.Value.Serial == disk.Serial) is { Value: not null } other)
                {
                    throw new InvalidDataException($"the virtual disk {disk.Serial} is in bay {Number(other.Key)} and in bay {Number(bay.No)}; move one of the files out of {_directory}");
                }

                disks.Add(bay.No, disk);
            }
        }

        return disks;
    }

    /// <summary>Puts a new disk into a bay.</summary>
    public void Put(int bay, VirtualDisk disk) => File.WriteAllBytes(PathOf(bay), Bytes(disk));

    /// <summary>Writes a disk that is in a bay.</summary>
    /// <exception cref="IOException">It was pulled meanwhile.</exception>
    public void Write(int bay, VirtualDisk disk)
    {
        // Opened, never made: a disk that was pulled meanwhile must not come back by this.
        using var file = new FileStream(PathOf(bay), FileMode.Open, FileAccess.Write);
        file.SetLength(0);
        file.Write(Bytes(disk));
    }

    /// <inheritdoc/>
    public void Dispose() => _watcher.Dispose();

    private static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static byte[] Bytes(VirtualDisk disk) => JsonSerializer.SerializeToUtf8Bytes(disk, VirtualArrayJson.Default.VirtualDisk);

    private static VirtualDisk? ReadDisk(string path)
    {
        try
        {
            if (!File.Exists(path))
            {
                return null;
            }

            if (new FileInfo(path).Length > FileBytesMax)
            {
                throw new InvalidDataException($"the virtual disk {path} is longer than {Number(FileBytesMax)} bytes");
            }

            return JsonSerializer.Deserialize(File.ReadAllBytes(path), VirtualArrayJson.Default.VirtualDisk) is { Serial.Length: > 0, SizeBytes: > 0 } disk
                ? disk
                : throw new InvalidDataException($"the virtual disk {path} has no serial number or no size; give it \"serial\" and \"sizeBytes\"");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"the virtual disk {path} cannot be read: {error.Message}", error);
        }
        catch (FileNotFoundException)
        {
            // Pulled between two looks.
            return null;
        }
    }

    private string PathOf(int bay) => Path.Join(_directory, $"bay-{Number(bay)}.json");
}
