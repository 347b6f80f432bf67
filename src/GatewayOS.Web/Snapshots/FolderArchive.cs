using System.IO.Compression;
using System.Text;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.Web.Endpoints;

namespace GatewayOS.Web.Snapshots;

/// <summary>
/// Writes a folder of a snapshot as a ZIP archive (PKWARE APPNOTE 6.3.3, with ZIP64 where sizes need it), as a stream: in memory are a chunk and the archive's
/// directory, some hundred bytes an entry. Folders, files and symbolic links with their modes and times; devices, pipes and sockets have no content and are left out.
/// </summary>
internal static class FolderArchive
{
    /// <summary>Most entries of an archive.</summary>
    public const int EntriesMax = 100_000;

    private const uint TypeFile = 0x8000;
    private const uint TypeDirectory = 0x4000;
    private const uint TypeLink = 0xa000;
    private const int UnixModeShift = 16;

    // What ZIP can say (MS-DOS dates).
    private static readonly DateTimeOffset s_timeMin = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset s_timeMax = new(2107, 12, 31, 23, 59, 58, TimeSpan.Zero);
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Refuses a folder with too many entries.</summary>
    /// <exception cref="WebErrorException">It has.</exception>
    public static void RefuseIfTooMany(ContentReader reader, TreeNode folder, CancellationToken end)
    {
        if (Walk(reader, folder, end).Skip(EntriesMax).Any())
        {
            throw new WebErrorException(StatusCodes.Status409Conflict, new ErrorDocument("FAILED_PRECONDITION", $"The folder has more than {EntriesMax} entries, which are the most in an archive. Choose a folder below it, or restore to a node."));
        }
    }

    /// <summary>Writes the archive.</summary>
    /// <exception cref="StoreDamagedException">Something of it is missing or damaged: the archive is not whole.</exception>
    public static void Write(Stream to, ContentReader reader, TreeNode folder, CancellationToken end)
    {
        // Not disposed of after a failure: that would write the end of an archive that has none.
        var archive = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true);
        foreach ((string path, TreeNode node) in Walk(reader, folder, end))
        {
            switch (node.Type)
            {
                case NodeType.Directory:
                    Add(archive, path + "/", TypeDirectory, node);
                    break;
                case NodeType.Symlink:
                    using (Stream link = Add(archive, path, TypeLink, node).Open())
                    {
                        link.Write(node.LinkTarget);
                    }

                    break;
                case NodeType.File:
                    WriteFile(archive, path, reader, node, end);
                    break;
                default:
                    break;
            }
        }

        archive.Dispose();
    }

    /// <summary>A name as text: as it is when it is UTF-8, else escaped.</summary>
    public static string Text(byte[] name)
    {
        try
        {
            return s_utf8.GetString(name);
        }
        catch (ArgumentException)
        {
            return ByteName.Escape(name);
        }
    }

    /// <summary>An entry's name as text. A node that lies about its names must not write elsewhere on the machine where the archive is unpacked.</summary>
    /// <exception cref="StoreDamagedException">It is no name of a file.</exception>
    public static string NameOf(TreeNode node) => node.Name.Length > 0 && !node.Name.AsSpan().ContainsAny((byte)'/', (byte)0) && !node.Name.AsSpan().SequenceEqual("."u8) && !node.Name.AsSpan().SequenceEqual(".."u8)
        ? Text(node.Name)
        : throw new StoreDamagedException(ByteName.Escape(node.Name), $"An entry is called '{ByteName.Escape(node.Name)}', which is no name of a file.");

    private static void WriteFile(ZipArchive archive, string path, ContentReader reader, TreeNode node, CancellationToken end)
    {
        Stream content = Add(archive, path, TypeFile, node).Open();
        FileContent.Write(content, reader, node, end);
        content.Dispose();
    }

    private static ZipArchiveEntry Add(ZipArchive archive, string path, uint type, TreeNode node)
    {
        ZipArchiveEntry entry = archive.CreateEntry(path, CompressionLevel.Fastest);
        DateTimeOffset modified = DateTimeOffset.UnixEpoch.AddTicks(node.ModifiedNs / TimeSpan.NanosecondsPerTick);
        entry.LastWriteTime = modified < s_timeMin ? s_timeMin : modified > s_timeMax ? s_timeMax : modified;
        entry.ExternalAttributes = (int)((type | node.Mode) << UnixModeShift);
        return entry;
    }

    // Everything below a folder, each directory before what is in it, with its path from the folder. No recursion: any depth works.
    private static IEnumerable<(string Path, TreeNode Node)> Walk(ContentReader reader, TreeNode folder, CancellationToken end)
    {
        var pending = new Stack<(string Path, ContentRef Content)>();
        pending.Push(("", folder.Content));
        while (pending.TryPop(out (string Path, ContentRef Content) directory))
        {
            end.ThrowIfCancellationRequested();
            foreach (TreeNode node in reader.Entries(directory.Content))
            {
                string path = directory.Path + NameOf(node);
                yield return (path, node);
                if (node.Type == NodeType.Directory)
                {
                    pending.Push((path + "/", node.Content));
                }
            }
        }
    }
}
