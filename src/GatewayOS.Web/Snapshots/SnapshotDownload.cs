using GatewayOS.Appliance.Ingest;
using GatewayOS.Store.Reading;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.Web.Endpoints;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace GatewayOS.Web.Snapshots;

/// <summary>
/// Gives a file, or a folder as an archive, out of a snapshot. Each download has a thread of its own for as long as the browser takes, so a slow one keeps
/// nobody waiting; and what cannot be read whole is broken off, never ended as if it were.
/// </summary>
internal sealed class SnapshotDownload(WebAppliance appliance) : IDisposable
{
    /// <summary>Most downloads at once.</summary>
    public const int DownloadsMax = 4;

    private readonly SemaphoreSlim _slots = new(DownloadsMax);

    /// <summary>Sends it.</summary>
    public async Task SendAsync(HttpContext http, CallerSession caller)
    {
        string id = SnapshotBrowser.Query(http, "snapshot");
        IReadOnlyList<byte[]> path = SnapshotBrowser.PathOf(http);
        bool asZip = SnapshotBrowser.Query(http, "as") switch
        {
            "zip" => true,
            "file" => false,
            string other => throw WebErrorException.BadForm(StatusCodes.Status400BadRequest, $"'{other}' is neither 'file' nor 'zip'."),
        };
        if (!await _slots.WaitAsync(TimeSpan.Zero, http.RequestAborted).ConfigureAwait(false))
        {
            throw new WebErrorException(StatusCodes.Status429TooManyRequests, new ErrorDocument("RESOURCE_EXHAUSTED", $"{DownloadsMax} downloads run already, which is the most. Wait for one of them, or restore to a node.", RetryAfterSeconds: 10));
        }

        try
        {
            using CancellationTokenSource end = caller.Link(http.RequestAborted);
            await OnOwnThreadAsync(() => Send(http, id, path, asZip, end.Token)).ConfigureAwait(false);
        }
        finally
        {
            _slots.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    private static Task OnOwnThreadAsync(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        })
        { Name = "download", IsBackground = true }.Start();
        return done.Task;
    }

    private void Send(HttpContext http, string id, IReadOnlyList<byte[]> path, bool asZip, CancellationToken end)
    {
        using StoreLease lease = appliance.Store.Lease();
        using ContentReader reader = lease.Store.OpenReader();
        SnapshotRecord snapshot = SnapshotBrowser.Find(lease.Store, id);
        TreeNode node = SnapshotBrowser.Node(reader, snapshot, path);
        http.Features.GetRequiredFeature<IHttpBodyControlFeature>().AllowSynchronousIO = true;
        string name = path.Count > 0 ? FolderArchive.Text(node.Name) : $"snapshot-{snapshot.ShortId}";
        try
        {
            if (asZip)
            {
                SendArchive(http, reader, node, name, end);
            }
            else
            {
                SendFile(http, reader, node, name, end);
            }
        }
        catch (StoreDamagedException error) when (http.Response.HasStarted)
        {
            appliance.Warn($"A download of '{ByteName.Escape(node.Name)}' of the restore point {snapshot.ShortId} was broken off: {error.Message}");
            throw;
        }
    }

    private static void SendArchive(HttpContext http, ContentReader reader, TreeNode node, string name, CancellationToken end)
    {
        if (node.Type != NodeType.Directory)
        {
            throw Refuse("Only a folder is given as an archive: ask for the file.");
        }

        // Before anything is sent: an archive cannot be taken back.
        FolderArchive.RefuseIfTooMany(reader, node, end);
        Begin(http, "application/zip", $"{name}.zip");
        FolderArchive.Write(http.Response.Body, reader, node, end);
    }

    private static void SendFile(HttpContext http, ContentReader reader, TreeNode node, string name, CancellationToken end)
    {
        if (node.Type != NodeType.File)
        {
            throw Refuse(node.Type == NodeType.Directory ? "That is a folder: ask for it as an archive." : "That is no file, and has no content to download.");
        }

        FileContent.RefuseIfLost(reader, node);
        Begin(http, "application/octet-stream", name);
        http.Response.ContentLength = node.Content.LengthBytes;
        FileContent.Write(http.Response.Body, reader, node, end);
    }

    private static void Begin(HttpContext http, string type, string name)
    {
        http.Response.ContentType = type;
        http.Response.Headers.CacheControl = "no-store";
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(name);
        http.Response.Headers.ContentDisposition = disposition.ToString();
    }

    private static WebErrorException Refuse(string why) => new(StatusCodes.Status409Conflict, new ErrorDocument("FAILED_PRECONDITION", why));
}
