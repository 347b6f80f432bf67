using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using GatewayOS.Cli.Errors;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary>A policy's document in the operator's hands.</summary>
internal static class PolicyText
{
    /// <summary>Sets fields: <c>schedule.every=4h</c>, <c>sources=["/etc"]</c>. A value that is no JSON is a text; an empty one takes the field away.</summary>
    public static string Edit(string document, string name, IEnumerable<string> settings)
    {
        JsonObject root = Parse(document);
        root["name"] = JsonValue.Create(name);
        foreach (string setting in settings)
        {
            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                throw new UsageException($"--set '{setting}' is no FIELD=VALUE, as schedule.every=4h is.");
            }

            Set(root, setting[..equals].Split('.'), setting[(equals + 1)..]);
        }

        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            root.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    /// <summary>Reads a file, or standard input for <c>-</c>.</summary>
    public static string Read(string file)
    {
        if (file == "-")
        {
            return Console.In.ReadToEnd();
        }

        return File.Exists(file) ? File.ReadAllText(file) : throw new UsageException($"There is no file {file}.");
    }

    /// <summary>Has the operator's editor change a text.</summary>
    /// <returns>The text, and the file it stands in, for when it is refused.</returns>
    public static (string Text, string File) EditByHand(string name, string document)
    {
        string file = Path.Join(Directory.CreateTempSubdirectory("gatewayctl-").FullName, name + ".json");
        File.WriteAllText(file, document);
        string editor = Environment.GetEnvironmentVariable("VISUAL") ?? Environment.GetEnvironmentVariable("EDITOR") ?? "vi";
        using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", $"{editor} \"$1\"", "sh", file]) { UseShellExecute = false })!;
        process.WaitForExit();
        return process.ExitCode == 0 ? (File.ReadAllText(file), file) : throw new UsageException($"The editor '{editor}' ended with {process.ExitCode}; nothing was changed. Set EDITOR to another.");
    }

    /// <summary>Removes the file of <see cref="EditByHand"/>.</summary>
    public static void Remove(string file) => Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);

    private static JsonObject Parse(string document)
    {
        try
        {
            return JsonNode.Parse(document, documentOptions: new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }) as JsonObject
                ?? throw new UsageException("The policy's document is no JSON object: write the fields in braces.");
        }
        catch (JsonException error)
        {
            throw new UsageException($"The policy's document is not JSON: {error.Message}");
        }
    }

    private static void Set(JsonObject root, string[] path, string value)
    {
        JsonObject at = root;
        foreach (string part in path[..^1])
        {
            if (at[part] is not JsonObject inner)
            {
                at[part] = inner = new JsonObject();
            }

            at = inner;
        }

        if (value.Length == 0)
        {
            at.Remove(path[^1]);
            return;
        }

        at[path[^1]] = ValueOf(value);
    }

    private static JsonNode? ValueOf(string value)
    {
        try
        {
            return JsonNode.Parse(value);
        }
        catch (JsonException)
        {
            return JsonValue.Create(value);
        }
    }
}
