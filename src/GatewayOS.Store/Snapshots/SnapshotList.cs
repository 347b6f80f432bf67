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
public sealed record SnapshotList(IReadOnlyList<SnapshotRecord> Records, IReadOnlyList<DamagedSnapshot> Damaged);
