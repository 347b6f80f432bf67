using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Sessions;

/// <summary>Who holds a session; for people only, the lock itself is what counts.</summary>
/// <param name="Purpose">What it does, for instance <c>backup</c>.</param>
/// <param name="ProcessId">Process on <paramref name="Host"/>.</param>
/// <param name="Host">Host name.</param>
/// <param name="StartedUtc">When it began.</param>
public sealed record SessionInfo(string Purpose, int ProcessId, string Host, DateTimeOffset StartedUtc);

/// <summary>
/// A session: while its lock file is locked, gc deletes no pack that the session may have met (LOCKING.md). The kernel drops the lock with
/// the process, however it dies, so a dead session is recognised by its unlocked file.
/// </summary>
internal sealed class SessionLock : IDisposable
{
    private const int AttemptsMax = 100;
    private const int NameBytes = 16;

    private readonly IStoreDisk _disk;
    private readonly IStoreLock _lock;

    private SessionLock(IStoreDisk disk, string name, IStoreLock held)
    {
        (_disk, Name, _lock) = (disk, name, held);
    }

    /// <summary>The session's name: its lock file without directory and suffix. Its temporary files begin with it.</summary>
    public string Name { get; }

    /// <summary>Begins a session.</summary>
    public static SessionLock Begin(IStoreDisk disk, SessionInfo info, EntropySource entropy)
    {
        Span<byte> random = stackalloc byte[NameBytes];
        for (int attempt = 0; attempt < AttemptsMax; attempt++)
        {
            entropy(random);
            string name = Convert.ToHexStringLower(random);
            string path = PathOf(name);
            IStoreLock? held = disk.TryLock(path);
            if (held is null)
            {
                continue;
            }

            // Between creating and locking the file, somebody tidying up may have taken it for a dead session's and deleted it.
            if (held.IsStillNamed)
            {
                DescribeQuietly(held, info);
                return new SessionLock(disk, name, held);
            }

            held.Dispose();
        }

        throw new StoreUnusableException($"No session lock could be taken in {disk.Location}/{StoreLayout.Locks}: something deletes the lock files at once.");
    }

    /// <summary>Names of the sessions that live now; deletes the files of dead ones.</summary>
    public static List<string> Living(IStoreDisk disk)
    {
        var living = new List<string>();
        foreach (StoreEntry entry in disk.List(StoreLayout.Locks))
        {
            if (!entry.Name.EndsWith(StoreLayout.SessionSuffix, StringComparison.Ordinal))
            {
                continue;
            }

            string name = entry.Name[..^StoreLayout.SessionSuffix.Length];
            if (IsLiving(disk, name) || !TryTidyUp(disk, name))
            {
                living.Add(name);
            }
        }

        return living;
    }

    public static bool IsLiving(IStoreDisk disk, string name) => disk.IsLocked(PathOf(name));

    /// <summary>What the holder wrote about itself, if it can be read.</summary>
    public static SessionInfo? Describe(IStoreDisk disk, string name)
    {
        try
        {
            using IStoreFile file = disk.OpenRead(PathOf(name));
            byte[] content = new byte[Math.Min(file.LengthBytes, 4096)];
            int read = file.ReadAt(content, 0);
            return JsonSerializer.Deserialize(content.AsSpan(0, read), SessionJson.Default.SessionInfo);
        }
        catch (Exception error) when (error is StoreIoException or JsonException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        DeleteQuietly(_disk, PathOf(Name));
        _lock.Dispose();
    }

    // Deleted only while the lock is held here: a session that begins under this very name either has the lock first, and lives, or finds
    // its name gone once it has it. Deleting after a look would leave it believing in a file that nobody sees.
    private static bool TryTidyUp(IStoreDisk disk, string name)
    {
        using IStoreLock? held = disk.TryLock(PathOf(name));
        if (held is not null)
        {
            DeleteQuietly(disk, PathOf(name));
        }

        return held is not null;
    }

    // The lock is what counts. A full disk must not keep anybody from opening the store, or nobody could collect garbage on it.
    private static void DescribeQuietly(IStoreLock held, SessionInfo info)
    {
        try
        {
            held.Describe(JsonSerializer.SerializeToUtf8Bytes(info, SessionJson.Default.SessionInfo));
        }
        catch (StoreIoException)
        {
            // Shown as a session without a description.
        }
    }

    private static string PathOf(string name) => $"{StoreLayout.Locks}/{name}{StoreLayout.SessionSuffix}";

    private static void DeleteQuietly(IStoreDisk disk, string path)
    {
        try
        {
            disk.Delete(path);
        }
        catch (StoreIoException)
        {
            // Somebody else tidied it up, or the disk fails: a leftover unlocked file means nothing and is deleted by the next gc.
        }
    }
}

/// <summary>Serialisers of the small files around sessions and gc.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SessionInfo))]
[JsonSerializable(typeof(CondemnedFile))]
internal sealed partial class SessionJson : JsonSerializerContext;
