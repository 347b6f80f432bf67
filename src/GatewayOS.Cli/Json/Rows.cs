using GatewayOS.Store.Keys;
using GatewayOS.Store.Maintenance;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Json;

/// <summary>The contract's rows, made from the store's types.</summary>
internal static class Rows
{
    private const long NsPerTick = 100;

    public static IReadOnlyList<StageJson> Of(IReadOnlyList<StageStatistics> stages) =>
        [.. stages.Select(stage => new StageJson(stage.Name, stage.Busy.TotalSeconds, stage.Stalled.TotalSeconds, stage.Bytes))];

    /// <summary>The stages for the terminal.</summary>
    public static IReadOnlyList<StageRow> Shown(IReadOnlyList<StageStatistics> stages) =>
        [.. stages.Select(stage => new StageRow(stage.Name, stage.Busy, stage.Stalled, stage.Bytes))];

    public static SnapshotJson Of(SnapshotRecord record) => new()
    {
        Id = record.Id,
        Started = record.Draft.StartedUtc,
        Finished = record.FinishedUtc,
        Host = record.Draft.Host,
        User = record.Draft.UserName,
        Tags = record.Draft.Tags,
        Sources = record.Draft.Sources,
        Parent = record.Draft.ParentId,
        Repaired = record.Draft.Repaired,
        Files = record.Draft.Counts.Files,
        Directories = record.Draft.Counts.Directories,
        Others = record.Draft.Counts.Others,
        Bytes = record.Draft.Counts.Bytes,
        FilesNew = record.Draft.Counts.FilesNew,
        FilesChanged = record.Draft.Counts.FilesChanged,
        FilesUnmodified = record.Draft.Counts.FilesUnmodified,
        NewBytes = record.Draft.Counts.NewBytes,
        StoredBytes = record.Draft.Counts.StoredBytes,
        ProblemCount = record.Draft.ProblemCount,
        Program = record.ProgramVersion,
    };

    public static EntryJson Of(string path, TreeNode node) => new()
    {
        Path = path,
        Type = TypeName(node.Type),
        Mode = Convert.ToString(node.Mode, 8).PadLeft(4, '0'),
        Uid = node.UserId,
        Gid = node.GroupId,
        User = node.UserName,
        Group = node.GroupName,
        Size = node.SizeBytes,
        Modified = Time(node.ModifiedNs),
        ModifiedNs = node.ModifiedNs,
        Links = node.LinkCount,
        Target = node.Type == NodeType.Symlink ? ByteName.Escape(node.LinkTarget) : null,
        Attributes = node.Attributes.Length == 0 ? null : [.. node.Attributes.Select(attribute => ByteName.Escape(attribute.Name))],
        Marks = node.Flags == NodeFlags.None ? null : [.. node.Flags.ToString().Split(", ")],
    };

    public static FindingJson Of(Finding finding) => new(finding.Kind.ToString(), finding.IsDamage, finding.Object, finding.Detail, finding.Remedy);

    public static AffectedJson Of(AffectedPath affected) => new(affected.SnapshotId, affected.Path, affected.Reason);

    public static KeySlotJsonRow Of(KeySlotInfo slot) => new(slot.Id, slot.Kind, slot.Label, slot.Created, slot.Kdf);

    public static DateTimeOffset Time(long ns) => DateTimeOffset.UnixEpoch.AddTicks(ns / NsPerTick);

    private static string TypeName(NodeType type) => type switch
    {
        NodeType.File => "file",
        NodeType.Directory => "directory",
        NodeType.Symlink => "symlink",
        NodeType.Fifo => "fifo",
        NodeType.CharacterDevice => "character-device",
        NodeType.BlockDevice => "block-device",
        _ => "socket",
    };
}
