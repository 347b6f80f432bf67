using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// One file on its way through the pipeline. Chunks are numbered when they are cut and get their IDs in any order, on any worker; the last
/// one to arrive completes the ticket.
/// </summary>
public abstract class ContentTicket
{
    private readonly List<ContentSegment> _segments = [];
    private ContentSegment? _current;
    private int _partsExpected;
    private int _outstanding = 1;
    private volatile bool _aborted;

    /// <summary>The content. Valid in <see cref="OnStored"/> and after.</summary>
    public ContentRef Content { get; private set; } = ContentRef.Empty;

    /// <summary>
    /// Called once, on a worker's thread, when every chunk has its ID. Must not block: the pipeline's other work waits behind it.
    /// </summary>
    /// <param name="sink">The worker's sink, for encoding a directory that is complete now. Borrowed for the call.</param>
    protected internal abstract void OnStored(ChunkSink sink);

    internal void Start(long expectedBytes, int averageChunkBytes)
    {
        _partsExpected = (int)Math.Clamp((expectedBytes / averageChunkBytes * 5 / 4) + 1, 1, ContentSegment.PartsMax);
    }

    /// <summary>Takes the place for the next chunk. Lane's thread only.</summary>
    internal ContentSegment NextSlot(out int slot) => Current().Take(out slot);

    /// <summary>Records a hole. Lane's thread only.</summary>
    internal void AddHole(long lengthBytes)
    {
        ContentSegment segment = Current().Take(out int slot);
        segment.Parts[slot] = ContentPart.Hole(lengthBytes);
        segment.Release();
    }

    /// <summary>No more chunks follow.</summary>
    internal void Close(ChunkSink sink)
    {
        CloseCurrent(full: false, sink);
        Release(sink);
    }

    internal void Abort() => _aborted = true;

    /// <summary>Gives a chunk its ID; completes whatever that completes.</summary>
    internal static void SetPart(ContentSegment segment, int slot, in ContentPart part, ChunkSink sink)
    {
        segment.Parts[slot] = part;
        if (segment.Release())
        {
            segment.Owner.SegmentStored(segment, sink);
        }
    }

    private ContentSegment Current()
    {
        if (_current is { IsFull: true })
        {
            // A full segment cannot be complete before it is closed, and closing needs no sink: its last chunk is still to be handed in.
            CloseCurrent(full: true, sink: null);
        }

        if (_current is null)
        {
            _current = new ContentSegment(this, _segments.Count == 0 ? _partsExpected : ContentSegment.PartsMax);
            _segments.Add(_current);
            Interlocked.Increment(ref _outstanding);
        }

        return _current;
    }

    private void CloseCurrent(bool full, ChunkSink? sink)
    {
        if (_current is not { } closing)
        {
            return;
        }

        _current = null;
        closing.FoldEarly = full;
        if (closing.Release())
        {
            if (sink is null)
            {
                closing.FoldEarly = false;
                Interlocked.Decrement(ref _outstanding);
            }
            else
            {
                SegmentStored(closing, sink);
            }
        }
    }

    private void SegmentStored(ContentSegment segment, ChunkSink sink)
    {
        if (segment.FoldEarly && !_aborted)
        {
            segment.Fold(sink);
        }

        Release(sink);
    }

    private void Release(ChunkSink sink)
    {
        if (Interlocked.Decrement(ref _outstanding) != 0 || _aborted)
        {
            return;
        }

        Content = Assemble(sink);
        _segments.Clear();
        OnStored(sink);
    }

    private ContentRef Assemble(ChunkSink sink)
    {
        if (_segments.Count == 0)
        {
            return ContentRef.Empty;
        }

        if (_segments.Count == 1)
        {
            return sink.StoreParts(_segments[0].Trimmed());
        }

        var lists = new List<ContentPart>();
        foreach (ContentSegment segment in _segments)
        {
            segment.Fold(sink);
            lists.AddRange(segment.Parts);
        }

        return sink.StoreParts([.. lists], depth: 1);
    }
}

/// <summary>
/// A run of a file's parts. Its array never moves, so workers fill slots while the lane takes new ones; a full run is folded into list
/// chunks as soon as its last ID is known, so a file of any size holds few parts in memory.
/// </summary>
internal sealed class ContentSegment(ContentTicket owner, int partsMax)
{
    /// <summary>Longest run: about 1 GiB of content at the default chunk size, 400 KB of memory.</summary>
    public const int PartsMax = 8192;

    private int _count;
    private int _outstanding = 1;
    private bool _folded;

    public ContentTicket Owner { get; } = owner;

    public ContentPart[] Parts { get; private set; } = new ContentPart[partsMax];

    public bool IsFull => _count == Parts.Length;

    public bool FoldEarly { get; set; }

    public ContentSegment Take(out int slot)
    {
        slot = _count++;
        Interlocked.Increment(ref _outstanding);
        return this;
    }

    /// <summary>Drops one outstanding part, or the lane's own hold.</summary>
    /// <returns>True when that was the last.</returns>
    public bool Release() => Interlocked.Decrement(ref _outstanding) == 0;

    public ContentPart[] Trimmed() => _count == Parts.Length ? Parts : Parts[.._count];

    public void Fold(ChunkSink sink)
    {
        if (!_folded)
        {
            _folded = true;
            Parts = sink.Fold(Trimmed());
            _count = Parts.Length;
        }
    }
}
