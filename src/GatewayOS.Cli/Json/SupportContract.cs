using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record SupportFileJson(string Name, string What, long Bytes, bool IsCut);

internal sealed record SupportPreviewJson(bool Ok, IReadOnlyList<SupportFileJson> Files);

internal sealed record SupportBundleJson(bool Ok, string File, long Bytes);

internal sealed record SupportOpenJson(bool Ok, string Directory, IReadOnlyList<string> Files);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SupportPreviewJson))]
[JsonSerializable(typeof(SupportBundleJson))]
[JsonSerializable(typeof(SupportOpenJson))]
internal sealed partial class SupportJson : JsonSerializerContext;
