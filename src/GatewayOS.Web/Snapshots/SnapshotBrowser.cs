using System.Buffers.Text;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Backup.Files;
using GatewayOS.Store;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Trees;
using GatewayOS.Web.Endpoints;
using GatewayOS.Web.Transcoding;
using Grpc.Core;

namespace GatewayOS.Web.Snapshots;

/// <summary>Looks into snapshots, a directory at a time. A path is names in the tree of a snapshot and nothing else: there is no way out of it.</summary>
internal sealed class SnapshotBrowser(WebAppliance appliance)
{
    /// <summary>Most entries in an answer.</summary>
    public const int EntriesMax = 1000;

    /// <summary>Longest path, in bytes: above what Linux takes in one call.</summary>
    public const int PathBytesMax = 16 * 1024;

    /// <summary>Lists a part of a directory.</summary>
    public async Task BrowseAsync(HttpContext http, CallerSession caller)
    {
        string id = Query(http, "snapshot");
        IReadOnlyList<byte[]> path = PathOf(http);
        byte[]? after = http.Request.Query["after64"].Count > 0 ? Decode(Query(http, "after64")) : null;
        BrowseDocument document = await OnWorkerAsync(http, end =>
        {
            using StoreLease lease = appliance.Store.Lease();
            using ContentReader reader = lease.Store.OpenReader();
            TreeNode directory = Directory(reader, Find(lease.Store, id), path);
            TreeNode[] found = [.. Until(reader.Entries(directory.Content), end).Where(node => after is null || node.Name.AsSpan().SequenceCompareTo(after) > 0).Take(EntriesMax + 1)];
            return new BrowseDocument([.. found.Take(EntriesMax).Select(Entry)], found.Length > EntriesMax ? Encode(found[EntriesMax - 1].Name) : null);
        }).ConfigureAwait(false);
        await Answers.WriteAsync(http, document, WebJson.Default.BrowseDocument).ConfigureAwait(false);
    }

    /// <summary>Compares a directory of two snapshots; a directory within it differs when anything below does.</summary>
    public async Task CompareAsync(HttpContext http, CallerSession caller)
    {
        (string left, string right) = (Query(http, "left"), Query(http, "right"));
        IReadOnlyList<byte[]> path = PathOf(http);
        CompareDocument document = await OnWorkerAsync(http, end =>
        {
            using StoreLease lease = appliance.Store.Lease();
            using ContentReader reader = lease.Store.OpenReader();
            (SnapshotRecord before, SnapshotRecord after) = (Find(lease.Store, left), Find(lease.Store, right));

            // What is in one of them only, differs from nothing.
            ContentRef old = reader.FindPath(before, path) is { Type: NodeType.Directory } one ? one.Content : ContentRef.Empty;
            ContentRef now = reader.FindPath(after, path) is { Type: NodeType.Directory } other ? other.Content : ContentRef.Empty;
            DirectoryDifference[] found = [.. Until(SnapshotDiff.CompareDirectory(reader, old, now), end).Take(EntriesMax + 1)];
            return new CompareDocument([.. found.Take(EntriesMax).Select(Entry)], found.Length > EntriesMax);
        }).ConfigureAwait(false);
        await Answers.WriteAsync(http, document, WebJson.Default.CompareDocument).ConfigureAwait(false);
    }

    /// <summary>A parameter of a request.</summary>
    /// <exception cref="WebErrorException">It is missing or there are several.</exception>
    public static string Query(HttpContext http, string name) => http.Request.Query[name] is [{ Length: > 0 } only]
        ? only
        : throw WebErrorException.BadForm(StatusCodes.Status400BadRequest, $"The parameter '{name}' is missing, or there are several.");

    /// <summary>The path a request is about: the names from the root.</summary>
    /// <exception cref="WebErrorException">It is no path.</exception>
    public static IReadOnlyList<byte[]> PathOf(HttpContext http)
    {
        if (http.Request.Query["path64"].Count == 0)
        {
            return [];
        }

        byte[] path = Decode(Query(http, "path64"));
        if (path.Length > PathBytesMax)
        {
            throw WebErrorException.BadForm(StatusCodes.Status400BadRequest, $"The path is longer than {PathBytesMax} bytes.");
        }

        return ByteName.Split(path);
    }

