namespace GatewayOS.TestKit.Simulated;

/// <summary>A change of a file's content that no sync has made durable.</summary>
/// <param name="Data">The bytes written; null for a change of length.</param>
/// <param name="Offset">Where, or the new length.</param>
internal readonly record struct PendingChange(byte[]? Data, long Offset);

/// <summary>
/// A file's content twice: as processes see it, and as the platters hold it, with the unsynced changes between the two. Arrays are shared
/// between both and between images until somebody writes, so syncing and imaging small files costs next to nothing.
/// </summary>
internal sealed class SimulatedFile(int number)
{
    public const int SectorBytes = 512;

    private byte[] _data = [];
    private byte[] _durable = [];
    private int _length;
    private int _durableLength;

    // True while _data may be shared with _durable or another image: copy before writing.
    private bool _shared = true;

    // True once something acknowledged will never reach the platters, so that a sync cannot simply adopt what processes see.
    private bool _unfaithful;

    /// <summary>Names the file in operation logs, whatever it is called.</summary>
    public int Number { get; } = number;

    public int Length => _length;

    public ReadOnlySpan<byte> Content => _data.AsSpan(0, _length);

    public ReadOnlySpan<byte> DurableContent => _durable.AsSpan(0, _durableLength);

    public List<PendingChange> Pending { get; } = [];

    public SimulatedProcess? LockHolder { get; set; }

    /// <summary>True once its bytes were damaged behind everybody's back, or a write to it was acknowledged and not done.</summary>
    public bool IsDamaged { get; set; }

    public static SimulatedFile FromImage(int number, byte[] content) =>
        new(number) { _data = content, _durable = content, _length = content.Length, _durableLength = content.Length };

    public int Read(Span<byte> buffer, long offset)
    {
        if (offset >= _length)
        {
            return 0;
        }

        int count = (int)Math.Min(buffer.Length, _length - offset);
        _data.AsSpan((int)offset, count).CopyTo(buffer);
        return count;
    }

    public void Write(ReadOnlySpan<byte> bytes, long offset, bool dropped)
    {
        Ensure(Math.Max(_length, (int)offset + bytes.Length));
        bytes.CopyTo(_data.AsSpan((int)offset));
        _length = Math.Max(_length, (int)offset + bytes.Length);
        if (dropped)
        {
            // The length reaches the platters, as metadata takes another way; the bytes do not.
            _unfaithful = true;
            IsDamaged = true;
            Pending.Add(new PendingChange(null, _length));
        }
        else
        {
            Pending.Add(new PendingChange(bytes.ToArray(), offset));
        }
    }

    public void SetLength(long length)
    {
        Ensure((int)length);
        if (length < _length)
        {
            _data.AsSpan((int)length, _length - (int)length).Clear();
        }

        _length = (int)length;
        Pending.Add(new PendingChange(null, length));
    }

    public void Sync()
    {
        if (!_unfaithful)
        {
            (_durable, _durableLength, _shared) = (_data, _length, true);
        }
        else
        {
            _durable = Apply(Pending, out _durableLength);
        }

        Pending.Clear();
    }

    /// <summary>A failed sync: the pages count as clean from now on, and their bytes reach the platters never.</summary>
    public void LosePending()
    {
        if (Pending.Count > 0)
        {
            _unfaithful = true;
            PendingChange last = new(null, _length);
            Pending.Clear();
            Pending.Add(last);
        }
    }

    /// <summary>Forgets the cache: processes see what the platters and the still dirty pages hold.</summary>
    public void DropCache()
    {
        if (_unfaithful)
        {
            _data = Apply(Pending, out _length);
            _shared = true;
            _unfaithful = Pending.Count > 0;
        }
    }

    /// <summary>Changes bytes on the platters and in the cache behind everybody's back.</summary>
    public void Corrupt(int offset, ReadOnlySpan<byte> bytes)
    {
        IsDamaged = true;
        _data = Patched(_data, _length, offset, bytes);
        _durable = Patched(_durable, _durableLength, offset, bytes);
        _shared = false;
    }

    /// <summary>Cuts or empties a file on the platters and in the cache.</summary>
    public void CorruptLength(int length)
    {
        IsDamaged = true;
        byte[] content = new byte[length];
        Content[..Math.Min(length, _length)].CopyTo(content);
        (_data, _durable, _length, _durableLength, _shared) = (content, content, length, length, true);
        Pending.Clear();
    }

