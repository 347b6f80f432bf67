using GatewayOS.Api;
using GatewayOS.Appliance.Catalogue;
using GatewayOS.Daemon.Hosting;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Looks things up across snapshots.</summary>
internal sealed class CatalogueService(ApplianceHost appliance, CatalogueFeed feed, DataWorkers workers) : Api.Catalogue.CatalogueBase
{
    private const int LimitDefault = 1000;

    public override async Task<FindReply> Find(FindRequest request, ServerCallContext context)
    {
        if (request.Pattern.Length is 0 or > CatalogueReader.PatternCharactersMax)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"A pattern has 1 to {CatalogueReader.PatternCharactersMax} characters."));
        }

        // A removed node's snapshots are found under its ID.
        string? node = request.Node.Length == 0 ? null : appliance.Registry.Find(request.Node)?.Id ?? request.Node;
        var query = new CatalogueQuery { Pattern = request.Pattern, NodeId = node, Limit = request.Limit == 0 ? LimitDefault : request.Limit };
        CatalogueResult result = await workers.RunAsync(() =>
        {
            using CatalogueReader reader = appliance.Catalogue.OpenReader();
            return reader.Find(query, feed.Pending, context.CancellationToken);
        }).ConfigureAwait(false);
        return Reply(result);
    }

    public override async Task<FindReply> ListVersions(ListVersionsRequest request, ServerCallContext context)
    {
        if (!request.Path.StartsWith('/'))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "The path is not absolute. Begin it with '/'; 'gatewayctl find' looks for names."));
        }

        string node = appliance.Registry.Find(request.Node)?.Id ?? request.Node;
        int limit = Math.Clamp(request.Limit == 0 ? LimitDefault : request.Limit, 1, CatalogueQuery.HitsMax);
        return Reply(await workers.RunAsync(() =>
        {
            using CatalogueReader reader = appliance.Catalogue.OpenReader();
            return reader.Versions(node, request.Path, limit, feed.Pending);
        }).ConfigureAwait(false));
    }

    private FindReply Reply(CatalogueResult result)
    {
        Dictionary<string, string> names = appliance.Registry.Nodes.ToDictionary(known => known.Id, known => known.Name, StringComparer.Ordinal);
        return new FindReply { Truncated = result.IsTruncated, PendingSnapshots = result.PendingSnapshots, Versions = { result.Hits.Select(hit => Version(hit, names)) } };
    }

    private static FoundVersion Version(CatalogueHit hit, Dictionary<string, string> names) => new()
    {
        NodeId = hit.NodeId,
        NodeName = names.GetValueOrDefault(hit.NodeId, ""),
        Path = hit.Path,
        Type = hit.Type.ToString().ToLowerInvariant(),
        SizeBytes = hit.SizeBytes,
        ModifiedNs = hit.ModifiedNs,
        FirstSnapshot = hit.FirstSnapshot,
        FirstUnixMs = hit.FirstTime.ToUnixTimeMilliseconds(),
        LastSnapshot = hit.LastSnapshot,
        LastUnixMs = hit.LastTime.ToUnixTimeMilliseconds(),
        Snapshots = hit.Snapshots,
        Current = hit.IsCurrent,
    };
}
