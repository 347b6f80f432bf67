using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Web.Endpoints;
using GatewayOS.Web.Overview;

namespace GatewayOS.Web.Contract;

/// <summary>The endpoints as an OpenAPI 3.1 document: what it says is what they are made from.</summary>
internal static class OpenApi
{
    private const string Json = "application/json";
    private const string Stream = "text/event-stream";

    /// <summary>Makes it.</summary>
    public static JsonObject Of(IReadOnlyList<WebEndpoint> endpoints)
    {
        var messages = new MessageSchemas();
        var documents = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal) { [nameof(ErrorDocument)] = DocumentSchemas.Of(WebJson.Default.ErrorDocument) };
        var paths = new JsonObject();
        foreach (IGrouping<string, WebEndpoint> path in endpoints.GroupBy(endpoint => endpoint.Path, StringComparer.Ordinal).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var item = new JsonObject();
            foreach (WebEndpoint endpoint in path)
            {
                item.Add(endpoint.Verb.ToLowerInvariant(), OperationOf(endpoint, messages, documents));
            }

            paths.Add(path.Key, item);
        }

        // The overview lists jobs as the gRPC method does.
        if (documents.GetValueOrDefault(nameof(OverviewDocument))?["properties"] is JsonObject overview)
        {
            overview["jobs"] = new JsonObject { ["type"] = "array", ["items"] = MessageSchemas.Ref("JobMessage") };
        }

        var schemas = new JsonObject();
        foreach ((string name, JsonObject schema) in messages.All.Concat(documents))
        {
            schemas.Add(name, schema);
        }

        return new JsonObject
        {
            ["openapi"] = "3.1.0",
            ["info"] = new JsonObject { ["title"] = "GatewayOS", ["version"] = "1", ["description"] = "What browsers may ask an appliance for. Values that are the default are absent from replies of gRPC methods." },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas, ["securitySchemes"] = new JsonObject { ["session"] = new JsonObject { ["type"] = "apiKey", ["in"] = "cookie", ["name"] = Sessions.SessionEndpoints.Cookie } } },
        };
    }

    private static JsonObject OperationOf(WebEndpoint endpoint, MessageSchemas messages, SortedDictionary<string, JsonObject> documents)
    {
        var operation = new JsonObject { ["summary"] = endpoint.Method is { } called ? $"{called.FullName}" : endpoint.Summary };
        if (!EndpointTable.IsOpen(endpoint))
        {
            operation["description"] = $"For: {RolesOf(endpoint)}.";
            operation["security"] = new JsonArray(new JsonObject { ["session"] = new JsonArray() });
        }

        if (endpoint.Query.Count > 0)
        {
            operation["parameters"] = new JsonArray([.. endpoint.Query.Select(ParameterOf)]);
        }

        (JsonObject? request, JsonObject? response) = endpoint.Method is { } method
            ? (messages.RefOf(method.InputType), messages.RefOf(method.OutputType))
            : (RefOf(endpoint.Request, documents), RefOf(endpoint.Response, documents));
        if (request is not null)
        {
            operation["requestBody"] = new JsonObject { ["required"] = true, ["content"] = Content(Json, request) };
        }

        string media = endpoint.MediaType ?? (endpoint.Method is { IsServerStreaming: true } ? Stream : Json);
        JsonObject good = response is null && endpoint.MediaType is null ? new JsonObject { ["description"] = "Done." } : new JsonObject { ["description"] = "Good.", ["content"] = Content(media, response ?? []) };
        operation["responses"] = new JsonObject
        {
            [response is null && endpoint.MediaType is null ? "204" : "200"] = good,
            ["default"] = new JsonObject { ["description"] = "It was not done.", ["content"] = Content(Json, MessageSchemas.Ref(nameof(ErrorDocument))) },
        };
        return operation;
    }

    private static string RolesOf(WebEndpoint endpoint)
    {
        Callers callers = AccessTable.Of(endpoint.Access).Callers;
        return string.Join(", ", Enum.GetValues<Role>().Where(role => (callers & role.AsCaller()) != Callers.None).Select(role => role.ToText()));
    }

    private static JsonNode ParameterOf(string name) => new JsonObject
    {
        ["name"] = name.TrimEnd('?'),
        ["in"] = "query",
        ["required"] = !name.EndsWith('?'),
        ["schema"] = new JsonObject { ["type"] = "string" },
    };

    private static JsonObject? RefOf(JsonTypeInfo? type, SortedDictionary<string, JsonObject> documents)
    {
        if (type is null)
        {
            return null;
        }

        documents.TryAdd(type.Type.Name, DocumentSchemas.Of(type));
        return MessageSchemas.Ref(type.Type.Name);
    }

    private static JsonObject Content(string media, JsonObject schema) => new() { [media] = new JsonObject { ["schema"] = schema } };
}
