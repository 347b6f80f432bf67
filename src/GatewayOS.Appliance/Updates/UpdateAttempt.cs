using System.Text.Json.Serialization;

namespace GatewayOS.Appliance.Updates;

/// <summary>Where an attempt to update stands. The names are part of the API and of the ledger's file.</summary>
public enum UpdateState
{
    /// <summary>It was not begun; no slot was touched.</summary>
    Refused,

    /// <summary>The bundle is being written.</summary>
    Installing,

    /// <summary>It is written; the machine has to be restarted.</summary>
    Installed,

    /// <summary>The new system runs and is being checked.</summary>
    Checking,

    /// <summary>The check failed: the slot is being marked bad and the machine restarted.</summary>
    Rejected,

    /// <summary>The new system was checked and is kept.</summary>
    Good,

    /// <summary>The bundle could not be installed; its slot is marked bad.</summary>
    Failed,

    /// <summary>The installation was cut off; its slot is marked bad.</summary>
    Interrupted,

    /// <summary>The check failed, and the system before runs again.</summary>
    RolledBack,

    /// <summary>The boot loader went back to the system before by itself: the new one did not come as far as to be checked to the end.</summary>
    FellBack,

    /// <summary>The check failed, and the machine started the new system all the same: the other slot does not start.</summary>
    Stranded,
}

/// <summary>An attempt to update, as it is kept. Immutable.</summary>
public sealed record UpdateAttempt
{
    /// <summary>Counts attempts, from 1.</summary>
    public required int Number { get; init; }

    /// <summary>Version of the bundle; empty when it could not be read.</summary>
    public required string Version { get; init; }

    /// <summary>Version of the system that ran.</summary>
    public required string VersionBefore { get; init; }

    /// <summary>The slot it went to; empty when there was none.</summary>
    public required string Slot { get; init; }

    /// <summary>Where the bundle came from, for people.</summary>
    public required string Origin { get; init; }

    /// <summary>Who ordered it.</summary>
    public required string By { get; init; }

    /// <summary>When it was ordered.</summary>
    public required DateTimeOffset Begun { get; init; }

    /// <summary>Where it stands.</summary>
    public required UpdateState State { get; init; }

    /// <summary>When it came to that.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Why, in words; empty where there is nothing to say.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The machine's run in which the bundle was written, later that in which the new system was last checked, or rejected.</summary>
    public string BootId { get; init; } = "";

    /// <summary>Ended installations that the slot had before: one more, and this one was ended.</summary>
    public long InstallsBefore { get; init; }

    /// <summary>How often the check was begun in that run.</summary>
    public int Checks { get; init; }

    /// <summary>How often the machine came back to a system that was found bad, and was restarted again.</summary>
    public int Restarts { get; init; }

    /// <summary>True when nothing more comes of it.</summary>
    [JsonIgnore]
    public bool IsEnded => State is not (UpdateState.Installing or UpdateState.Installed or UpdateState.Checking or UpdateState.Rejected);

    /// <summary>True when the slot it went to holds nothing that was found good.</summary>
    [JsonIgnore]
    public bool HasFailed => State is UpdateState.Failed or UpdateState.Interrupted or UpdateState.RolledBack or UpdateState.FellBack or UpdateState.Stranded;
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, WriteIndented = true)]
[JsonSerializable(typeof(List<UpdateAttempt>))]
internal sealed partial class UpdateJson : JsonSerializerContext;
