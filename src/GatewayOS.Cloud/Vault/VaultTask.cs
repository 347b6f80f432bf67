using System.Text.Json.Serialization;
using GatewayOS.Store.Snapshots;

namespace GatewayOS.Cloud.Vault;

/// <summary>Which snapshots of the store a vault gets: all, or those of some nodes or with some tags. A vault has several such tasks at most, and gets what any of them takes.</summary>
public sealed record VaultTask
{
    /// <summary>Most tasks of a vault.</summary>
    public const int TasksMax = 100;

    /// <summary>Most prefixes of one kind.</summary>
    public const int PrefixesMax = 100;

    /// <summary>Longest name of a task or vault, in characters.</summary>
    internal const int NameLengthMax = 64;

    private const int PrefixLengthMax = 200;

    /// <summary>What it is called; unique in its vault.</summary>
    public required string Name { get; init; }

    /// <summary>Beginnings of a node's host name or ID; empty for all nodes.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>Beginnings of tags, with one of which one of a snapshot's tags must begin; empty for all.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>True while nothing new is to be sent. What it has put into the vault stays, is mended, and keeps its locks.</summary>
    public bool Paused { get; init; }

    /// <summary>Since when it takes what it takes: what was committed before is its history, what comes after its live tail.</summary>
    public DateTimeOffset Since { get; init; }

    /// <summary>True when every snapshot is meant.</summary>
    [JsonIgnore]
    public bool TakesAll => Nodes.Count == 0 && Tags.Count == 0;

    /// <summary>True when every snapshot is to be sent.</summary>
    [JsonIgnore]
    public bool SendsAll => TakesAll && !Paused;

    /// <summary>True when this snapshot is meant.</summary>
    public bool Takes(SnapshotDraft draft) =>
        (Nodes.Count == 0 || Nodes.Any(prefix => draft.Host.StartsWith(prefix, StringComparison.Ordinal) || draft.NodeId.StartsWith(prefix, StringComparison.Ordinal)))
        && (Tags.Count == 0 || draft.Tags.Any(tag => Tags.Any(prefix => tag.StartsWith(prefix, StringComparison.Ordinal))));

    /// <summary>Checks it; every error at once.</summary>
    /// <returns>The errors; empty when valid.</returns>
    public IReadOnlyList<string> Validate() =>
    [
        .. IsName(Name) ? (string[])[] : [$"'{Name}' cannot be a task's name: 1 to {NameLengthMax} letters, digits, dots, hyphens and underscores."],
        .. Nodes.Concat(Tags).Where(prefix => prefix.Length is 0 or > PrefixLengthMax).Select(prefix => $"'{prefix}' is no prefix: 1 to {PrefixLengthMax} characters."),
        .. Math.Max(Nodes.Count, Tags.Count) > PrefixesMax ? (string[])[$"A task takes {PrefixesMax} prefixes of a kind."] : [],
    ];

    /// <summary>What it takes, in words.</summary>
    public override string ToString() => TakesAll
        ? "all snapshots"
        : string.Join(" with ", ((string[])[string.Join(" or ", Nodes.Select(prefix => $"node {prefix}…")), string.Join(" or ", Tags.Select(prefix => $"tag {prefix}…"))]).Where(part => part.Length > 0));

    internal static bool IsName(string name) =>
        name.Length is > 0 and <= NameLengthMax && !name.StartsWith('.') && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-' or '_');
}

/// <summary>How far a task has come.</summary>
/// <param name="Task">The task.</param>
/// <param name="History">Snapshots it takes that were committed before it began.</param>
/// <param name="HistoryThere">Those of them that the vault has.</param>
/// <param name="Tail">Snapshots it takes that were committed since.</param>
/// <param name="TailThere">Those of them that the vault has.</param>
/// <param name="OldestLacking">When the oldest snapshot of the tail was committed that the vault lacks; null when it lacks none.</param>
public sealed record VaultTaskProgress(VaultTask Task, int History, int HistoryThere, int Tail, int TailThere, DateTimeOffset? OldestLacking)
{
    /// <summary>How many snapshots the vault still has to get.</summary>
    public int Left => History - HistoryThere + Tail - TailThere;

    /// <summary>Measures.</summary>
    /// <param name="task">The task.</param>
    /// <param name="records">Snapshots of the store.</param>
    /// <param name="vault">What is in the vault: a record there has all it needs.</param>
    public static VaultTaskProgress Measure(VaultTask task, IEnumerable<SnapshotRecord> records, VaultListing vault)
    {
        ILookup<bool, (DateTimeOffset Committed, bool There)> taken = records.Where(record => task.Takes(record.Draft))
            .Select(record => (record.FinishedUtc, vault.Find(VaultScope.NameOf(record)) is not null)).ToLookup(row => row.FinishedUtc >= task.Since);
        (DateTimeOffset Committed, bool There)[] history = [.. taken[false]], tail = [.. taken[true]];
        return new VaultTaskProgress(
            task,
            history.Length,
            history.Count(row => row.There),
            tail.Length,
            tail.Count(row => row.There),
            tail.Where(row => !row.There).Select(row => (DateTimeOffset?)row.Committed).Min());
    }
}