    /// <summary>What a request is about, for the record of it.</summary>
    public static string TargetOf(HttpContext http)
    {
        try
        {
            return $"snapshot:{http.Request.Query["snapshot"]} path:/{string.Join('/', PathOf(http).Select(name => ByteName.Escape(name)))}";
        }
        catch (WebErrorException)
        {
            // Whoever asks hears what is wrong once it is known who that is.
            return "";
        }
    }

    /// <summary>Finds a snapshot by its ID, or a beginning of it that is unique.</summary>
    /// <exception cref="RpcException">There is none, or several.</exception>
    public static SnapshotRecord Find(BackupStore store, string id)
    {
        SnapshotRecord[] found = [.. store.KnownSnapshots().Where(record => record.Id.StartsWith(id, StringComparison.OrdinalIgnoreCase)).Take(2)];
        return found.Length == 1 ? found[0] : throw new RpcException(new Status(StatusCode.NotFound, "There is no such restore point, or more than one whose ID begins like this."));
    }

    /// <summary>Finds an entry.</summary>
    /// <exception cref="RpcException">There is none.</exception>
    public static TreeNode Node(ContentReader reader, SnapshotRecord snapshot, IReadOnlyList<byte[]> path) =>
        reader.FindPath(snapshot, path) ?? throw new RpcException(new Status(StatusCode.NotFound, $"The restore point {snapshot.ShortId} has no /{string.Join('/', path.Select(name => ByteName.Escape(name)))}."));

    private static IEnumerable<T> Until<T>(IEnumerable<T> items, CancellationToken end) => items.Select(item =>
    {
        end.ThrowIfCancellationRequested();
        return item;
    });

    private static TreeNode Directory(ContentReader reader, SnapshotRecord snapshot, IReadOnlyList<byte[]> path) => Node(reader, snapshot, path) is { Type: NodeType.Directory } directory
        ? directory
        : throw new RpcException(new Status(StatusCode.FailedPrecondition, "That is no directory."));

    private static BrowseEntry Entry(TreeNode node) => new(
        Encode(node.Name),
        ByteName.Escape(node.Name),
        Word(node.Type),
        node.Type == NodeType.File ? node.SizeBytes : null,
        node.ModifiedNs / 1_000_000,
        node.Mode,
        node.Type == NodeType.Symlink ? ByteName.Escape(node.LinkTarget) : null,
        node.Flags.HasFlag(NodeFlags.Incomplete));

    private static CompareEntry Entry(DirectoryDifference difference) => new(
        Encode((difference.After ?? difference.Before)!.Name),
        ByteName.Escape((difference.After ?? difference.Before)!.Name),
        difference.Before is null ? "added" : difference.After is null ? "removed" : "changed",
        Word((difference.After ?? difference.Before)!.Type),
        difference.Before is { Type: NodeType.File } left ? left.SizeBytes : null,
        difference.After is { Type: NodeType.File } right ? right.SizeBytes : null);

    private static string Word(NodeType type) => type switch
    {
        NodeType.CharacterDevice => "character-device",
        NodeType.BlockDevice => "block-device",
        _ => type.ToString().ToLowerInvariant(),
    };

    private static string Encode(byte[] name) => Base64Url.EncodeToString(name);

    private static byte[] Decode(string text)
    {
        try
        {
            return Base64Url.DecodeFromChars(text);
        }
        catch (FormatException)
        {
            throw WebErrorException.BadForm(StatusCodes.Status400BadRequest, "A path or name is no base64url.");
        }
    }

    // Whoever has gone away, or asked for more than can be read in time, is not read on for.
    private async Task<T> OnWorkerAsync<T>(HttpContext http, Func<CancellationToken, T> work)
    {
        using var late = new CancellationTokenSource(ServiceTranscoder.CallTimeMax, appliance.Time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(late.Token, http.RequestAborted);
        CancellationToken token = end.Token;
        return await appliance.Workers.RunAsync(() => work(token)).ConfigureAwait(false);
    }
}
