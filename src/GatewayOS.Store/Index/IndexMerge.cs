using GatewayOS.Store.Packs;

namespace GatewayOS.Store.Index;

/// <summary>Merges sorted entry streams into one with a single entry for each chunk.</summary>
internal static class IndexMerge
{
    /// <summary>Merges streams, leaving out entries whose pack does not count. For several of one chunk the first by pack and offset stays.</summary>
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

            ChunkId last = default;
            bool any = false;
            while (queue.TryPeek(out IEnumerator<IndexEntry>? entries, out IndexEntry entry))
            {
                if (usable(entry.Location.Pack) && !(any && entry.Id == last))
                {
                    (last, any) = (entry.Id, true);
                    yield return entry;
                }

                queue.Dequeue();
                if (entries.MoveNext())
                {
                    queue.Enqueue(entries, entries.Current);
                }
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

    /// <summary>Keeps the first of equal chunks in a sorted list.</summary>
    public static IEnumerable<IndexEntry> Distinct(List<IndexEntry> sorted)
    {
        for (int i = 0; i < sorted.Count; i++)
        {
            if (i == 0 || sorted[i].Id != sorted[i - 1].Id)
            {
                yield return sorted[i];
            }
        }
    }
}
