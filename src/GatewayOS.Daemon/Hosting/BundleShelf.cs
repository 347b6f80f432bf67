using System.Security.Cryptography;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>An upload was asked for that is not there, or is not as it has to be.</summary>
internal sealed class BundleException(string message) : Exception(message);

/// <summary>
/// Where bundles are before they are installed: on USB sticks, or on the state's disk, as far as they have come. One upload at a time; a new one takes the place of
/// one that nobody installs. Nothing of it outlives gatewayd. Thread-safe.
/// </summary>
internal sealed class BundleShelf
{
    /// <summary>Largest bundle, in bytes.</summary>
    public const long BundleBytesMax = 2L * 1024 * 1024 * 1024;

    /// <summary>Largest piece, in bytes.</summary>
    public const int PieceBytesMax = 1024 * 1024;

    /// <summary>What has to stay free on the state's disk, in bytes: keys, accounts and ledgers are written there.</summary>
    public const long FreeBytesMin = 256L * 1024 * 1024;

    /// <summary>Where sticks are mounted, read-only, each in a directory of its own.</summary>
    public const string StickDirectory = "/run/media/gateway-usb";

    private const string Suffix = ".raucb";
    private const string DirectoryName = "bundles";
    private const int IdBytes = 16;

    private readonly string _directory;
    private readonly string _sticks;
    private readonly Lock _gate = new();
    private Upload? _upload;

    /// <summary>Makes it; what an earlier process left is removed.</summary>
    public BundleShelf(StateDirectory state, string sticks = StickDirectory)
    {
        (_directory, _sticks) = (state.PathOf(DirectoryName), sticks);
        if (Directory.Exists(_directory))
        {
            Directory.Delete(_directory, recursive: true);
        }
    }

    /// <summary>Bundles on sticks: name, with its stick's before it, and size.</summary>
    public IReadOnlyList<(string Name, long Bytes)> Sticks() => [.. FilesOf(_sticks, '*' + Suffix).Select(file => (Path.GetRelativePath(_sticks, file.FullName), file.Length))];

    /// <summary>Files in the first directories of sticks, by stick and name; links are none.</summary>
    /// <param name="sticks">Where sticks are mounted.</param>
    /// <param name="pattern">Of their names.</param>
    public static IReadOnlyList<FileInfo> FilesOf(string sticks, string pattern)
    {
        try
        {
            return Directory.Exists(sticks)
                ? [.. new DirectoryInfo(sticks).EnumerateDirectories().Where(static stick => stick.LinkTarget is null).SelectMany(stick => stick.EnumerateFiles(pattern)).Where(static file => file.LinkTarget is null).OrderBy(static file => file.FullName, StringComparer.Ordinal)]
                : [];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Pulled while it was looked at.
            return [];
        }
    }

    /// <summary>Begins an upload.</summary>
    /// <returns>Its ID.</returns>
    /// <exception cref="BundleException">It is too large, there is no room, or one is being installed.</exception>
    public string Begin(string name, long bytes)
    {
        if (bytes is <= 0 or > BundleBytesMax)
        {
            throw new BundleException($"A bundle of {bytes} bytes is not taken: it has 1 to {BundleBytesMax} bytes.");
        }

        lock (_gate)
        {
            if (_upload is { IsInUse: true })
            {
                throw new BundleException("A bundle that was put here before is being installed. Wait until that has ended.");
            }

            Remove();
            Directory.CreateDirectory(_directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            long free = new DriveInfo(_directory).AvailableFreeSpace;
            if (free - bytes < FreeBytesMin)
            {
                throw new BundleException($"There is no room for a bundle of {bytes} bytes: {free} are free on the disk of the appliance's state, and {FreeBytesMin} have to stay free. Install it from a USB stick.");
            }

            string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
            string path = Path.Join(_directory, id + Suffix);
            _upload = new Upload(id, Path.GetFileName(name), path, bytes, new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read));
            return id;
        }
    }

