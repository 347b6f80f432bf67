using System.Text.Json;
using System.Text.Json.Serialization;

namespace GatewayOS.Cli.Json;

internal sealed record MachineJson(string Vendor, string Product, string Sku);

internal sealed record HardwareJson(bool Ok, string Model, string Title, bool Fits, bool VirtualPanel, MachineJson Machine, IReadOnlyList<string> Known, JsonElement Profile);

internal sealed record ProfileErrorJson(string Path, string Problem, string Remedy);

internal sealed record ProfileValidityJson(bool Ok, int ExitCode, string? Model, IReadOnlyList<ProfileErrorJson> Errors);

internal sealed record SensorJson(string Kind, string Name, double? Value, string Unit, string Verdict, string Detail, DateTimeOffset Read);

internal sealed record SensorsJson(bool Ok, IReadOnlyList<SensorJson> Sensors, IReadOnlyList<string> Resting);

internal sealed record LedJson(string Name, string Label, string Colour, string Pattern, IReadOnlyList<int> StepsMs, long PhaseMs, bool Lit);

internal sealed record PanelJson(bool Ok, IReadOnlyList<LedJson> Leds, IReadOnlyList<string> Lines, IReadOnlyList<string> Buttons, bool Virtual, long LateMedianUs, long LateMaxUs, DateTimeOffset? PresentUntil);

internal sealed record PowerFailureJson(
    long Number, DateTimeOffset Time, string Outcome, long StoppedUs, long FlushedUs, IReadOnlyList<string> Flushed, IReadOnlyList<string> Skipped, int HoldUpMs, int LeftMs, long RanOnMs);

internal sealed record PowerHistoryJson(bool Ok, bool HasLine, bool Failing, bool RealTime, double? Trend, IReadOnlyList<PowerFailureJson> Failures);

internal sealed record ShutDownJson(bool Ok, string What);

internal sealed record ApplianceKeyJson(bool Ok, string StoreId, string Slot, string RecoveryKey, string? File);

/// <summary>service-key: what was made of the code, and how it is used.</summary>
internal sealed record ServiceKeyJson(bool Ok, string Key, string KnownHosts, string Command);

/// <summary>Serialiser of the JSON about the appliance's body. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(HardwareJson))]
[JsonSerializable(typeof(ProfileValidityJson))]
[JsonSerializable(typeof(SensorsJson))]
[JsonSerializable(typeof(PanelJson))]
[JsonSerializable(typeof(PowerHistoryJson))]
[JsonSerializable(typeof(ShutDownJson))]
[JsonSerializable(typeof(ApplianceKeyJson))]
[JsonSerializable(typeof(ServiceKeyJson))]
internal sealed partial class BodyJson : JsonSerializerContext;
