using System.Text.Json;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Snapshots;

/// <summary>Snapshots as the JSON document of FORMAT.md, "Snapshot records", for the way between a node and its appliance.</summary>
public static class SnapshotDocuments
{
    // A path has up to 4096 bytes, each escaped as four characters.
    private const int TextCharactersMax = 32 * 1024;
    private const int ListMax = 65_536;

    /// <summary>Writes a snapshot's document.</summary>
    public static byte[] Encode(SnapshotRecord record) => Encode(record.Draft, record.FinishedUtc, record.ProgramVersion);

    /// <summary>Writes the document of a snapshot that is to be committed.</summary>
    public static byte[] Encode(SnapshotDraft draft, DateTimeOffset finishedUtc, string programVersion) =>
        JsonSerializer.SerializeToUtf8Bytes(SnapshotDocument.From(draft, finishedUtc, programVersion), SnapshotJson.Default.SnapshotDocument);

    /// <summary>Reads a document, trusting nothing of it.</summary>
    /// <param name="document">The JSON.</param>
    /// <param name="id">The snapshot's ID; empty for one that is not committed.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static SnapshotRecord Decode(ReadOnlySpan<byte> document, string id)
    {
        try
        {
            SnapshotRecord record = JsonSerializer.Deserialize(document, SnapshotJson.Default.SnapshotDocument)?.ToRecord(id) ?? throw new InvalidDataException("The snapshot's document is empty.");
            return IsSane(record.Draft) ? record : throw new InvalidDataException("The snapshot's document holds what no snapshot has.");
        }
        catch (Exception error) when (error is JsonException or FormatException or ArgumentException or NullReferenceException)
        {
            throw new InvalidDataException($"The snapshot's document cannot be read: {error.Message}", error);
        }
    }

    // What is committed is read by every later program: nothing in it may be missing, negative or absurdly long.
    private static bool IsSane(SnapshotDraft draft) =>
        IsText(draft.Host) && draft.Host.Length > 0 && IsText(draft.UserName) && IsText(draft.ParentId ?? "") && IsText(draft.Repaired ?? "")
        && draft.Sources.Count is > 0 and <= ListMax && draft.Sources.All(IsText)
        && draft.Tags.Count <= ListMax && draft.Tags.All(IsText)
        && draft.Problems.Count <= SnapshotDraft.ProblemsMax && draft.Problems.All(problem => problem is not null && IsText(problem.Path) && IsText(problem.Reason))
        && draft.ProblemCount >= draft.Problems.Count
        && draft.Root.Depth is >= 0 and <= ContentRef.DepthMax && draft.Root.Parts.Length <= ListMax
        && draft.Root.Parts.All(part => part.LengthBytes >= 0 && Enum.IsDefined(part.Kind))
        && draft.Counts is { Files: >= 0, Directories: >= 0, Others: >= 0, Bytes: >= 0, FilesNew: >= 0, FilesChanged: >= 0, FilesUnmodified: >= 0, NewBytes: >= 0, StoredBytes: >= 0 };

    private static bool IsText(string text) => text is not null && text.Length <= TextCharactersMax;
}