    /// <summary>Adds a piece.</summary>
    /// <returns>How many bytes are there now.</returns>
    /// <exception cref="BundleException">There is no such upload, or the piece does not follow those before.</exception>
    /// <exception cref="IOException">It cannot be written.</exception>
    public long Put(string id, long offset, ReadOnlySpan<byte> content)
    {
        lock (_gate)
        {
            Upload upload = Find(id);
            if (upload.File is not { } file)
            {
                return upload.Bytes;
            }

            if (offset + content.Length <= file.Length)
            {
                // It came twice, as after a broken connection.
                return file.Length;
            }

            if (offset != file.Length || content.Length > PieceBytesMax || file.Length + content.Length > upload.Bytes)
            {
                throw new BundleException($"A piece of {content.Length} bytes at {offset} does not follow: {file.Length} of {upload.Bytes} bytes are there, and a piece has {PieceBytesMax} at most.");
            }

            file.Write(content);
            long received = file.Length;
            if (received == upload.Bytes)
            {
                file.Flush(flushToDisk: true);
                upload.Close();
            }

            return received;
        }
    }

    /// <summary>Finds a bundle that is to be looked at.</summary>
    /// <returns>Its path, and where it came from.</returns>
    /// <exception cref="BundleException">It is not there, or not whole.</exception>
    public (string Path, string Origin) Locate(string upload, string stick)
    {
        if ((upload.Length > 0) == (stick.Length > 0))
        {
            throw new BundleException("Say which bundle is meant: one that was put here, or one on a USB stick.");
        }

        if (stick.Length > 0)
        {
            // The file's name does, where it is on one stick alone.
            return Sticks().Where(known => known.Name == stick || Path.GetFileName(known.Name) == stick).ToArray() is [var (name, _)]
                ? (Path.Join(_sticks, name), $"USB stick, {name}")
                : throw new BundleException($"There is no bundle '{stick}' on a USB stick, or several are called so. Its name ends with {Suffix}, and it is in the stick's first directory; 'gatewayctl update status' lists all.");
        }

        lock (_gate)
        {
            Upload found = Find(upload);
            return found.File is null ? (found.Path, found.Name) : throw new BundleException($"The bundle has not come whole: {found.File.Length} of {found.Bytes} bytes are there.");
        }
    }

    /// <summary>Keeps an upload from being replaced until it is released, and then removes it. Sticks are left as they are.</summary>
    public Action? Take(string upload)
    {
        lock (_gate)
        {
            if (upload.Length == 0)
            {
                return null;
            }

            Find(upload).IsInUse = true;
            return Release;
        }
    }

    /// <summary>Gives an upload back that was taken and is not installed.</summary>
    public void GiveBack(string upload)
    {
        lock (_gate)
        {
            if (_upload is { } taken && taken.Id == upload)
            {
                taken.IsInUse = false;
            }
        }
    }

    /// <summary>Throws an upload away.</summary>
    public void Discard(string upload)
    {
        lock (_gate)
        {
            if (_upload is { IsInUse: false } begun && begun.Id == upload)
            {
                Remove();
            }
        }
    }

    private void Release()
    {
        lock (_gate)
        {
            Remove();
        }
    }

    private Upload Find(string id) => _upload is { } upload && upload.Id == id ? upload : throw new BundleException("There is no such upload: another one came, it was installed, or gatewayd was restarted. Begin anew.");

    private void Remove()
    {
        if (_upload is { } upload)
        {
            upload.Close();
            File.Delete(upload.Path);
            _upload = null;
        }
    }

    private sealed class Upload(string id, string name, string path, long bytes, FileStream file)
    {
        public string Id => id;

        public string Name => name;

        public string Path => path;

        public long Bytes => bytes;

        /// <summary>What it is written with; null when it is whole.</summary>
        public FileStream? File { get; private set; } = file;

        public bool IsInUse { get; set; }

        public void Close()
        {
            File?.Dispose();
            File = null;
        }
    }
}
