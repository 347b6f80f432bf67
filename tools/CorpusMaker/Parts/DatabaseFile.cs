using System.Buffers.Binary;

namespace GatewayOS.CorpusMaker.Parts;

/// <summary>
/// A database's data file: 8 KiB pages with a head (magic, number, log sequence number, sum) and rows. A day updates rows of two percent of the
/// pages in place, and adds a few pages.
/// </summary>
internal sealed class DatabaseFile(Vocabulary words) : CorpusPart("database")
{
    private const int PageBytes = 8192;
    private const int HeadBytes = 32;
    private const int RowBytes = 128;
    private const long UpdatedPermille = 20;
    private const long AddedPermille = 2;
    private const int RowsUpdatedMax = 4;
    private const int FilledPercent = 80;

    public override void Make(string directory, long sizeBytes, SeededBytes random)
    {
        using FileStream file = File.Create(PathOf(directory));
        long pages = Math.Max(1, sizeBytes / PageBytes);
        for (long number = 0; number < pages; number++)
        {
            file.Write(NewPage(number, random));
        }
    }

    public override void Age(string directory, long sizeBytes, int day, SeededBytes random)
    {
        using FileStream file = File.Open(PathOf(directory), FileMode.Open);
        long pages = file.Length / PageBytes;
        byte[] page = new byte[PageBytes];
        for (long updates = Permille(pages, UpdatedPermille); updates > 0; updates--)
        {
            long number = random.SkewedBelow(pages);
            file.Position = number * PageBytes;
            file.ReadExactly(page);
            for (long rows = 1 + random.Below(RowsUpdatedMax); rows > 0; rows--)
            {
                WriteRow(page, (int)random.Below((PageBytes - HeadBytes) / RowBytes), random);
            }

            WriteHead(page, number, ((ulong)day << 32) + (ulong)updates);
            file.Position = number * PageBytes;
            file.Write(page);
        }

        file.Position = file.Length;
        for (long number = pages; number < pages + Permille(pages, AddedPermille); number++)
        {
            file.Write(NewPage(number, random));
        }
    }

    private static string PathOf(string directory) => Path.Join(directory, "base.dat");

    private byte[] NewPage(long number, SeededBytes random)
    {
        byte[] page = new byte[PageBytes];
        for (int row = 0; row < (PageBytes - HeadBytes) / RowBytes * FilledPercent / 100; row++)
        {
            WriteRow(page, row, random);
        }

        WriteHead(page, number, 1);
        return page;
    }

    private void WriteRow(byte[] page, int row, SeededBytes random)
    {
        Span<byte> bytes = page.AsSpan(HeadBytes + (row * RowBytes), RowBytes);
        bytes.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, random.Next());
        Span<byte> text = bytes[16..^16];
        for (int word = 0; word < 8; word++)
        {
            Vocabulary.Put(ref text, words.Word(random));
            Vocabulary.Put(ref text, " "u8);
        }
    }

    private static void WriteHead(Span<byte> page, long number, ulong sequence)
    {
        "GWDBPAGE"u8.CopyTo(page);
        BinaryPrimitives.WriteInt64LittleEndian(page[8..], number);
        BinaryPrimitives.WriteUInt64LittleEndian(page[16..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(page[24..], Sum(page[HeadBytes..]));
    }

    // FNV-1a over words: only there to change when the page does.
    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 14695981039346656037;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            sum = (sum ^ BinaryPrimitives.ReadUInt64LittleEndian(bytes)) * 1099511628211;
        }

        return sum;
    }
}
