using GatewayOS.Store.Packs;

namespace GatewayOS.Store.Index;

/// <summary>Merges sorted entry streams into one with a single entry for each chunk.</summary>
internal static class IndexMerge
{
    /// <summary>
    /// Merges streams, leaving out entries whose pack does not count. For several of one chunk the one from the first source stays: a copy
    /// that gc has just made must win over the original it is about to condemn.
    /// </summary>
    public static IEnumerable<IndexEntry> Merge(IReadOnlyList<IEnumerable<IndexEntry>> sources, PackUse usable)
    {
        var queue = new PriorityQueue<IEnumerator<IndexEntry>, (ChunkId Id, int Source)>();
        try
        {
            for (int source = 0; source < sources.Count; source++)
            {
                IEnumerator<IndexEntry> entries = sources[source].GetEnumerator();
                if (entries.MoveNext())
                {
                    queue.Enqueue(entries, (entries.Current.Id, source));
                }
            }

            ChunkId last = default;
            bool any = false;
            while (queue.TryDequeue(out IEnumerator<IndexEntry>? entries, out (ChunkId Id, int Source) key))
            {
                IndexEntry entry = entries.Current;
                if (usable(entry.Location.Pack) && !(any && entry.Id == last))
                {
                    (last, any) = (entry.Id, true);
                    yield return entry;
                }

                if (entries.MoveNext())
                {
                    queue.Enqueue(entries, (entries.Current.Id, key.Source));
                }
                else
                {
                    entries.Dispose();
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
