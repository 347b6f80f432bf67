using GatewayOS.Store.Packs;

namespace GatewayOS.Store.Index;

/// <summary>Merges sorted entry streams into one with a single entry for each chunk.</summary>
internal static class IndexMerge
{
    /// <summary>
    /// Merges streams, leaving out entries whose pack does not count. Of several entries of one chunk the one in the pack met last stays: that
    /// is the copy this session has just written, while gc may be about to delete the pack it was copied from.
    /// </summary>
    /// <param name="sources">The streams.</param>
    /// <param name="usable">Which packs count.</param>
    /// <param name="surely">Which of them count beside another copy; asked of the few chunks that have several. Null for all.</param>
    public static IEnumerable<IndexEntry> Merge(IReadOnlyList<IEnumerable<IndexEntry>> sources, PackUse usable, PackUse? surely = null)
    {
        var heap = new List<Source>(sources.Count);
        try
        {
            foreach (IEnumerable<IndexEntry> entries in sources)
            {
                var source = new Source(entries.GetEnumerator());
                heap.Add(source);
                if (!source.Advance())
                {
                    source.Dispose();
                    heap.RemoveAt(heap.Count - 1);
                }
            }

            for (int i = (heap.Count / 2) - 1; i >= 0; i--)
            {
                SiftDown(heap, i);
            }

            IndexEntry held = default;
            bool holds = false;
            while (heap.Count > 0)
            {
                Source first = heap[0];
                IndexEntry entry = first.Entry;
                if (!first.Advance())
                {
                    first.Dispose();
                    heap[0] = heap[^1];
                    heap.RemoveAt(heap.Count - 1);
                }

                SiftDown(heap, 0);
                if (!usable(entry.Location.Pack))
                {
                    continue;
                }

                bool again = holds && held.Id == entry.Id;
                if (holds && !again)
                {
                    yield return held;
                }

                if (!again || surely is null || surely(entry.Location.Pack))
                {
                    (held, holds) = (entry, true);
                }
            }

            if (holds)
            {
                yield return held;
            }
        }
        finally
        {
            heap.ForEach(source => source.Dispose());
        }
    }

    private static void SiftDown(List<Source> heap, int at)
    {
        while ((2 * at) + 1 < heap.Count)
        {
            int child = (2 * at) + 1;
            if (child + 1 < heap.Count && heap[child + 1].Precedes(heap[child]))
            {
                child++;
            }

            if (!heap[child].Precedes(heap[at]))
            {
                return;
            }

            (heap[at], heap[child]) = (heap[child], heap[at]);
            at = child;
        }
    }

    /// <summary>A stream and the entry it is at.</summary>
    private sealed class Source(IEnumerator<IndexEntry> entries) : IDisposable
    {
        private IndexEntry _entry;

        public ref readonly IndexEntry Entry => ref _entry;

        public bool Advance()
        {
            if (!entries.MoveNext())
            {
                return false;
            }

            _entry = entries.Current;
            return true;
        }

        public bool Precedes(Source other)
        {
            ulong mine = _entry.Id.Prefix, others = other._entry.Id.Prefix;
            return mine != others ? mine < others : _entry.CompareTo(other._entry) < 0;
        }

        public void Dispose() => entries.Dispose();
    }
}
