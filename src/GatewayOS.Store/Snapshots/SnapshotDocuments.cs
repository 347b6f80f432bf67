using System.Text.Json;

namespace GatewayOS.Store.Snapshots;

/// <summary>Snapshots as the JSON document of FORMAT.md, "Snapshot records", for the way between a node and its appliance.</summary>
public static class SnapshotDocuments
{
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
            return JsonSerializer.Deserialize(document, SnapshotJson.Default.SnapshotDocument)?.ToRecord(id) ?? throw new InvalidDataException("The snapshot's document is empty.");
        }
        catch (Exception error) when (error is JsonException or FormatException or ArgumentException or NullReferenceException)
        {
            throw new InvalidDataException($"The snapshot's document cannot be read: {error.Message}", error);
        }
    }
}
