using System.Globalization;
using System.Text;

namespace GatewayOS.Store.Chained;

/// <summary>Something that shows that a chained log is not as it was written.</summary>
/// <param name="Segment">File name; empty when it is about the whole.</param>
/// <param name="Sequence">Number of the line, or 0.</param>
/// <param name="Detail">What is wrong, in words.</param>
public sealed record ChainedFinding(string Segment, long Sequence, string Detail);

/// <summary>What a check of a chained log found.</summary>
/// <param name="Count">Sequence number of the last line.</param>
/// <param name="Last">Its hash.</param>
/// <param name="Findings">What is wrong; empty when the log is as it was written.</param>
/// <param name="IsKeyed">True when MACs were checked too: without the key, whoever can write the files could have made the chain anew.</param>
public sealed record ChainedReport(long Count, string Last, IReadOnlyList<ChainedFinding> Findings, bool IsKeyed);

/// <summary>Checks a chained log, line by line: whether any was edited, removed, moved or cut off.</summary>
public sealed class ChainedLogCheck
{
    /// <summary>Most findings that are listed.</summary>
    public const int FindingsMax = 100;

    private readonly List<ChainedFinding> _findings = [];
    private readonly byte[] _key;
    private long _count;
    private string _last = ChainedLine.NoPrevious;

    private ChainedLogCheck(byte[] key) => _key = key;

    /// <summary>The segments of a log, in their order.</summary>
    public static IReadOnlyList<string> SegmentsOf(string directory) => [.. Directory.GetFiles(directory, ChainedLog.SegmentPattern).Order(StringComparer.Ordinal)];

    /// <summary>Checks a log.</summary>
    /// <param name="directory">Its directory: a live one, or a copy.</param>
    /// <param name="key">Its key; empty when it is not at hand.</param>
    /// <returns>What was found, and how many bytes of an unfinished line stand at the end.</returns>
    public static (ChainedReport Report, long TornBytes) Run(string directory, byte[] key)
    {
        var check = new ChainedLogCheck(key);
        long torn = 0;
        IReadOnlyList<string> segments = SegmentsOf(directory);
        for (int i = 0; i < segments.Count; i++)
        {
            torn = check.Segment(segments[i], isLast: i == segments.Count - 1);
        }

        string headPath = Path.Join(directory, ChainedHead.FileName);
        check.Head(File.Exists(headPath) ? File.ReadAllBytes(headPath) : null, hasLines: segments.Count > 0, isTorn: torn > 0);
        return (new ChainedReport(check._count, check._last, check._findings, key.Length > 0), torn);
    }

    /// <summary>The lines of a log in their order, unchecked; what is no line is passed over.</summary>
    public static IEnumerable<ChainedLine> Read(string directory)
    {
        foreach (string segment in SegmentsOf(directory))
        {
            foreach ((ReadOnlyMemory<byte> bytes, bool isWhole) in Lines(File.ReadAllBytes(segment)))
            {
                if (isWhole && ChainedLine.Decode(bytes) is { } line)
                {
                    yield return line;
                }
            }
        }
    }

    /// <summary>True when a log has the line that a head names as its last one then.</summary>
    public static bool Contains(string directory, ChainedHead head) => (head.Count == 0 && head.Last == ChainedLine.NoPrevious) || SegmentsOf(directory)
        .SelectMany(segment => Lines(File.ReadAllBytes(segment)))
        .Any(line => line.IsWhole && ChainedLine.HashOf(line.Bytes.Span) == head.Last && ChainedLine.Decode(line.Bytes)?.Sequence == head.Count);

    private long Segment(string path, bool isLast)
    {
        string name = Path.GetFileName(path);
        foreach ((ReadOnlyMemory<byte> bytes, bool isWhole) in Lines(File.ReadAllBytes(path)))
        {
            if (!isWhole)
            {
                // A crash leaves the end of the last segment unfinished, and nothing else does.
                if (!isLast)
                {
                    Find(name, _count + 1, "the segment ends in the middle of a record");
                }

                return bytes.Length;
            }

            Line(name, bytes);
        }

        return 0;
    }

    private void Line(string segment, ReadOnlyMemory<byte> bytes)
    {
        string hash = ChainedLine.HashOf(bytes.Span);
        if (ChainedLine.Decode(bytes) is not { } line)
        {
            Find(segment, _count + 1, "what should be a record cannot be read");
            _last = hash;
            return;
        }

        if (line.Sequence > _count + 1)
        {
            Find(segment, line.Sequence, line.Sequence == _count + 2 ? $"record {Number(_count + 1)} is missing before it" : $"records {Number(_count + 1)} to {Number(line.Sequence - 1)} are missing before it");
        }
        else if (line.Sequence <= _count)
        {
            Find(segment, line.Sequence, $"it stands behind record {Number(_count)}: out of order, or a second time");
        }

        if (line.Previous != _last)
        {
            Find(segment, line.Sequence, "the record before it is not the one it was written after: that was changed, removed or moved");
        }

        if (_key.Length > 0 && !ChainedLine.IsSigned(bytes.Span, _key))
        {
            Find(segment, line.Sequence, "it was changed, or not written by this appliance");
        }

        _count = line.Sequence;
        _last = hash;
    }

    private void Head(byte[]? file, bool hasLines, bool isTorn)
    {
        if (file is null)
        {
            if (hasLines)
            {
                Find(ChainedHead.FileName, 0, "the file is missing that says where the log ends: records may have been cut off");
            }

            return;
        }

        if (ChainedHead.Decode(file, _key) is not { } head)
        {
            Find(ChainedHead.FileName, 0, "the file that says where the log ends was changed, or not written by this appliance");
        }
        else if (head.Count > _count)
        {
            Find("", head.Count, $"records {Number(_count + 1)} to {Number(head.Count)} were cut off{(isTorn ? ", the first of them in its middle" : "")}");
        }
        else if (head.Count == _count && head.Last != _last)
        {
            Find("", head.Count, "the last record is not the one that was written");
        }
    }

    private static IEnumerable<(ReadOnlyMemory<byte> Bytes, bool IsWhole)> Lines(ReadOnlyMemory<byte> file)
    {
        while (!file.IsEmpty)
        {
            int end = file.Span.IndexOf((byte)'\n');
            yield return end < 0 ? (file, false) : (file[..end], true);
            file = end < 0 ? default : file[(end + 1)..];
        }
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private void Find(string segment, long sequence, string detail)
    {
        if (_findings.Count < FindingsMax)
        {
            _findings.Add(new ChainedFinding(segment, sequence, detail));
        }
    }
}
