using System.Text;
using System.Text.Json;
using Json.Pointer;
using Json.Schema;

namespace GatewayOS.Hardware.Profiles;

/// <summary>Checks a document against the published schema: fields, types, ranges.</summary>
public static class ProfileSchema
{
    /// <summary>The schema, as it is published.</summary>
    public static string Text { get; } = Read();

    private static readonly Lazy<(JsonSchema Schema, JsonElement Root)> s_schema = new(static () => (JsonSchema.FromText(Text), JsonDocument.Parse(Text).RootElement));

    /// <summary>Checks a document.</summary>
    /// <returns>Everything that is wrong.</returns>
    internal static IReadOnlyList<ProfileError> Check(JsonElement document)
    {
        EvaluationResults results = s_schema.Value.Schema.Evaluate(document, new EvaluationOptions { OutputFormat = OutputFormat.List });
        if (results.IsValid)
        {
            return [];
        }

        var errors = new List<ProfileError>();
        foreach (EvaluationResults place in (IEnumerable<EvaluationResults>)[results, .. results.Details ?? []])
        {
            foreach ((string keyword, string message) in place.Errors ?? [])
            {
                errors.Add(Error(place.InstanceLocation, keyword, message));
            }
        }

        return [.. errors.Distinct()];
    }

    private static ProfileError Error(JsonPointer at, string keyword, string message)
    {
        // A schema that is plain 'false' has no keyword: that is what stands where no field is.
        if (keyword.Length == 0)
        {
            return new ProfileError(PathOf(at), "There is no such field.", "Leave it out, or correct its name.");
        }

        string problem = message.EndsWith('.') ? message : message + ".";
        return new ProfileError(PathOf(at), problem, DescriptionAt(at) is { } description ? $"Write: {char.ToLowerInvariant(description[0])}{description[1..]}." : "hw-profiles/schema.json says what belongs here.");
    }

    // limits.nodes, storage.bays[2].no
    private static string PathOf(JsonPointer at)
    {
        var path = new StringBuilder();
        foreach (string segment in Segments(at))
        {
            path.Append(int.TryParse(segment, out _) ? $"[{segment}]" : path.Length == 0 ? segment : "." + segment);
        }

        return path.ToString();
    }

    private static string? DescriptionAt(JsonPointer at)
    {
        JsonElement node = s_schema.Value.Root;
        string? description = null;
        foreach (string segment in Segments(at))
        {
            if (Child(node, segment) is not { } child)
            {
                return description;
            }

            (node, description) = child;
        }

        return description;
    }

    private static (JsonElement Node, string? Description)? Child(JsonElement node, string segment)
    {
        JsonElement child = default;
        bool found = (node.TryGetProperty("properties", out JsonElement properties) && properties.TryGetProperty(segment, out child))
            || node.TryGetProperty("items", out child)
            || (node.TryGetProperty("additionalProperties", out child) && child.ValueKind == JsonValueKind.Object);
        if (!found)
        {
            return null;
        }

        string? description = child.TryGetProperty("description", out JsonElement own) ? own.GetString() : null;
        if (child.TryGetProperty("$ref", out JsonElement reference))
        {
            child = s_schema.Value.Root.GetProperty("$defs").GetProperty(reference.GetString()!["#/$defs/".Length..]);
            description ??= child.GetProperty("description").GetString();
        }

        return (child, description);
    }

    private static IEnumerable<string> Segments(JsonPointer at) =>
        at.ToString().Split('/', StringSplitOptions.RemoveEmptyEntries).Select(segment => segment.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal));

    private static string Read()
    {
        using Stream stream = typeof(ProfileSchema).Assembly.GetManifestResourceStream("profile-schema")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
