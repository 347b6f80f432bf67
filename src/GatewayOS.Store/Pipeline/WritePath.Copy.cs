using GatewayOS.Store.Compression;
using GatewayOS.Store.Packs;
using GatewayOS.Store.Profiling;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Pipeline;

/// <content>gc's way in: chunks that are compressed and named already.</content>
internal sealed partial class WritePath
{
    /// <summary>
    /// Seals a chunk anew though the store has it: gc moves it out of a pack that is to go. Copies gather until <see cref="EndCopies"/> and then
    /// stand one behind the other in the pack.
    /// </summary>
    /// <param name="kind">What it holds; the same class (data, or trees and lists) for all that gather.</param>
    /// <param name="id">The chunk, whose stored form the caller has checked.</param>
    /// <param name="plainBytes">Its length.</param>
    /// <param name="codec">How it is stored.</param>
    /// <param name="stored">The stored form.</param>
    public void Copy(ChunkKind kind, ChunkId id, int plainBytes, Codec codec, ReadOnlySpan<byte> stored)
    {
        _writer.ThrowIfFailed();
        if (!_writer.Claim(id, copy: true))
        {
            return;
        }

        if (_outBytes + PackFormat.RecordHeadBytes + stored.Length + PackFormat.TagBytes > _out.Length - AlignedBuffer.AlignBytes)
        {
            EndCopies();
        }

        long start = StageCounters.Start();
        stored.CopyTo(_out.Span[(_outBytes + PackFormat.RecordHeadBytes)..]);
        AddRecord(kind, codec, id, plainBytes, stored.Length, ref start);
    }

    /// <summary>Writes the copies that have gathered.</summary>
    public void EndCopies()
    {
        if (_records.Count == 0)
        {
            return;
        }

        long start = StageCounters.Start();
        try
        {
            WriteRecords(_records[0].Kind == ChunkKind.Data ? _writer.DataPacks : _writer.TreePacks, ref start);
        }
        catch (Exception error)
        {
            _writer.Fail(error);
            throw;
        }
    }
}
