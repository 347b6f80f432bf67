namespace GatewayOS.Store.Storage;

/// <summary>Whole small files, replaced so that a crash leaves the old or the new content and never a part.</summary>
public static class DurableFile
{
    /// <summary>Largest file that <see cref="Read"/> takes: far above any config, key slot or snapshot record.</summary>
    public const int BytesMax = 256 * 1024 * 1024;

    /// <summary>Writes under a temporary name, syncs, renames, syncs the directory.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="owner">The session, whose death makes a left-over temporary file garbage.</param>
    /// <param name="path">The file.</param>
    /// <param name="content">Its new content.</param>
    public static void Replace(IStoreDisk disk, string owner, string path, ReadOnlySpan<byte> content)
    {
        ReplaceVia(disk, $"{StoreLayout.Temporary}/{owner}-{path[(path.LastIndexOf('/') + 1)..]}.new", path, content);
    }

    /// <summary>The same outside a store, where temporary files have no directory of their own.</summary>
    /// <param name="disk">The disk.</param>
    /// <param name="temporary">The temporary name; what a crash left under it is removed.</param>
    /// <param name="path">The file.</param>
    /// <param name="content">Its new content.</param>
    /// <exception cref="StoreIoException">It cannot be written; the old content stands.</exception>
    public static void ReplaceVia(IStoreDisk disk, string temporary, string path, ReadOnlySpan<byte> content)
    {
        using (IStoreFile file = CreateAnew(disk, temporary))
        {
            file.WriteAt(content, 0);
            file.Sync();
        }

        disk.Rename(temporary, path);
        int slash = path.LastIndexOf('/');
        disk.SyncDirectory(slash < 0 ? "" : path[..slash]);
    }

    /// <summary>Creates a file in the place of one that a crash may have left.</summary>
    public static IStoreFile CreateAnew(IStoreDisk disk, string path)
    {
        // Nearly always the name is free; asking first would cost a listing each time.
        try
        {
            return disk.Create(path);
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Exists)
        {
            disk.Delete(path);
            return disk.Create(path);
        }
    }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="StoreDamagedException">It is absurdly large.</exception>
    public static byte[] Read(IStoreDisk disk, string path)
    {
        using IStoreFile file = disk.OpenRead(path);
        long length = file.LengthBytes;
        if (length > BytesMax)
        {
            throw new StoreDamagedException(path, $"it is {length} bytes long, more than any such file can be");
        }

        byte[] content = new byte[length];
        int read = file.ReadAt(content, 0);
        return read == content.Length ? content : content[..read];
    }

    /// <summary>Deletes a file that may not be there.</summary>
    public static void DeleteIfPresent(IStoreDisk disk, string path)
    {
        try
        {
            disk.Delete(path);
        }
        catch (StoreIoException error) when (error.Failure == StoreIoFailure.Missing)
        {
        }
    }
}
