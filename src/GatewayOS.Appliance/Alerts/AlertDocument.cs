using System.Text.Json.Serialization;

namespace GatewayOS.Appliance.Alerts;

/// <summary>What receivers are sent, as JSON. Fields may be added; none changes its meaning.</summary>
public sealed record AlertDocument
{
    /// <summary><c>raised</c>, <c>worse</c> (a higher severity) or <c>cleared</c>.</summary>
    public required string What { get; init; }

    /// <summary>The same in every repetition of this message.</summary>
    public required string Key { get; init; }

    /// <summary>Name of the appliance.</summary>
    public required string Appliance { get; init; }

    /// <summary>Number of the alert there.</summary>
    public required long Id { get; init; }

    /// <summary>What it is about: a name of <see cref="AlertKind"/>.</summary>
    public required AlertKind Kind { get; init; }

    /// <summary>How bad it is.</summary>
    public required AlertSeverity Severity { get; init; }

    /// <summary>What has it.</summary>
    public required string Subject { get; init; }

    /// <summary>What happened.</summary>
    public required string Summary { get; init; }

    /// <summary>What to do next.</summary>
    public required string Remedy { get; init; }

    /// <summary>When this message was made.</summary>
    public required DateTimeOffset Time { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(AlertDocument))]
internal sealed partial class AlertJson : JsonSerializerContext;
