using GatewayOS.Store.Packs;

namespace GatewayOS.Store.Index;

/// <summary>Merges sorted entry streams into one with a single entry for each chunk.</summary>
internal static class IndexMerge
{
    /// <summary>
    /// Merges streams, leaving out entries whose pack does not count. Of several entries of one chunk the one in the pack met last stays: that
    /// is the copy this session has just written, while gc may be about to delete the pack it was copied from.
    /// </summary>
    public static IEnumerable<IndexEntry> Merge(IReadOnlyList<IEnumerable<IndexEntry>> sources, PackUse usable)
    {
        var queue = new PriorityQueue<IEnumerator<IndexEntry>, IndexEntry>();
        try
        {
            foreach (IEnumerable<IndexEntry> source in sources)
            {
                IEnumerator<IndexEntry> entries = source.GetEnumerator();
                if (entries.MoveNext())
                {
                    queue.Enqueue(entries, entries.Current);
                }
            }

            IndexEntry? held = null;
            while (queue.TryPeek(out IEnumerator<IndexEntry>? entries, out IndexEntry entry))
            {
                if (usable(entry.Location.Pack))
                {
                    if (held is { } done && done.Id != entry.Id)
                    {
                        yield return done;
                    }

                    held = entry;
                }

                queue.Dequeue();
                if (entries.MoveNext())
                {
                    queue.Enqueue(entries, entries.Current);
                }
            }

            if (held is { } last)
            {
                yield return last;
            }
        }
        finally
        {
            foreach ((IEnumerator<IndexEntry> entries, _) in queue.UnorderedItems)
            {
                entries.Dispose();
            }
        }
    }

    /// <summary>Keeps one of equal chunks in a sorted list: the one in the pack met last, as <see cref="Merge"/> does.</summary>
    public static IEnumerable<IndexEntry> Distinct(List<IndexEntry> sorted)
    {
        for (int i = 0; i < sorted.Count; i++)
        {
            if (i == sorted.Count - 1 || sorted[i].Id != sorted[i + 1].Id)
            {
                yield return sorted[i];
            }
        }
    }
}
