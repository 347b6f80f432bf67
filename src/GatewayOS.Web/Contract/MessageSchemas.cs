using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;

namespace GatewayOS.Web.Contract;

/// <summary>JSON schemas of protobuf messages in their JSON form (protobuf.dev, "ProtoJSON format"): each under its name, and everything they are made of.</summary>
internal sealed class MessageSchemas
{
    private readonly SortedDictionary<string, JsonObject> _schemas = new(StringComparer.Ordinal);

    /// <summary>The schemas so far, by name.</summary>
    public IReadOnlyDictionary<string, JsonObject> All => _schemas;

    /// <summary>A reference to a message's schema, which is added.</summary>
    public JsonObject RefOf(MessageDescriptor message)
    {
        string name = NameOf(message);
        if (!_schemas.ContainsKey(name))
        {
            var properties = new JsonObject();

            // Known before its fields are: a message may hold itself.
            _schemas.Add(name, new JsonObject { ["type"] = "object", ["properties"] = properties });
            foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
            {
                properties.Add(field.JsonName, SchemaOf(field));
            }
        }

        return Ref(name);
    }

    /// <summary>A reference to a schema.</summary>
    public static JsonObject Ref(string name) => new() { ["$ref"] = $"#/components/schemas/{name}" };

    private static string NameOf(MessageDescriptor message) => message.ContainingType is { } outer ? $"{NameOf(outer)}{message.Name}" : message.Name;

    private JsonObject SchemaOf(FieldDescriptor field)
    {
        if (field.IsMap)
        {
            return new JsonObject { ["type"] = "object", ["additionalProperties"] = SchemaOf(field.MessageType.FindFieldByNumber(2)) };
        }

        JsonObject one = field.FieldType switch
        {
            FieldType.Double or FieldType.Float => new JsonObject { ["type"] = "number" },
            FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => new JsonObject { ["type"] = "string", ["format"] = "int64" },
            FieldType.UInt64 or FieldType.Fixed64 => new JsonObject { ["type"] = "string", ["format"] = "uint64" },
            FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 or FieldType.UInt32 or FieldType.Fixed32 => new JsonObject { ["type"] = "integer" },
            FieldType.Bool => new JsonObject { ["type"] = "boolean" },
            FieldType.Bytes => new JsonObject { ["type"] = "string", ["format"] = "byte" },
            FieldType.Enum => RefOf(field.EnumType),
            FieldType.Message => RefOf(field.MessageType),
            _ => new JsonObject { ["type"] = "string" },
        };
        return field.IsRepeated ? new JsonObject { ["type"] = "array", ["items"] = one } : one;
    }

    private JsonObject RefOf(EnumDescriptor type)
    {
        string name = type.ContainingType is { } outer ? $"{NameOf(outer)}{type.Name}" : type.Name;
        _schemas.TryAdd(name, new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. type.Values.Select(value => (JsonNode?)value.Name)]) });
        return Ref(name);
    }
}
