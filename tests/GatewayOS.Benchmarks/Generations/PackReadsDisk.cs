using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Disks;

namespace GatewayOS.Benchmarks.Generations;

/// <summary>What a restore read from packs.</summary>
/// <param name="Reads">Reads of packs.</param>
/// <param name="Seeks">Those that did not go on, within half a MiB, where the read before them ended, whatever the pack: what a disk's arm does.</param>
/// <param name="Bytes">Bytes read.</param>
/// <param name="Packs">Packs touched.</param>
internal sealed record PackReads(long Reads, long Seeks, long Bytes, int Packs);

/// <summary>A disk around another one that counts how packs are read. For a restore with one thread, whose reads have an order.</summary>
internal sealed class PackReadsDisk(IStoreDisk inner) : DiskDouble(inner)
{
    private const long NearBytes = 512 * 1024;

    private readonly HashSet<string> _packs = [];
    private readonly Lock _gate = new();
    private string _lastPack = "";
    private long _lastEnd;
    private long _reads;
    private long _seeks;
    private long _bytes;

    public PackReads Counted => new(_reads, _seeks, _bytes, _packs.Count);

    protected override IStoreFile Wrap(string path, IStoreFile file) => path.StartsWith("packs/", StringComparison.Ordinal) ? new CountingFile(this, path, file) : file;

    private void Count(string path, long offset, int bytes)
    {
        lock (_gate)
        {
            _packs.Add(path);
            _reads++;
            _bytes += bytes;
            _seeks += path == _lastPack && offset >= _lastEnd - NearBytes && offset <= _lastEnd + NearBytes ? 0 : 1;
            (_lastPack, _lastEnd) = (path, offset + bytes);
        }
    }

    private sealed class CountingFile(PackReadsDisk disk, string path, IStoreFile inner) : FileDouble(inner)
    {
        public override int ReadAt(Span<byte> buffer, long offsetBytes)
        {
            int read = Inner.ReadAt(buffer, offsetBytes);
            disk.Count(path, offsetBytes, read);
            return read;
        }
    }
}
