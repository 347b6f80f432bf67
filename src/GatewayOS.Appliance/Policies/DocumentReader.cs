using System.Text.Json;

namespace GatewayOS.Appliance.Policies;

/// <summary>
/// Reads an object of a document field by field. What is wrong is noted, and reading goes on: all errors come up at once, unknown fields
/// included.
/// </summary>
/// <param name="element">The object.</param>
/// <param name="path">Its path in the document, with a dot behind it; empty for the document itself.</param>
/// <param name="errors">Gets the errors.</param>
internal sealed class DocumentReader(JsonElement element, string path, List<PolicyError> errors)
{
    private readonly List<string> _known = [];

    /// <summary>Notes an error.</summary>
    public void Wrong(string field, string problem, string remedy) => errors.Add(new PolicyError(path + field, problem, remedy));

    public string? Text(string field) => Find(field, JsonValueKind.String, "a text in double quotes")?.GetString();

    public bool? Flag(string field)
    {
        JsonElement? found = Find(field, JsonValueKind.True, "true or false", JsonValueKind.False);
        return found?.GetBoolean();
    }

    /// <summary>A whole number within bounds.</summary>
    public long? Number(string field, long min, long max)
    {
        if (Find(field, JsonValueKind.Number, $"a whole number of {min} to {max}") is not { } found)
        {
            return null;
        }

        if (found.TryGetInt64(out long number) && number >= min && number <= max)
        {
            return number;
        }

        Wrong(field, $"{found.GetRawText()} is out of range.", $"Write a whole number of {min} to {max}.");
        return null;
    }

    public IReadOnlyList<string> Texts(string field)
    {
        if (Find(field, JsonValueKind.Array, "a list of texts, as [\"one\", \"two\"]") is not { } found)
        {
            return [];
        }

        var texts = new List<string>();
        foreach (JsonElement item in found.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.String && item.GetString() is { Length: > 0 } text && !text.Contains('\0', StringComparison.Ordinal))
            {
                texts.Add(text);
            }
            else
            {
                Wrong($"{field}[{texts.Count}]", $"{item.GetRawText()} is not a text, or is empty.", "Write a text in double quotes.");
            }
        }

        return texts;
    }

    public DocumentReader? Object(string field) => Find(field, JsonValueKind.Object, "an object in braces") is { } found ? new DocumentReader(found, $"{path}{field}.", errors) : null;

    /// <summary>A value that a function reads from a text.</summary>
    public T? Parsed<T>(string field, TryParse<T> parse, string what, string remedy)
        where T : struct
    {
        if (Text(field) is not { } text)
        {
            return null;
        }

        if (parse(text, out T value))
        {
            return value;
        }

        Wrong(field, $"'{text}' is {what}.", remedy);
        return null;
    }

    /// <summary>One of several words.</summary>
    public T? Word<T>(string field, params (string Word, T Value)[] words)
        where T : struct
    {
        if (Text(field) is not { } text)
        {
            return null;
        }

        foreach ((string word, T value) in words)
        {
            if (word == text)
            {
                return value;
            }
        }

        Wrong(field, $"'{text}' is not known.", $"Write one of {string.Join(", ", words.Select(known => known.Word))}.");
        return null;
    }

    /// <summary>Notes fields that nobody asked for. Comes last.</summary>
    public void Close()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!_known.Contains(property.Name))
            {
                Wrong(property.Name, "There is no such field.", $"Known are: {string.Join(", ", _known)}.");
            }
            else if (!seen.Add(property.Name))
            {
                Wrong(property.Name, "The field is there twice.", "Leave one.");
            }
        }
    }

    private JsonElement? Find(string field, JsonValueKind kind, string what, JsonValueKind orKind = JsonValueKind.Undefined)
    {
        _known.Add(field);
        if (!element.TryGetProperty(field, out JsonElement found) || found.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (found.ValueKind == kind || found.ValueKind == orKind)
        {
            return found;
        }

        Wrong(field, $"{found.GetRawText()} is something else than {what}.", $"Write {what}.");
        return null;
    }
}

/// <summary>Reads a value from a text.</summary>
internal delegate bool TryParse<T>(string text, out T value);
