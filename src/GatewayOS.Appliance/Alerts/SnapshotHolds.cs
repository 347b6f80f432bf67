using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Alerts;

/// <summary>Restore points that must not expire.</summary>
/// <param name="NodeId">Whose.</param>
/// <param name="Through">Those that the appliance committed up to and including this moment, by its own clock.</param>
/// <param name="Reason">Why, for people.</param>
/// <param name="Since">When it was put on.</param>
public sealed record SnapshotHold(string NodeId, DateTimeOffset Through, string Reason, DateTimeOffset Since);

/// <summary>
/// Holds on restore points: what forgets snapshots in the appliance (<see cref="Retention.RetentionRun"/>) asks here first, and leaves what is held.
/// 'gatewayctl store forget', on the store's directory, knows nothing of holds. A node has one hold at most, which covers everything up to its last
/// good restore point. Kept in one small file, replaced whole. Thread-safe.
/// </summary>
public sealed class SnapshotHolds
{
    private const string FileName = "holds.json";

    private readonly StateDirectory _state;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private HoldsDocument _document;

    /// <summary>Opens the holds.</summary>
    /// <exception cref="InvalidDataException">The file is damaged: without it nothing may be forgotten.</exception>
    public SnapshotHolds(StateDirectory state, TimeProvider time)
    {
        (_state, _time) = (state, time);
        _document = Load(state);
    }

    /// <summary>All holds, by node.</summary>
    public IReadOnlyList<SnapshotHold> All
    {
        get
        {
            lock (_gate)
            {
                return _document.Holds;
            }
        }
    }

    /// <summary>Says what holds a snapshot.</summary>
    /// <returns>Null when nothing does.</returns>
    public SnapshotHold? HoldOf(SnapshotRecord snapshot) => All.FirstOrDefault(hold => hold.NodeId == snapshot.Draft.NodeId && snapshot.FinishedUtc <= hold.Through);

    /// <summary>
    /// Holds a node's restore points. Durable when it returns. A node that is held already keeps the hold it has: what came after the first
    /// suspicion is not trusted more for being later.
    /// </summary>
    /// <returns>The hold that stands now.</returns>
    public SnapshotHold Hold(string nodeId, DateTimeOffset through, string reason)
    {
        lock (_gate)
        {
            if (_document.Holds.FirstOrDefault(hold => hold.NodeId == nodeId) is { } standing)
            {
                return standing;
            }

            var added = new SnapshotHold(nodeId, through, reason, _time.GetUtcNow());
            Save([.. _document.Holds.Append(added).OrderBy(hold => hold.NodeId, StringComparer.Ordinal)]);
            return added;
        }
    }

    /// <summary>Lets a node's restore points expire again.</summary>
    /// <returns>False when they were not held.</returns>
    public bool Release(string nodeId)
    {
        lock (_gate)
        {
            if (!_document.Holds.Any(hold => hold.NodeId == nodeId))
            {
                return false;
            }

            Save([.. _document.Holds.Where(hold => hold.NodeId != nodeId)]);
            return true;
        }
    }

    private static HoldsDocument Load(StateDirectory state)
    {
        if (state.Read(FileName) is not { } bytes)
        {
            return new HoldsDocument();
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, HoldsJson.Default.HoldsDocument) is { Version: 1 } document
                ? document
                : throw new InvalidDataException($"{state.PathOf(FileName)} is of another version. Use the program that wrote it, or a newer one.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} is damaged: {error.Message} It says which restore points must not expire. Restore it from a backup of the state; or delete it when none was held.", error);
        }
    }

    private void Save(IReadOnlyList<SnapshotHold> holds)
    {
        var document = new HoldsDocument { Holds = holds };
        _state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(document, HoldsJson.Default.HoldsDocument));
        _document = document;
    }
}

internal sealed record HoldsDocument
{
    public int Version { get; init; } = 1;

    public IReadOnlyList<SnapshotHold> Holds { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(HoldsDocument))]
internal sealed partial class HoldsJson : JsonSerializerContext;
