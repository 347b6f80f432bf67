using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using GatewayOS.Appliance.Power;
using GatewayOS.Store.Storage;

namespace GatewayOS.Hardware.Power;

/// <summary>
/// Records of power failures: one file, made and written whole once, so that a record is an overwrite in place followed by one sync, with no allocation and no change of
/// metadata that a journal would have to carry. Little-endian:
/// <code>
/// slot i (of 32) at i*1024   record, 512 bytes: "GWPWR1" reserved u16 | number i64 | time i64 (ms, Unix) | stopped i64 (µs) | flushed i64 (µs) | hold-up i32 (ms) | left i32 (ms)
///                            | flushed names u16 length, UTF-8 | skipped names u16 length, UTF-8 | zeros | at 496: first 16 bytes of SHA-256 of what is before
///                            afterlife, 512 bytes: number i64 | ran on i64 (ms) | outcome u8 | reported u8 | zeros | at 496: the same hash
/// </code>
/// A slot whose record does not hash right holds none; where only the afterlife does not, the machine ran on for as long as the record itself says. Not thread-safe for
/// writing; <see cref="Read"/> may run beside it.
/// </summary>
public sealed class PowerLog : IDisposable
{
    /// <summary>Records kept; beyond, the oldest gives way.</summary>
    public const int SlotsMax = 32;

    private const string FileName = "power.log";
    private const int SectorBytes = 512;
    private const int SlotBytes = 2 * SectorBytes;
    private const int HashAt = SectorBytes - 16;
    private const int NamesAt = 48;
    private const int NamesBytesMax = (HashAt - NamesAt - 4) / 2;

    private static readonly byte[] s_magic = "GWPWR1\0\0"u8.ToArray();

    private readonly IStoreFile _file;
    private readonly byte[] _sector = new byte[SectorBytes];
    private long _number;

    private PowerLog(IStoreFile file)
    {
        _file = file;
        _number = Read().Select(failure => failure.Number).DefaultIfEmpty().Max();
    }

    /// <summary>Opens the records, making the file when there is none.</summary>
    /// <param name="disk">The state directory.</param>
    /// <exception cref="StoreIoException">It cannot be made or opened.</exception>
    public static PowerLog Open(IStoreDisk disk)
    {
        if (!disk.ListNames("").Contains(FileName))
        {
            using IStoreFile made = disk.Create(FileName + ".new");
            made.WriteAt(new byte[SlotsMax * SlotBytes], 0);
            made.Sync();
            disk.Rename(FileName + ".new", FileName);
            disk.SyncDirectory("");
        }

        return new PowerLog(disk.OpenWrite(FileName));
    }

