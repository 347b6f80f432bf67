using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Chained;

/// <summary>
/// An append-only log that shows whether it was tampered with: each line carries the hash of the one before and a MAC under a key of the log's own,
/// and a head beside it says where it ends (<see cref="ChainedLine"/>, <see cref="ChainedHead"/>). Whoever can write files and read the key could
/// still put an older log back whole; against that, note heads elsewhere from time to time. Thread-safe.
/// </summary>
/// <remarks>
/// Write order: line, fsync, head (replaced whole). A crash in between leaves the log one line ahead of its head, which the line's MAC vouches for;
/// a crash within a line leaves an unfinished one, which nobody was told is there, and which the next opening takes away.
/// </remarks>
public sealed class ChainedLog : IDisposable
{
    /// <summary>Size after which a new segment begins, in bytes.</summary>
    public const int SegmentBytesMax = 8 * 1024 * 1024;

    /// <summary>File of the key: 64 hexadecimal digits.</summary>
    public const string KeyFile = "key";

    internal const string SegmentPattern = "segment-??????.log";

    private const int KeyBytes = 32;

    private readonly StateDirectory _directory;
    private readonly byte[] _key;
    private readonly Lock _gate = new();
    private FileStream _file = null!;
    private int _segment;
    private long _count;
    private string _last;

    /// <summary>Opens a log, making it when there is none.</summary>
    /// <param name="directory">Its directory; nothing else is in there.</param>
    /// <exception cref="IOException">It cannot be read or written.</exception>
    public ChainedLog(StateDirectory directory)
    {
        _directory = directory;
        bool isNew = directory.Read(KeyFile) is null && ChainedLogCheck.SegmentsOf(directory.Location).Count == 0;
        _key = TakeKey(isNew, out string? keyProblem);
        (ChainedReport report, long torn) = ChainedLogCheck.Run(directory.Location, _key);
        var findings = new List<ChainedFinding>(report.Findings);
        if (keyProblem is not null)
        {
            findings.Insert(0, new ChainedFinding(KeyFile, 0, keyProblem));
        }
        else if (!isNew && report.Count == 0 && directory.Read(ChainedHead.FileName) is null)
        {
            findings.Add(new ChainedFinding("", 0, "the whole log is missing, of which the key is here"));
        }

        OpeningReport = report with { Findings = findings };
        ChainedHead? head = directory.Read(ChainedHead.FileName) is { } bytes ? ChainedHead.Decode(bytes, _key) : null;

        // After damage the log goes on behind it and never over it: from where its head says it ended, so that the gap stays visible.
        bool goesOn = findings.Count == 0;
        (_count, _last) = goesOn || head is null || head.Count < report.Count ? (report.Count, report.Last) : (head.Count, head.Last);
        Open(goesOn, torn);
        WriteHead();
    }

    /// <summary>What the check found when the log was opened.</summary>
    public ChainedReport OpeningReport { get; }

    /// <summary>Where the log ends now: what to note elsewhere.</summary>
    public ChainedHead Head
    {
        get
        {
            lock (_gate)
            {
                return new ChainedHead(_count, _last);
            }
        }
    }

    /// <summary>Reads a key's file.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static byte[] ReadKey(byte[] file)
    {
        string text = Encoding.ASCII.GetString(file).Trim();
        return text.Length == KeyBytes * 2 && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : throw new InvalidDataException("This is no key of a log: it should have 64 hexadecimal digits.");
    }

    /// <summary>Appends a line. When this returns it survives a power cut.</summary>
    /// <param name="body">A JSON object.</param>
    /// <returns>Its sequence number.</returns>
    /// <exception cref="IOException">It could not be written; then it is not there.</exception>
    /// <exception cref="ArgumentException">It is too long.</exception>
    public long Append(ReadOnlyMemory<byte> body)
    {
        lock (_gate)
        {
            byte[] line = new ChainedLine(_count + 1, _last, body).Encode(_key);
            if (line.Length > ChainedLine.BytesMax)
            {
                throw new ArgumentException($"A record of {line.Length} bytes is too long; {ChainedLine.BytesMax} are the most.", nameof(body));
            }

            if (_file.Length >= SegmentBytesMax)
            {
                _file.Dispose();
                Begin(_segment + 1);
            }

            Write(line);
            (_count, _last) = (_count + 1, ChainedLine.HashOf(line));
            WriteHead();
            return _count;
        }
    }

    /// <summary>The lines in their order.</summary>
    public IEnumerable<ChainedLine> Read() => ChainedLogCheck.Read(_directory.Location);

    /// <summary>Checks everything that is there now.</summary>
    public ChainedReport Check()
    {
        lock (_gate)
        {
            return ChainedLogCheck.Run(_directory.Location, _key).Report;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void Write(byte[] line)
    {
        long before = _file.Length;
        try
        {
            _file.Write([.. line, (byte)'\n']);
            _file.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            // Half a line must not stand before the next one.
            _file.SetLength(before);
            _file.Position = before;
            throw;
        }
    }

    private byte[] TakeKey(bool isNew, out string? problem)
    {
        problem = null;
        if (_directory.Read(KeyFile) is { } file)
        {
            try
            {
                return ReadKey(file);
            }
            catch (InvalidDataException error)
            {
                problem = error.Message;
            }
        }
        else if (!isNew)
        {
            problem = "the log's key is missing: what was written before cannot be told from forgeries";
        }

        byte[] key = RandomNumberGenerator.GetBytes(KeyBytes);
        if (isNew)
        {
            // Before the key: a key without a head means that a log was removed.
            _directory.Replace(ChainedHead.FileName, new ChainedHead(0, ChainedLine.NoPrevious).Encode(key));
        }

        _directory.Replace(KeyFile, Encoding.ASCII.GetBytes(Convert.ToHexStringLower(key) + "\n"));
        return key;
    }

    private void Open(bool goesOn, long torn)
    {
        IReadOnlyList<string> segments = ChainedLogCheck.SegmentsOf(_directory.Location);
        int last = segments.Count == 0 ? 0 : int.Parse(Path.GetFileNameWithoutExtension(segments[^1]).AsSpan("segment-".Length), CultureInfo.InvariantCulture);
        if (last == 0 || !goesOn)
        {
            Begin(last + 1);
            return;
        }

        _segment = last;
        _file = new FileStream(segments[^1], FileMode.Open, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        if (torn > 0)
        {
            _file.SetLength(_file.Length - torn);
            _file.Flush(flushToDisk: true);
        }

        _file.Position = _file.Length;
    }

    private void Begin(int segment)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"segment-{segment:D6}.log");
        _directory.Replace(name, []);
        _segment = segment;
        _file = new FileStream(_directory.PathOf(name), FileMode.Open, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
    }

    private void WriteHead() => _directory.Replace(ChainedHead.FileName, new ChainedHead(_count, _last).Encode(_key));
}
