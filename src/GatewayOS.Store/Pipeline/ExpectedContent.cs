using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;

namespace GatewayOS.Store.Pipeline;

/// <summary>
/// What a file held at the backup before, walked through in step with what is read now. A border that the content before had at some place is worth
/// trying there again: when the chunk behind it has the hash it had, cutting would find the same border. Belongs to one lane.
/// </summary>
/// <param name="chunkBytesMax">Longest chunk of the store.</param>
internal sealed class ExpectedContent(int chunkBytesMax)
{
    private ContentPart[] _parts = [];
    private int _taken;
    private IEnumerator<ContentPart>? _leaves;
    private ContentPart? _current;
    private ContentPart? _following;
    private long _offset;

    /// <summary>Begins a file.</summary>
    /// <param name="content">What it held.</param>
    /// <param name="lists">Reads the lists of long content, which is not expected without it; borrowed until <see cref="Clear"/>.</param>
    public void Begin(ContentRef content, Lazy<ContentReader>? lists)
    {
        Clear();
        if (content.Depth == 0)
        {
            _parts = content.Parts;
        }
        else if (lists is not null)
        {
            _leaves = lists.Value.Leaves(content).GetEnumerator();
        }

        _current = Take();
        _following = Take();
    }

    /// <summary>Expects nothing more of this file.</summary>
    public void Clear()
    {
        _leaves?.Dispose();
        (_parts, _taken, _leaves, _current, _following, _offset) = ([], 0, null, null, null, 0);
    }

    /// <summary>Finds the chunk that began at this place of the file.</summary>
    /// <param name="offset">Where; never before an offset asked for earlier.</param>
    /// <param name="part">The chunk.</param>
    /// <param name="isBorder">
    /// True when its end was a cut in the content. False when the file or the data before a hole ended there: it is this chunk again only if they end there again.
    /// </param>
    public bool TryAt(long offset, out ContentPart part, out bool isBorder)
    {
        while (_current is { } current && (_offset < offset || current.LengthBytes <= 0))
        {
            Skip();
        }

        part = _current.GetValueOrDefault();
        isBorder = _following is { Kind: PartKind.Chunk };
        return _current is { Kind: PartKind.Chunk } && _offset == offset && part.LengthBytes <= chunkBytesMax;
    }

    /// <summary>Goes on to the part behind the current one.</summary>
    public void Skip()
    {
        _offset += _current?.LengthBytes ?? 0;
        _current = _following;
        _following = Take();
    }

    private ContentPart? Take()
    {
        if (_taken < _parts.Length)
        {
            return _parts[_taken++];
        }

        try
        {
            return _leaves?.MoveNext() == true ? _leaves.Current : null;
        }
        catch (Exception error) when (error is StoreDamagedException or StoreIoException)
        {
            // Only a hint is lost: the rest is cut as if it were new. What is wrong with the store shows when something needs it.
            return null;
        }
    }
}
