using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;

namespace GatewayOS.Web.Contract;

/// <summary>JSON schemas of the page's own documents, from what writes and reads them.</summary>
internal static class DocumentSchemas
{
    private static readonly JsonSchemaExporterOptions s_options = new() { TreatNullObliviousAsNonNullable = true };

    /// <summary>The schema of a document. What may be null is absent instead, and the rest is always there.</summary>
    public static JsonObject Of(JsonTypeInfo type)
    {
        var schema = (JsonObject)type.GetJsonSchemaAsNode(s_options);
        Absent(schema);
        return schema;
    }

    private static void Absent(JsonNode? node)
    {
        if (node is not JsonObject schema)
        {
            return;
        }

        if (schema["properties"] is JsonObject properties)
        {
            var required = new JsonArray();
            foreach ((string name, JsonNode? property) in properties)
            {
                if (property is not JsonObject one || !TakeNull(one))
                {
                    required.Add((JsonNode?)name);
                }

                Absent(property);
            }

            schema["required"] = required;
        }

        Absent(schema["items"]);
    }

    // True when it could be null.
    private static bool TakeNull(JsonObject property)
    {
        property.Remove("default");
        if (property["type"] is not JsonArray types)
        {
            return false;
        }

        string[] others = [.. types.Select(type => (string)type!).Where(type => type != "null")];
        property["type"] = others.Length == 1 ? others[0] : new JsonArray([.. others.Select(type => (JsonNode?)type)]);
        return others.Length < types.Count;
    }
}
