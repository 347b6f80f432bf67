using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Snapshots;

/// <summary>A file in the snapshots' directory that is no readable snapshot.</summary>
/// <param name="FileName">Its name.</param>
/// <param name="Reason">What is wrong with it.</param>
/// <param name="ReadFailure">Set when it could not be read at all: the device failed, which may pass.</param>
public readonly record struct DamagedSnapshot(string FileName, string Reason, StoreIoException? ReadFailure = null);

/// <summary>What the snapshots' directory holds.</summary>
/// <param name="Records">Readable snapshots, oldest first.</param>
/// <param name="Damaged">The rest.</param>
public sealed record SnapshotList(IReadOnlyList<SnapshotRecord> Records, IReadOnlyList<DamagedSnapshot> Damaged)
{
    /// <summary>Finds a snapshot.</summary>
    /// <param name="idOrLatest">An ID, a unique beginning of one, or <c>latest</c>.</param>
    /// <param name="whenEmpty">What to say when there is none at all.</param>
    /// <exception cref="StoreUnusableException">None or several match.</exception>
    public SnapshotRecord Find(string idOrLatest, string whenEmpty)
    {
        if (idOrLatest == "latest")
        {
            return Records.Count > 0 ? Records[^1] : throw new StoreUnusableException(whenEmpty);
        }

        SnapshotRecord[] matches = [.. Records.Where(record => idOrLatest.Length > 0 && record.Id.StartsWith(idOrLatest, StringComparison.OrdinalIgnoreCase))];
        return matches.Length switch
        {
            1 => matches[0],
            0 when Damaged.FirstOrDefault(file => file.FileName.StartsWith(idOrLatest, StringComparison.OrdinalIgnoreCase)) is { FileName: not null } bad
                => throw new StoreDamagedException(bad.FileName, $"Snapshot {idOrLatest} cannot be read: {bad.Reason}. Run verify to see what else is damaged."),
            0 => throw new StoreUnusableException($"No snapshot's ID begins with '{idOrLatest}'. List them to see which there are."),
            _ => throw new StoreUnusableException($"'{idOrLatest}' is the beginning of {matches.Length} snapshots' IDs: {string.Join(", ", matches.Take(5).Select(record => record.ShortId))}. Give more digits."),
        };
    }
}
