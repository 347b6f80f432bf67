using System.Text.Json.Serialization;
using GatewayOS.Api;

namespace GatewayOS.Cli.Json;

internal sealed record SlotJson(string Name, string BootName, bool Booted, bool? Good, string? Version, bool Whole, DateTimeOffset? Installed);

internal sealed record UpdateAttemptJson
{
    public required int Number { get; init; }

    public string? Version { get; init; }

    public required string VersionBefore { get; init; }

    public string? Slot { get; init; }

    public required string Origin { get; init; }

    public required string By { get; init; }

    public required DateTimeOffset Begun { get; init; }

    public required string State { get; init; }

    public required DateTimeOffset Since { get; init; }

    public string? Reason { get; init; }

    public static UpdateAttemptJson Of(UpdateAttemptInfo info) => new()
    {
        Number = info.Number,
        Version = Given(info.Version),
        VersionBefore = info.VersionBefore,
        Slot = Given(info.Slot),
        Origin = info.Origin,
        By = info.By,
        Begun = DateTimeOffset.FromUnixTimeMilliseconds(info.BegunUnixMs),
        State = info.State,
        Since = DateTimeOffset.FromUnixTimeMilliseconds(info.SinceUnixMs),
        Reason = Given(info.Reason),
    };

    private static string? Given(string text) => text.Length == 0 ? null : text;
}

internal sealed record InstallProgressJson(int Percent, string Step);

internal sealed record StickBundleJson(string Name, long Bytes);

internal sealed record UpdateStatusJson
{
    public bool Ok { get; init; } = true;

    public string? Problem { get; init; }

    public required string Running { get; init; }

    public string? Compatible { get; init; }

    public string? Primary { get; init; }

    public required IReadOnlyList<SlotJson> Slots { get; init; }

    public UpdateAttemptJson? Last { get; init; }

    public InstallProgressJson? Progress { get; init; }

    public string? Note { get; init; }

    public required IReadOnlyList<StickBundleJson> Sticks { get; init; }
}

internal sealed record UpdateHistoryJson(bool Ok, IReadOnlyList<UpdateAttemptJson> Attempts);

internal sealed record BundleJson(bool Ok, int ExitCode, string? Compatible, string? Version, string? Refusal);

internal sealed record UpdateInstallJson(bool Ok, int ExitCode, UpdateAttemptJson Attempt);

/// <summary>Serialiser of the JSON about updates. Field names are the contract in JSON.md.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, WriteIndented = true)]
[JsonSerializable(typeof(UpdateStatusJson))]
[JsonSerializable(typeof(UpdateHistoryJson))]
[JsonSerializable(typeof(BundleJson))]
[JsonSerializable(typeof(UpdateInstallJson))]
internal sealed partial class UpdateJson : JsonSerializerContext;
