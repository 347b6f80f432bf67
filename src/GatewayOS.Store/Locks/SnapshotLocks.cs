using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Locks;

/// <summary>That a snapshot cannot be removed before a time.</summary>
/// <param name="SnapshotId">The snapshot.</param>
/// <param name="Until">Until when, in trusted time.</param>
/// <param name="Set">Trusted time at which it was set, or last extended.</param>
public sealed record SnapshotLock(string SnapshotId, DateTimeOffset Until, DateTimeOffset Set);

/// <summary>
/// Locks on snapshots and the mark of trusted time, in the store's directory <c>retention</c> (FORMAT.md, "Retention locks"), where everybody who
/// deletes snapshots looks: the appliance and a direct <c>store forget</c> alike. A lock can be extended, never shortened or taken off.
/// </summary>
internal sealed class SnapshotLocks(IStoreDisk disk, IBootClock clock, Func<string> temporaryName)
{
    private const string MarkPath = $"{StoreLayout.Retention}/clock.json";
    private const string Suffix = ".lock";

    /// <summary>The lock of a snapshot, expired or not; null when there is none.</summary>
    /// <exception cref="StoreDamagedException">It cannot be read: then nobody knows that it has expired.</exception>
    public SnapshotLock? Find(string snapshotId) => Read(PathOf(snapshotId), LocksJson.Default.SnapshotLock);

    /// <summary>Locks a snapshot, or extends its lock. Durable when it returns.</summary>
    public SnapshotLock Set(string snapshotId, TimeSpan duration)
    {
        disk.CreateDirectory(StoreLayout.Retention);
        disk.SyncDirectory("");
        DateTimeOffset now = Now();
        SnapshotLock? old = Find(snapshotId);
        if (old is not null && old.Until >= now + duration)
        {
            return old;
        }

        var set = new SnapshotLock(snapshotId, now + duration, now);
        Write(set);
        return set;
    }

    /// <summary>The locks that hold now.</summary>
    public IReadOnlyDictionary<string, SnapshotLock> Holding()
    {
        SnapshotLock[] all = All();
        if (all.Length == 0)
        {
            return new Dictionary<string, SnapshotLock>(StringComparer.Ordinal);
        }

        DateTimeOffset now = Now();
        return all.Where(held => now < held.Until).ToDictionary(held => held.SnapshotId, StringComparer.Ordinal);
    }

    /// <summary>Gives a snapshot the lock of the one it takes the place of.</summary>
    public void Inherit(string oldId, string newId)
    {
        if (Find(oldId) is { } old)
        {
            Write(old with { SnapshotId = newId });
        }
    }

    /// <summary>Refuses when a snapshot is locked.</summary>
    /// <exception cref="StoreUnusableException">It is.</exception>
    public void RefuseIfLocked(string snapshotId)
    {
        if (Find(snapshotId) is { } held && Now() is var now && now < held.Until)
        {
            throw new StoreUnusableException($"Snapshot {snapshotId[..12]} is locked until {held.Until:yyyy-MM-dd HH:mm} UTC, and nobody can remove it before. By the store's own count it is {now:yyyy-MM-dd HH:mm} UTC; setting the clock changes nothing.");
        }
    }

    /// <summary>Removes the lock of a snapshot that is gone.</summary>
    public void Forget(string snapshotId) => DurableFile.DeleteIfPresent(disk, PathOf(snapshotId));

    /// <summary>Moves trusted time on, once it has begun.</summary>
    public void Keep()
    {
        if (Read(MarkPath, LocksJson.Default.TrustedMark) is not null)
        {
            Now();
        }
    }

    /// <summary>Moves trusted time on and keeps it.</summary>
    public DateTimeOffset Now()
    {
        ClockReading reading = clock.Read();
        TrustedMark? old = Read(MarkPath, LocksJson.Default.TrustedMark);
        TrustedMark mark = old is null ? TrustedTime.Begin(reading, Newest()) : TrustedTime.Advance(old, reading);
        if (disk.IsReadOnly)
        {
            return mark.Trusted;
        }

        Write(mark);
        return mark.Trusted;
    }

    /// <summary>Brings trusted time back to where it has certainly come, when it was moved ahead: locks only hold longer by that.</summary>
    public void TurnBack(DateTimeOffset to)
    {
        ClockReading reading = clock.Read();
        var mark = new TrustedMark { Trusted = to, BootId = reading.BootId, SinceBoot = reading.SinceBoot };
        Write(mark);
    }

    // Without a mark time is known to have come as far as the newest lock says; deleting the mark gains nothing.
    private DateTimeOffset? Newest()
    {
        SnapshotLock[] locks = All();
        return locks.Length == 0 ? null : locks.Max(held => held.Set);
    }

    private SnapshotLock[] All() =>
        [.. disk.List(StoreLayout.Retention).Where(entry => StoreLayout.TryParseId(entry.Name, Suffix, out _)).Select(entry => Find(entry.Name[..^Suffix.Length])).OfType<SnapshotLock>()];

    private void Write(SnapshotLock held) =>
        DurableFile.Replace(disk, temporaryName(), PathOf(held.SnapshotId), JsonSerializer.SerializeToUtf8Bytes(held, LocksJson.Default.SnapshotLock));

    private void Write(TrustedMark mark)
    {
        disk.CreateDirectory(StoreLayout.Retention);
        DurableFile.Replace(disk, temporaryName(), MarkPath, JsonSerializer.SerializeToUtf8Bytes(mark, LocksJson.Default.TrustedMark));
    }

    private static string PathOf(string snapshotId) => $"{StoreLayout.Retention}/{snapshotId}{Suffix}";

    private T? Read<T>(string path, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(DurableFile.Read(disk, path), type) ?? throw new JsonException("it is empty");
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
            return null;
        }
        catch (JsonException error)
        {
            throw new StoreDamagedException(path, $"{disk.Location}/{path} is damaged: {error.Message} What is locked stays so. Restore the file from a copy of the store.");
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SnapshotLock))]
[JsonSerializable(typeof(TrustedMark))]
internal sealed partial class LocksJson : JsonSerializerContext;
