using System.Security.Cryptography;

namespace GatewayOS.Store.Storage;

/// <summary>
/// Removes files so that what was in them is gone: overwritten where they lie, synced, given back to the disk as unused (fallocate(2), FALLOC_FL_PUNCH_HOLE, which file
/// systems mounted with discard pass on), then deleted.
/// </summary>
/// <remarks>An SSD may keep old copies of a block that nobody can address any more; against who takes one apart only encryption under a key elsewhere helps.</remarks>
public static class FileWipe
{
    /// <summary>Longer files are deleted without overwriting, in bytes: no key is that long.</summary>
    public const long BytesMax = 16 * 1024 * 1024;

    private const int PieceBytes = 64 * 1024;

    /// <summary>Removes a file; a link itself and not what it points to.</summary>
    /// <exception cref="IOException">It cannot be overwritten or deleted.</exception>
    public static void Remove(string path)
    {
        var file = new FileInfo(path);
        if (file.LinkTarget is null && file is { Exists: true, Length: > 0 and <= BytesMax })
        {
            Overwrite(path, file.Length);
        }

        File.Delete(path);
    }

    /// <summary>Removes a file of a disk. It is gone for good when this returns.</summary>
    /// <exception cref="StoreIoException">It cannot be overwritten or deleted.</exception>
    public static void Remove(IStoreDisk disk, string path)
    {
        using (IStoreFile file = disk.OpenWrite(path))
        {
            long bytes = Math.Min(file.LengthBytes, BytesMax);
            byte[] noise = new byte[PieceBytes];
            for (long at = 0; at < bytes; at += noise.Length)
            {
                RandomNumberGenerator.Fill(noise);
                file.WriteAt(noise.AsSpan(0, (int)Math.Min(noise.Length, bytes - at)), at);
            }

            file.Sync();
            file.Discard(0, bytes);
            file.Sync();
        }

        disk.Delete(path);
        int slash = path.LastIndexOf('/');
        disk.SyncDirectory(slash < 0 ? "" : path[..slash]);
    }

    /// <summary>Removes a directory with all that is in it.</summary>
    /// <param name="path">The directory; one that is not there is removed already.</param>
    /// <param name="except">Name of a file right in it that stays, and the directory with it; null for none.</param>
    /// <exception cref="IOException">Something cannot be overwritten or deleted.</exception>
    public static void RemoveTree(string path, string? except = null)
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        foreach (string entry in Directory.EnumerateFileSystemEntries(path))
        {
            bool isDirectory = Directory.Exists(entry) && new DirectoryInfo(entry).LinkTarget is null;
            if (isDirectory)
            {
                RemoveTree(entry);
            }
            else if (except is null || Path.GetFileName(entry) != except)
            {
                Remove(entry);
            }
        }

        if (except is null)
        {
            Directory.Delete(path);
        }
    }

    private static void Overwrite(string path, long bytes)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        byte[] noise = new byte[PieceBytes];
        for (long at = 0; at < bytes; at += noise.Length)
        {
            RandomNumberGenerator.Fill(noise);
            file.Write(noise.AsSpan(0, (int)Math.Min(noise.Length, bytes - at)));
        }

        file.Flush(flushToDisk: true);
        if (Libc.Allocate(file.SafeFileHandle, Libc.PunchHole, 0, bytes) == 0)
        {
            // Not every file system can; what was there is overwritten all the same.
            file.Flush(flushToDisk: true);
        }
    }
}
