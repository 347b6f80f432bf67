using GatewayOS.Store.Snapshots;

namespace GatewayOS.Store.Pipeline;

/// <summary>The way to an appliance, as <see cref="UploadWriter"/> sees it. All members may be called from several threads at once, and block
/// while the connection is full (back-pressure) or being made again.</summary>
public interface IChunkUploader : IDisposable
{
    /// <summary>Asks which chunks the appliance lacks of this node. Answered by <see cref="IUploadAnswers.Answered"/>.</summary>
    /// <param name="group">Number of the group.</param>
    /// <param name="hashes">Their content hashes, 32 bytes each.</param>
    void Ask(long group, ReadOnlySpan<byte> hashes);

    /// <summary>Sends chunks of a group. Answered by <see cref="IUploadAnswers.Stored"/>.</summary>
    /// <param name="group">Number of the group.</param>
    /// <param name="directory">What they are (<see cref="Transfer.ChunkDirectory"/>).</param>
    /// <param name="payload">Their stored bytes. Not kept.</param>
    void Send(long group, ReadOnlySpan<byte> directory, ReadOnlySpan<byte> payload);

    /// <summary>Makes a snapshot of what was sent.</summary>
    /// <returns>The snapshot, durable on the appliance.</returns>
    SnapshotRecord Commit(SnapshotDraft draft);
}

/// <summary>What comes back from an appliance.</summary>
public interface IUploadAnswers
{
    /// <summary>Says which chunks of a group are lacking.</summary>
    /// <param name="group">The group.</param>
    /// <param name="lacking">A bit for each chunk asked for, lowest bit of the first byte first.</param>
    void Answered(long group, ReadOnlySpan<byte> lacking);

    /// <summary>The chunks sent for a group have been checked and stored.</summary>
    void Stored(long group);

    /// <summary>The connection was made again: what is unanswered is asked anew, and what had arrived is not sent again.</summary>
    void Reconnected();

    /// <summary>There will be no more answers.</summary>
    void Failed(Exception error);
}
