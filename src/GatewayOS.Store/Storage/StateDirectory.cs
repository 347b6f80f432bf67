namespace GatewayOS.Store.Storage;

/// <summary>
/// Small durable files of a service: keys, certificates, who is enrolled. Each is replaced whole — written beside, synced, renamed, directory
/// synced — so a power cut leaves the old or the new one. Readable by the service's user alone. Thread-safe for different files.
/// </summary>
public sealed class StateDirectory
{
    private readonly PosixDisk _disk;

    /// <summary>Opens the directory, making it when missing.</summary>
    public StateDirectory(string path)
    {
        Location = Path.GetFullPath(path);
        Directory.CreateDirectory(Location, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        _disk = new PosixDisk(Location);
    }

    /// <summary>Where it is.</summary>
    public string Location { get; }

    /// <summary>Where a file of this machine, and of no store, is: where a variable says, else root's in /var/lib, else in the user's state directory (XDG).</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="variable">The variable of the environment that names another file.</param>
    public static string PathOfMachine(string name, string variable)
    {
        if (Environment.GetEnvironmentVariable(variable) is { Length: > 0 } named)
        {
            return named;
        }

        string state = Environment.IsPrivilegedProcess ? "/var/lib"
            : Environment.GetEnvironmentVariable("XDG_STATE_HOME") is { Length: > 0 } home ? home
            : Path.Join(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local/state");
        return Path.Join(state, "gatewayos", name);
    }

    /// <summary>Path of a file or directory in it.</summary>
    public string PathOf(string name) => Path.Join(Location, name);

    /// <summary>Reads a file whole, or null when there is none.</summary>
    public byte[]? Read(string name) => File.Exists(PathOf(name)) ? File.ReadAllBytes(PathOf(name)) : null;

    /// <summary>Replaces a file. When this returns the new content survives a power cut.</summary>
    /// <exception cref="StoreIoException">It cannot be written; the old content stands.</exception>
    public void Replace(string name, ReadOnlySpan<byte> content) => DurableFile.ReplaceVia(_disk, $"{name}.{Environment.ProcessId}.new", name, content);
}