    /// <summary>The content after a power cut.</summary>
    public byte[] AfterCrash(CrashFaults faults, Random? random)
    {
        if (Pending.Count == 0 || random is null)
        {
            return Trimmed(_durable, _durableLength);
        }

        byte[] content = Apply(Survivors(faults, random), out int length);
        if (faults.HasFlag(CrashFaults.LostLengths))
        {
            length = SomeLength(random);
        }
        else
        {
            length = _length;
        }

        byte[] image = new byte[length];
        content.AsSpan(0, Math.Min(length, content.Length)).CopyTo(image);
        if (faults.HasFlag(CrashFaults.Garbage))
        {
            FillGarbage(image, Math.Min(length, content.Length), random);
        }

        return image;
    }

    /// <summary>The content when everything unsynced persists; acknowledged lies do not.</summary>
    public byte[] WithAllPending()
    {
        byte[] content = Apply(Pending, out int length);
        return Trimmed(content, length);
    }

    private static byte[] Trimmed(byte[] bytes, int length) => bytes.Length == length ? bytes : bytes[..length];

    private static byte[] Patched(byte[] bytes, int length, int offset, ReadOnlySpan<byte> patch)
    {
        byte[] copy = bytes[..length];
        int count = Math.Min(patch.Length, length - offset);
        if (count > 0)
        {
            patch[..count].CopyTo(copy.AsSpan(offset));
        }

        return copy;
    }

    // A write that survives in part does so by whole sectors of the disk, not by bytes.
    private List<PendingChange> Survivors(CrashFaults faults, Random random)
    {
        var survivors = new List<PendingChange>();
        foreach (PendingChange change in Pending)
        {
            if (change.Data is null || !faults.HasFlag(CrashFaults.LostWrites) || random.Next(2) == 0)
            {
                survivors.Add(change);
            }
            else if (faults.HasFlag(CrashFaults.TornWrites) && random.Next(2) == 0)
            {
                AddTorn(change, survivors, random);
            }
        }

        return survivors;
    }

    private static void AddTorn(PendingChange change, List<PendingChange> survivors, Random random)
    {
        long end = change.Offset + change.Data!.Length;
        for (long at = change.Offset; at < end;)
        {
            long next = Math.Min(end, (at / SectorBytes * SectorBytes) + SectorBytes);
            if (random.Next(2) == 0)
            {
                survivors.Add(new PendingChange(change.Data[(int)(at - change.Offset)..(int)(next - change.Offset)], at));
            }

            at = next;
        }
    }

    private int SomeLength(Random random)
    {
        int choice = random.Next(Pending.Count + 1);
        int length = _durableLength;
        for (int i = 0; i < choice; i++)
        {
            length = Pending[i].Data is { } data ? Math.Max(length, (int)Pending[i].Offset + data.Length) : (int)Pending[i].Offset;
        }

        return length;
    }

    private void FillGarbage(byte[] image, int covered, Random random)
    {
        // Whole sectors beyond the old durable end that came out empty may show what the blocks held before.
        for (int at = (_durableLength + SectorBytes - 1) / SectorBytes * SectorBytes; at < image.Length; at += SectorBytes)
        {
            Span<byte> sector = image.AsSpan(at, Math.Min(SectorBytes, image.Length - at));
            if (!sector.ContainsAnyExcept((byte)0) && (at >= covered || random.Next(2) == 0))
            {
                random.NextBytes(sector);
            }
        }
    }

    private byte[] Apply(List<PendingChange> changes, out int length)
    {
        length = _durableLength;
        int longest = length;
        foreach (PendingChange change in changes)
        {
            longest = Math.Max(longest, (int)change.Offset + (change.Data?.Length ?? 0));
        }

        byte[] content = new byte[longest];
        _durable.AsSpan(0, _durableLength).CopyTo(content);
        foreach (PendingChange change in changes)
        {
            if (change.Data is { } data)
            {
                data.CopyTo(content.AsSpan((int)change.Offset));
                length = Math.Max(length, (int)change.Offset + data.Length);
            }
            else
            {
                if (change.Offset < length)
                {
                    content.AsSpan((int)change.Offset, length - (int)change.Offset).Clear();
                }

                length = (int)change.Offset;
            }
        }

        return content;
    }

    private void Ensure(int length)
    {
        if (!_shared && length <= _data.Length)
        {
            return;
        }

        byte[] larger = new byte[Math.Max(length, _shared ? Math.Max(length, _length) : _data.Length * 2)];
        _data.AsSpan(0, _length).CopyTo(larger);
        (_data, _shared) = (larger, false);
    }
}
