using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record SettingsJson(bool Ok, string Name, string Zone, string Clock, long? ClockErrorMaxUs);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SettingsJson))]
internal sealed partial class SettingsContractJson : JsonSerializerContext;
