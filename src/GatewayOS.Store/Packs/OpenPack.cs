using System.Runtime.InteropServices;
using GatewayOS.Store.Storage;

namespace GatewayOS.Store.Packs;

/// <summary>
/// A pack being filled. Space is handed out in order under <see cref="PackAppender"/>'s lock; the ranges are then encrypted and written by
/// several threads at once, and each is written exactly once.
/// </summary>
internal sealed class OpenPack(IStoreFile file, string temporaryPath, byte[] head, PackKey key, int number) : IDisposable
{
    private byte[] _directory = new byte[64 * PackFormat.RecordHeadBytes];
    private int _directoryBytes;

    public IStoreFile File { get; } = file;

    public string TemporaryPath { get; } = temporaryPath;

    public PackKey Key { get; } = key;

    /// <summary>Its number in the <see cref="PackTable"/>.</summary>
    public int Number { get; } = number;

    public ReadOnlySpan<byte> Head => head;

    /// <summary>Where the next range begins.</summary>
    public long NextOffset { get; set; } = PackFormat.HeadBytes;

    public int RecordsReserved { get; set; }

    /// <summary>The file is longer than what is in it, until it is sealed.</summary>
    public bool HasRoom { get; set; }

    /// <summary>Ranges handed out and not yet written.</summary>
    public int RangesOutstanding { get; set; }

    /// <summary>No more ranges: seal when the outstanding ones are written.</summary>
    public bool Closed { get; set; }

    /// <summary>Records written so far.</summary>
    public int Records => _directoryBytes / PackFormat.RecordHeadBytes;

    /// <summary>Adds a written record's head to the directory. Called under the appender's lock.</summary>
    public void AddToDirectory(ReadOnlySpan<byte> recordHead)
    {
        if (_directoryBytes == _directory.Length)
        {
            Array.Resize(ref _directory, _directory.Length * 2);
        }

        recordHead[..PackFormat.RecordHeadBytes].CopyTo(_directory.AsSpan(_directoryBytes));
        _directoryBytes += PackFormat.RecordHeadBytes;
    }

    /// <summary>Writes directory and tail behind the records.</summary>
    /// <returns>The pack's ID and its length in bytes.</returns>
    public (ChunkId Id, long LengthBytes) WriteDirectory()
    {
        Span<byte> directory = _directory.AsSpan(0, _directoryBytes);
        MemoryMarshal.Cast<byte, DirectoryEntry>(directory).Sort(static (a, b) => a.Offset.CompareTo(b.Offset));
        ChunkId id = PackFormat.PackId(head, directory);
        Span<byte> tail = stackalloc byte[PackFormat.TailBytes];
        Span<byte> idBytes = stackalloc byte[ChunkId.SizeBytes];
        id.CopyTo(idBytes);
        PackFormat.WriteTail(tail, NextOffset, Records, idBytes);
        File.WriteAt(directory, NextOffset);
        File.WriteAt(tail, NextOffset + directory.Length);
        long length = NextOffset + directory.Length + PackFormat.TailBytes;
        if (HasRoom)
        {
            File.SetLength(length);
        }

        return (id, length);
    }

    public void Dispose() => File.Dispose();

    [StructLayout(LayoutKind.Sequential, Size = PackFormat.RecordHeadBytes)]
    private struct DirectoryEntry
    {
        private readonly uint _magicKindCodec;
        private readonly uint _offset;

        public readonly uint Offset => BitConverter.IsLittleEndian ? _offset : System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(_offset);
    }
}
