using System.Text.Json;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Sessions;

/// <summary>On-disk form of a condemned list.</summary>
internal sealed record CondemnedFile(int Version, string[] Packs, string[]? Sessions, string[] Snapshots, bool Settled = false);

/// <summary>
/// Packs that a gc run means to delete once every session that lived at that time is gone (LOCKING.md). New sessions do not refer to them.
/// </summary>
internal sealed class CondemnedList
{
    private const int Version = 1;

    private CondemnedList(string name, ChunkId[] packs, string[]? sessions, string[] snapshots, bool settled)
    {
        (Name, Packs, Sessions, Snapshots, IsSettled) = (name, packs, sessions, snapshots, settled);
    }

    /// <summary>File name without directory.</summary>
    public string Name { get; }

    public ChunkId[] Packs { get; }

    /// <summary>
    /// Sessions that may have met the packs before they were condemned. Null when gc was cut off before it noted them: then it may be any.
    /// </summary>
    public string[]? Sessions { get; }

    /// <summary>Snapshots whose chunks were accounted for when the list was made.</summary>
    public string[] Snapshots { get; }

    /// <summary>
    /// True once nobody can commit a snapshot that needs the packs any more and what snapshots needed of them has been copied:
    /// <see cref="Sessions"/> are then those that may still be reading from them.
    /// </summary>
    public bool IsSettled { get; }

    /// <summary>Makes a list durable. The sessions are added by <see cref="WithSessions"/>, after the list can be seen.</summary>
    public static CondemnedList Create(IStoreDisk disk, string owner, EntropySource entropy, ChunkId[] packs, string[] snapshots)
    {
        Span<byte> random = stackalloc byte[16];
        entropy(random);
        var list = new CondemnedList(Convert.ToHexStringLower(random) + StoreLayout.CondemnedSuffix, packs, null, snapshots, settled: false);
        list.Save(disk, owner);
        return list;
    }

    /// <summary>Replaces the list by one that waits for these sessions.</summary>
    public CondemnedList WithSessions(IStoreDisk disk, string owner, string[] sessions, bool settled)
    {
        var list = new CondemnedList(Name, Packs, sessions, Snapshots, settled);
        list.Save(disk, owner);
        return list;
    }

    /// <summary>Reads all lists; one that cannot be read is deleted by the next gc, and its packs are ordinary garbage again.</summary>
    /// <param name="disk">The store's disk.</param>
    /// <param name="warnings">Told about lists that cannot be read.</param>
    /// <param name="damaged">Receives the names of those.</param>
    public static List<CondemnedList> ReadAll(IStoreDisk disk, List<string> warnings, List<string>? damaged = null)
    {
        var lists = new List<CondemnedList>();
        foreach (StoreEntry entry in disk.List(StoreLayout.Condemned).OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            try
            {
                if (Read(disk, entry) is { } list)
                {
                    lists.Add(list);
                }
                else
                {
                    damaged?.Add(entry.Name);
                    warnings.Add($"Condemned list {entry.Name} is damaged and left out; gc makes a new one.");
                }
            }
            catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
            {
                // A gc finished with it just now.
            }
        }

        return lists;
    }

    /// <summary>Deletes the lists that cannot be read. Only for whoever holds the maintenance lock: nobody else goes by them then.</summary>
    public static void DeleteDamaged(IStoreDisk disk)
    {
        var damaged = new List<string>();
        ReadAll(disk, [], damaged);
        foreach (string name in damaged)
        {
            DurableFile.DeleteIfPresent(disk, $"{StoreLayout.Condemned}/{name}");
        }
    }

    public void Delete(IStoreDisk disk) => disk.Delete($"{StoreLayout.Condemned}/{Name}");

    private static CondemnedList? Read(IStoreDisk disk, StoreEntry entry)
    {
        try
        {
            byte[] content = DurableFile.Read(disk, $"{StoreLayout.Condemned}/{entry.Name}");
            CondemnedFile? stored = JsonSerializer.Deserialize(content, SessionJson.Default.CondemnedFile);
            if (stored is not { Version: Version, Packs: not null, Snapshots: not null })
            {
                return null;
            }

            ChunkId[] packs = new ChunkId[stored.Packs.Length];
            for (int i = 0; i < packs.Length; i++)
            {
                if (!StoreLayout.TryParseId(stored.Packs[i] ?? "", "", out packs[i]))
                {
                    return null;
                }
            }

            return new CondemnedList(entry.Name, packs, stored.Sessions, stored.Snapshots, stored.Settled);
        }
        catch (Exception error) when (error is JsonException or StoreDamagedException)
        {
            return null;
        }
    }

    private void Save(IStoreDisk disk, string owner)
    {
        var stored = new CondemnedFile(Version, [.. Packs.Select(id => id.ToString())], Sessions, Snapshots, IsSettled);
        DurableFile.Replace(disk, owner, $"{StoreLayout.Condemned}/{Name}", JsonSerializer.SerializeToUtf8Bytes(stored, SessionJson.Default.CondemnedFile));
    }
}
