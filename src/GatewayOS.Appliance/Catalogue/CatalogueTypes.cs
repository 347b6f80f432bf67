using GatewayOS.Store.Trees;

namespace GatewayOS.Appliance.Catalogue;

/// <summary>What became of an entry from one snapshot to the next of its series.</summary>
/// <param name="Path">Escaped absolute path.</param>
/// <param name="Node">The entry now; null when it is gone.</param>
public readonly record struct CatalogueChange(string Path, TreeNode? Node);

/// <summary>What to look for.</summary>
public sealed record CatalogueQuery
{
    /// <summary>Most hits of one query.</summary>
    public const int HitsMax = 10_000;

    /// <summary>
    /// Part of a name, whatever the case; with <c>*</c> and <c>?</c> the whole name; with a <c>/</c> the whole path, in which they do not stand for a <c>/</c>
    /// and <c>**</c> does.
    /// </summary>
    public required string Pattern { get; init; }

    /// <summary>Only of this node; null for all.</summary>
    public string? NodeId { get; init; }

    /// <summary>Most hits, 1 to <see cref="HitsMax"/>.</summary>
    public int Limit { get; init; } = 1000;
}

/// <summary>One version of a file, or of anything else with a name.</summary>
/// <param name="NodeId">Whose.</param>
/// <param name="Path">Escaped absolute path.</param>
/// <param name="Type">What it is.</param>
/// <param name="SizeBytes">Size of a file; 0 for others.</param>
/// <param name="ModifiedNs">Modification time, nanoseconds since 1970; 0 for directories, whose changes are those of what is in them.</param>
/// <param name="FirstSnapshot">The oldest snapshot that has this version.</param>
/// <param name="FirstTime">When that was committed.</param>
/// <param name="LastSnapshot">The newest one that has it.</param>
/// <param name="LastTime">When that was committed.</param>
/// <param name="Snapshots">How many have it.</param>
/// <param name="IsCurrent">True when the newest snapshot of its series has it.</param>
public sealed record CatalogueHit(
    string NodeId, string Path, NodeType Type, long SizeBytes, long ModifiedNs, string FirstSnapshot, DateTimeOffset FirstTime, string LastSnapshot, DateTimeOffset LastTime, long Snapshots, bool IsCurrent);

/// <summary>What a query found.</summary>
/// <param name="Hits">Of a search sorted by path, node and time; of one path newest first.</param>
/// <param name="IsTruncated">True when there are more.</param>
/// <param name="PendingSnapshots">Snapshots that the catalogue does not cover yet: what is only in them is not found.</param>
public sealed record CatalogueResult(IReadOnlyList<CatalogueHit> Hits, bool IsTruncated, int PendingSnapshots);

/// <summary>A node's backups at a glance.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Snapshots">How many it has.</param>
/// <param name="LastFinished">When its newest was committed.</param>
/// <param name="LastFiles">Files in that.</param>
/// <param name="LastBytes">Their size.</param>
/// <param name="ProblemsLast">What could not be backed up in it.</param>
public sealed record CatalogueNode(string NodeId, long Snapshots, DateTimeOffset LastFinished, long LastFiles, long LastBytes, long ProblemsLast);

/// <summary>A snapshot, as listed.</summary>
/// <param name="Id">Its ID.</param>
/// <param name="NodeId">Whose.</param>
/// <param name="Sources">What was backed up.</param>
/// <param name="Started">When the run began, by the node's clock.</param>
/// <param name="Finished">When it was committed.</param>
/// <param name="Files">Files in it.</param>
/// <param name="Bytes">Their size.</param>
/// <param name="Problems">What could not be backed up.</param>
public sealed record CatalogueSnapshot(string Id, string NodeId, IReadOnlyList<string> Sources, DateTimeOffset Started, DateTimeOffset Finished, long Files, long Bytes, long Problems);
