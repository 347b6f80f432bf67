using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace GatewayOS.Web.Contract;

/// <summary>The contract as types for the page: made from the OpenAPI document, so there is one truth.</summary>
internal static class TypeScriptTypes
{
    private const string SchemaPrefix = "#/components/schemas/";
    private const string Head =
        """
        // Made from the contract by tests/GatewayOS.Web.Tests; do not edit. A test fails when this is not what the contract gives.


        """;

    /// <summary>Makes them.</summary>
    public static string Of(JsonObject openApi)
    {
        var text = new StringBuilder(Head);
        foreach ((string name, JsonNode? schema) in openApi["components"]!["schemas"]!.AsObject())
        {
            AppendSchema(text, name, schema!.AsObject());
        }

        AppendMethods(text, openApi["paths"]!.AsObject());
        return text.ToString();
    }

    private static void AppendSchema(StringBuilder text, string name, JsonObject schema)
    {
        string type = TypeOf(schema, 0);
        text.Append(type.StartsWith('{') ? $"export interface {name} {type}\n\n" : $"export type {name} = {type};\n\n");
    }

    // Methods of services: what goes in, what comes out, and whether it streams.
    private static void AppendMethods(StringBuilder text, JsonObject paths)
    {
        text.Append("/** The services' methods, for POST /api/v1/<name>. */\nexport interface Methods {\n");
        foreach ((string path, JsonNode? item) in paths.Where(path => path.Key.Contains('.', StringComparison.Ordinal) && path.Key.Count(one => one == '/') == 4))
        {
            JsonNode post = item!["post"]!;
            JsonObject content = post["responses"]!["200"]!["content"]!.AsObject();
            bool streams = content.ContainsKey("text/event-stream");
            string request = TypeOf(post["requestBody"]!["content"]!["application/json"]!["schema"]!.AsObject(), 0);
            string reply = TypeOf(content.First().Value!["schema"]!.AsObject(), 0);
            text.Append(CultureInfo.InvariantCulture, $"  '{path["/api/v1/".Length..]}': {{ request: {request}; reply: {reply}; streams: {(streams ? "true" : "false")} }};\n");
        }

        text.Append("}\n");
    }

    private static string TypeOf(JsonObject schema, int depth)
    {
        if ((string?)schema["$ref"] is { } reference)
        {
            return reference[SchemaPrefix.Length..];
        }

        if (schema["enum"] is JsonArray values)
        {
            return string.Join(" | ", values.Select(value => $"'{(string)value!}'"));
        }

        if (schema["properties"] is JsonObject { Count: > 0 } properties)
        {
            return ObjectOf(properties, schema["required"] as JsonArray, depth);
        }

        return (schema["type"] is JsonArray several ? (string?)several[^1] : (string?)schema["type"]) switch
        {
            "string" => "string",
            "integer" or "number" => "number",
            "boolean" => "boolean",
            "array" => Array(TypeOf(schema["items"] as JsonObject ?? [], depth)),
            "object" when schema["additionalProperties"] is JsonObject value => $"Record<string, {TypeOf(value, depth)}>",
            "object" => "Record<string, never>",
            _ => "unknown",
        };
    }

    private static string Array(string item) => item.Contains(' ', StringComparison.Ordinal) && !item.StartsWith('{') ? $"({item})[]" : $"{item}[]";

    private static string ObjectOf(JsonObject properties, JsonArray? required, int depth)
    {
        string indent = new(' ', 2 * (depth + 1));
        var text = new StringBuilder("{\n");
        foreach ((string name, JsonNode? property) in properties)
        {
            bool isThere = required?.Any(one => (string?)one == name) ?? false;
            text.Append(CultureInfo.InvariantCulture, $"{indent}{name}{(isThere ? "" : "?")}: {TypeOf(property as JsonObject ?? [], depth + 1)};\n");
        }

        return text.Append(indent[2..]).Append('}').ToString();
    }
}
