namespace GatewayOS.Store.Maintenance;

/// <summary>What sort of thing a finding is about.</summary>
public enum FindingKind
{
    /// <summary>The config file.</summary>
    Config,

    /// <summary>A key slot.</summary>
    KeySlot,

    /// <summary>A snapshot record.</summary>
    Snapshot,

    /// <summary>A pack that the index names is not there, and something needs it.</summary>
    PackMissing,

    /// <summary>A pack's head, directory or length is wrong.</summary>
    PackDamaged,

    /// <summary>A record in a pack is not what was written.</summary>
    RecordDamaged,

    /// <summary>A chunk that a snapshot needs is in no usable pack.</summary>
    ChunkMissing,

    /// <summary>A tree or list chunk cannot be decoded.</summary>
    TreeDamaged,

    /// <summary>An index segment is damaged or behind the packs. The index is a cache: nothing is lost.</summary>
    Index,

    /// <summary>A file that is none of the store's.</summary>
    Foreign,
}

/// <summary>Something a check found.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Object">The file or chunk.</param>
/// <param name="Detail">What is wrong.</param>
/// <param name="Remedy">What to do.</param>
public sealed record Finding(FindingKind Kind, string Object, string Detail, string Remedy)
{
    /// <summary>True when stored data or keys are affected; false for what is only untidy.</summary>
    public bool IsDamage => Kind is not FindingKind.Foreign;
}

/// <summary>A path in a snapshot that damage touches.</summary>
/// <param name="SnapshotId">The snapshot.</param>
/// <param name="Path">Escaped path from the snapshot's root.</param>
/// <param name="Reason">What of it is affected.</param>
public sealed record AffectedPath(string SnapshotId, string Path, string Reason);

/// <summary>Where a long job is.</summary>
/// <param name="Stage">What it does now.</param>
/// <param name="DoneBytes">Bytes done in this stage.</param>
/// <param name="TotalBytes">Bytes to do in this stage; 0 when unknown.</param>
/// <param name="DoneItems">Items done in this stage.</param>
/// <param name="TotalItems">Items to do in this stage; 0 when unknown.</param>
public sealed record MaintenanceProgress(string Stage, long DoneBytes, long TotalBytes, long DoneItems, long TotalItems);

/// <summary>Gathers findings from several threads.</summary>
internal sealed class FindingList
{
    private readonly Lock _gate = new();
    private readonly List<Finding> _findings = [];

    /// <summary>True when there is any.</summary>
    public bool Any
    {
        get
        {
            lock (_gate)
            {
                return _findings.Count > 0;
            }
        }
    }

    public void Add(FindingKind kind, string what, string detail, string remedy)
    {
        lock (_gate)
        {
            _findings.Add(new Finding(kind, what, detail, remedy));
        }
    }

    /// <summary>True when a finding is about this pack.</summary>
    public bool Touches(ChunkId pack)
    {
        lock (_gate)
        {
            return _findings.Count > 0 && _findings.Any(finding => finding.Object.StartsWith(pack.ToString(), StringComparison.Ordinal));
        }
    }

    /// <summary>The findings in an order that does not depend on threads.</summary>
    public IReadOnlyList<Finding> ToSorted()
    {
        lock (_gate)
        {
            return [.. _findings.OrderBy(finding => finding.Kind).ThenBy(finding => finding.Object, StringComparer.Ordinal).ThenBy(finding => finding.Detail, StringComparer.Ordinal)];
        }
    }
}
