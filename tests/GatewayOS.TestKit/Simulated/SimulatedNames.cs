namespace GatewayOS.TestKit.Simulated;

/// <summary>Sort of a change to directories.</summary>
internal enum NameChangeKind
{
    Link,
    Unlink,
    Rename,
    MakeDirectory,

    /// <summary>The old name of a rename whose new name is durable already.</summary>
    UnlinkRenamed,
}

/// <summary>A change to directories that no sync has made durable.</summary>
/// <param name="Kind">Sort.</param>
/// <param name="File">The file concerned; null for a directory.</param>
/// <param name="Directory">Its directory; of a rename, the old one.</param>
/// <param name="Name">Its name; of a rename, the old one.</param>
/// <param name="ToDirectory">New directory of a rename.</param>
/// <param name="ToName">New name of a rename.</param>
internal sealed record NameChange(NameChangeKind Kind, SimulatedFile? File, string Directory, string Name, string ToDirectory = "", string ToName = "")
{
    public bool Touches(string directory) => Directory == directory || (Kind == NameChangeKind.Rename && ToDirectory == directory);
}

/// <summary>One directory: entries as processes see them and as the platters hold them. Maps are made on demand; most shards stay empty.</summary>
internal sealed class SimulatedDirectory
{
    public Dictionary<string, SimulatedFile>? Files { get; set; }

    public Dictionary<string, SimulatedFile>? DurableFiles { get; set; }

    public List<string> Subdirectories { get; } = [];

    public List<string> DurableSubdirectories { get; } = [];
}

/// <summary>
/// All directories and their unsynced changes, in the order they were made. Changes to the same name keep their order through a power cut;
/// changes to different names do not, which is more than any journalling file system allows itself.
/// </summary>
internal sealed class SimulatedNames
{
    private readonly Dictionary<string, SimulatedDirectory> _directories = new(StringComparer.Ordinal) { [""] = new() };
    private readonly List<NameChange> _pending = [];

    public IEnumerable<string> Directories => _directories.Keys;

    public static (string Directory, string Name) Split(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }

    public static string Join(string directory, string name) => directory.Length == 0 ? name : $"{directory}/{name}";

    public bool HasDirectory(string path) => _directories.ContainsKey(path);

    public SimulatedFile? Find(string path)
    {
        (string directory, string name) = Split(path);
        return _directories.TryGetValue(directory, out SimulatedDirectory? found) ? found.Files?.GetValueOrDefault(name) : null;
    }

    public SimulatedDirectory? Directory(string path) => _directories.GetValueOrDefault(path);

    public void MakeDirectory(string path)
    {
        (string parent, string name) = Split(path);
        _directories.Add(path, new SimulatedDirectory());
        _directories[parent].Subdirectories.Add(name);
        _pending.Add(new NameChange(NameChangeKind.MakeDirectory, null, parent, name));
    }

    public void Link(string path, SimulatedFile file)
    {
        (string directory, string name) = Split(path);
        (_directories[directory].Files ??= new(StringComparer.Ordinal))[name] = file;
        _pending.Add(new NameChange(NameChangeKind.Link, file, directory, name));
    }

    public void Unlink(string path)
    {
        (string directory, string name) = Split(path);
        _directories[directory].Files!.Remove(name, out SimulatedFile? file);
        _pending.Add(new NameChange(NameChangeKind.Unlink, file, directory, name));
    }

    public void Rename(string from, string to)
    {
        (string directory, string name) = Split(from);
        (string toDirectory, string toName) = Split(to);
        _directories[directory].Files!.Remove(name, out SimulatedFile? file);
        (_directories[toDirectory].Files ??= new(StringComparer.Ordinal))[toName] = file!;
        _pending.Add(new NameChange(NameChangeKind.Rename, file, directory, name, toDirectory, toName));
    }

    /// <summary>Makes every change in a directory durable.</summary>
    public void Sync(string directory)
    {
        int kept = 0;
        for (int i = 0; i < _pending.Count; i++)
        {
            NameChange change = _pending[i];
            if (!change.Touches(directory))
            {
                _pending[kept++] = change;
                continue;
            }

            ApplyDurably(change);
            if (change.Kind == NameChangeKind.Rename && change.Directory != directory)
            {
                // The promise covers the synced directory; the name in the other one is known to go only when that is synced.
                _pending[kept++] = new NameChange(NameChangeKind.UnlinkRenamed, change.File, change.Directory, change.Name);
            }
        }

        _pending.RemoveRange(kept, _pending.Count - kept);
    }