    /// <summary>Writes a failure's record and syncs it.</summary>
    /// <param name="failure">What is known of it; its number is given here.</param>
    public void Write(PowerFailure failure)
    {
        _number++;
        Span<byte> sector = _sector;
        sector.Clear();
        s_magic.CopyTo(sector);
        BinaryPrimitives.WriteInt64LittleEndian(sector[8..], _number);
        BinaryPrimitives.WriteInt64LittleEndian(sector[16..], failure.Time.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteInt64LittleEndian(sector[24..], failure.StoppedUs);
        BinaryPrimitives.WriteInt64LittleEndian(sector[32..], failure.FlushedUs);
        BinaryPrimitives.WriteInt32LittleEndian(sector[40..], failure.HoldUpMs);
        BinaryPrimitives.WriteInt32LittleEndian(sector[44..], failure.LeftMs);
        int at = NamesAt;
        foreach (IReadOnlyList<string> names in (IReadOnlyList<string>[])[failure.Flushed, failure.Skipped])
        {
            byte[] text = Encoding.UTF8.GetBytes(string.Join(',', names));
            int length = Math.Min(text.Length, NamesBytesMax);
            BinaryPrimitives.WriteUInt16LittleEndian(sector[at..], (ushort)length);
            text.AsSpan(0, length).CopyTo(sector[(at + 2)..]);
            at += 2 + length;
        }

        Put(PlaceOf(_number));
    }

    /// <summary>Notes how long the machine ran on after the edge of the record written last, and syncs that.</summary>
    public void RanOn(long ranOnMs, PowerOutcome outcome) => Afterlife(_number, ranOnMs, outcome, isReported: outcome != PowerOutcome.Lost);

    /// <summary>All records, oldest first.</summary>
    public IReadOnlyList<PowerFailure> Read() => [.. Slots().Select(slot => slot.Failure).OrderBy(failure => failure.Number)];

    /// <summary>Takes the failure that the machine went dark with, if nobody has been told of it.</summary>
    /// <returns>Null when there is none.</returns>
    public PowerFailure? TakeUnreported()
    {
        (PowerFailure Failure, bool IsReported) newest = Slots().OrderBy(slot => slot.Failure.Number).LastOrDefault();
        if (newest.Failure is null || newest.IsReported)
        {
            return null;
        }

        Afterlife(newest.Failure.Number, newest.Failure.RanOnMs, newest.Failure.Outcome, isReported: true);
        return newest.Failure;
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static long PlaceOf(long number) => number % SlotsMax * SlotBytes;

    private void Afterlife(long number, long ranOnMs, PowerOutcome outcome, bool isReported)
    {
        Span<byte> sector = _sector;
        sector.Clear();
        BinaryPrimitives.WriteInt64LittleEndian(sector, number);
        BinaryPrimitives.WriteInt64LittleEndian(sector[8..], ranOnMs);
        sector[16] = (byte)outcome;
        sector[17] = isReported ? (byte)1 : (byte)0;
        Put(PlaceOf(number) + SectorBytes);
    }

    private void Put(long offset)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(_sector.AsSpan(0, HashAt), hash);
        hash[..16].CopyTo(_sector.AsSpan(HashAt));
        _file.WriteAt(_sector, offset);
        _file.Sync();
    }

    private IEnumerable<(PowerFailure Failure, bool IsReported)> Slots()
    {
        byte[] slot = new byte[SlotBytes];
        for (int i = 0; i < SlotsMax; i++)
        {
            if (_file.ReadAt(slot, (long)i * SlotBytes) == SlotBytes && IsWhole(slot.AsSpan(0, SectorBytes)) && slot.AsSpan().StartsWith(s_magic))
            {
                yield return Decode(slot);
            }
        }
    }

    private static (PowerFailure Failure, bool IsReported) Decode(ReadOnlySpan<byte> slot)
    {
        long number = BinaryPrimitives.ReadInt64LittleEndian(slot[8..]);
        long flushedUs = BinaryPrimitives.ReadInt64LittleEndian(slot[32..]);
        string[] flushed = Names(slot[NamesAt..], out int length);
        string[] skipped = Names(slot[(NamesAt + length)..], out _);
        ReadOnlySpan<byte> after = slot[SectorBytes..];
        bool hasAfterlife = IsWhole(after) && BinaryPrimitives.ReadInt64LittleEndian(after) == number;
        var failure = new PowerFailure(
            number,
            DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64LittleEndian(slot[16..])),
            BinaryPrimitives.ReadInt64LittleEndian(slot[24..]),
            flushedUs,
            flushed,
            skipped,
            BinaryPrimitives.ReadInt32LittleEndian(slot[40..]),
            BinaryPrimitives.ReadInt32LittleEndian(slot[44..]),
            hasAfterlife ? BinaryPrimitives.ReadInt64LittleEndian(after[8..]) : flushedUs / 1000,
            hasAfterlife ? (PowerOutcome)after[16] : PowerOutcome.Lost);
        return (failure, hasAfterlife && after[17] != 0);
    }

    private static string[] Names(ReadOnlySpan<byte> text, out int length)
    {
        int bytes = BinaryPrimitives.ReadUInt16LittleEndian(text);
        length = 2 + bytes;
        return Encoding.UTF8.GetString(text.Slice(2, bytes)).Split(',', StringSplitOptions.RemoveEmptyEntries);
    }

    private static bool IsWhole(ReadOnlySpan<byte> sector)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(sector[..HashAt], hash);
        return hash[..16].SequenceEqual(sector[HashAt..SectorBytes]);
    }
}