    /// <summary>What a power cut leaves of all names, durable and unsynced: maps of directory to names.</summary>
    /// <param name="faults">What may happen.</param>
    /// <param name="random">Decides; null keeps nothing unsynced.</param>
    /// <param name="everything">True to keep all that is unsynced.</param>
    public Dictionary<string, Dictionary<string, SimulatedFile>> AfterCrash(CrashFaults faults, Random? random, bool everything)
    {
        var image = new CrashNames();
        foreach ((string path, SimulatedDirectory directory) in _directories)
        {
            image.AddDurable(path, directory);
        }

        // Sometimes nearly all, sometimes nearly nothing survives: even odds for each change would hardly ever show long runs of either.
        int survivalPercent = random is null ? 0 : random.Next(3) switch { 0 => 15, 1 => 50, _ => 85 };
        foreach (NameChange change in _pending)
        {
            // A rename that is durable at its new place lost its old name with it, unless this file system splits renames.
            bool certain = everything || (random is not null && !faults.HasFlag(CrashFaults.LostNames))
                || (change.Kind == NameChangeKind.UnlinkRenamed && !faults.HasFlag(CrashFaults.SplitRenames));
            image.Apply(change, certain || (random is not null && random.Next(100) < survivalPercent), certain ? null : random, faults);
        }

        return image.Reachable();
    }

    /// <summary>Sets up directories and names of an image, all durable.</summary>
    public void Load(string directory, Dictionary<string, SimulatedFile> files)
    {
        if (!_directories.TryGetValue(directory, out SimulatedDirectory? made))
        {
            made = new SimulatedDirectory();
            _directories.Add(directory, made);
            (string parent, string name) = Split(directory);
            _directories[parent].Subdirectories.Add(name);
            _directories[parent].DurableSubdirectories.Add(name);
        }

        if (files.Count > 0)
        {
            made.Files = files;
            made.DurableFiles = new(files, StringComparer.Ordinal);
        }
    }

    private void ApplyDurably(NameChange change)
    {
        SimulatedDirectory directory = _directories[change.Directory];
        switch (change.Kind)
        {
            case NameChangeKind.MakeDirectory:
                directory.DurableSubdirectories.Add(change.Name);
                break;
            case NameChangeKind.Link:
                (directory.DurableFiles ??= new(StringComparer.Ordinal))[change.Name] = change.File!;
                break;
            case NameChangeKind.Unlink:
                directory.DurableFiles?.Remove(change.Name);
                break;
            case NameChangeKind.UnlinkRenamed:
                RemoveIfSame(directory, change);
                break;
            case NameChangeKind.Rename:
                (_directories[change.ToDirectory].DurableFiles ??= new(StringComparer.Ordinal))[change.ToName] = change.File!;
                if (change.Directory == change.ToDirectory)
                {
                    RemoveIfSame(directory, change);
                }

                break;
        }
    }

    private static void RemoveIfSame(SimulatedDirectory directory, NameChange change)
    {
        if (directory.DurableFiles?.GetValueOrDefault(change.Name) == change.File)
        {
            directory.DurableFiles?.Remove(change.Name);
        }
    }
}

/// <summary>Names as they come out of a power cut.</summary>
internal sealed class CrashNames
{
    private readonly Dictionary<string, Dictionary<string, SimulatedFile>> _files = new(StringComparer.Ordinal);
    private readonly HashSet<string> _directories = new(StringComparer.Ordinal) { "" };
    private readonly HashSet<(string, string)> _blocked = [];

    public void AddDurable(string path, SimulatedDirectory directory)
    {
        _files[path] = directory.DurableFiles is { Count: > 0 } files ? new(files, StringComparer.Ordinal) : [];
        foreach (string name in directory.DurableSubdirectories)
        {
            _directories.Add(SimulatedNames.Join(path, name));
        }
    }

    public void Apply(NameChange change, bool survives, Random? random, CrashFaults faults)
    {
        (string, string) name = (change.Directory, change.Name);
        (string, string) target = (change.ToDirectory, change.ToName);
        bool rename = change.Kind == NameChangeKind.Rename;
        if (!survives || _blocked.Contains(name) || (rename && _blocked.Contains(target)))
        {
            _blocked.Add(name);
            if (rename)
            {
                _blocked.Add(target);
            }

            return;
        }

        switch (change.Kind)
        {
            case NameChangeKind.MakeDirectory:
                _directories.Add(SimulatedNames.Join(change.Directory, change.Name));
                break;
            case NameChangeKind.Link:
                _files[change.Directory][change.Name] = change.File!;
                break;
            case NameChangeKind.Unlink:
            case NameChangeKind.UnlinkRenamed:
                RemoveIfSame(change);
                break;
            case NameChangeKind.Rename:
                _files[change.ToDirectory][change.ToName] = change.File!;
                if (change.Directory == change.ToDirectory || !faults.HasFlag(CrashFaults.SplitRenames) || random is null || random.Next(4) > 0)
                {
                    RemoveIfSame(change);
                }

                break;
        }
    }

    /// <summary>Directories whose whole path survived, with their files.</summary>
    public Dictionary<string, Dictionary<string, SimulatedFile>> Reachable()
    {
        var reachable = new Dictionary<string, Dictionary<string, SimulatedFile>>(StringComparer.Ordinal);
        foreach ((string path, Dictionary<string, SimulatedFile> files) in _files)
        {
            if (_directories.Contains(path) && (path.Length == 0 || reachable.ContainsKey(SimulatedNames.Split(path).Directory)))
            {
                reachable.Add(path, files);
            }
        }

        return reachable;
    }

    private void RemoveIfSame(NameChange change)
    {
        if (_files[change.Directory].GetValueOrDefault(change.Name) == change.File)
        {
            _files[change.Directory].Remove(change.Name);
        }
    }
}
