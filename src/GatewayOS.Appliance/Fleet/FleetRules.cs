using System.Text.Json;
using GatewayOS.Appliance.Policies;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Fleet;

/// <summary>Classes of what a control plane may ask for. The names are part of the API and of the rules' file.</summary>
public enum CommandClass
{
    /// <summary>Backups.</summary>
    Backup,

    /// <summary>Restores: they give data to a node, and overwrite there.</summary>
    Restore,

    /// <summary>Policies, and who follows them.</summary>
    Policy,

    /// <summary>Verifying, rehearsing, freeing space, calling jobs off.</summary>
    Maintenance,

    /// <summary>Updates of the appliance's system.</summary>
    Update,
}

/// <summary>What the appliance's own operators let the control plane do. Said on the appliance alone: no command changes it.</summary>
/// <param name="Forbidden">Classes that are refused.</param>
/// <param name="NeedsPresence">Classes that are done only when somebody who stands before the appliance has vouched for it at its panel.</param>
public sealed record FleetRules(IReadOnlyList<CommandClass> Forbidden, IReadOnlyList<CommandClass> NeedsPresence)
{
    /// <summary>Nothing is forbidden.</summary>
    public static FleetRules None { get; } = new([], []);

    /// <summary>The class of a command's kind.</summary>
    /// <returns>Null for what changes nothing.</returns>
    public static CommandClass? ClassOf(string kind) => kind switch
    {
        "backup" => CommandClass.Backup,
        "restore" => CommandClass.Restore,
        "set-policy" or "assign-policy" => CommandClass.Policy,
        "update" => CommandClass.Update,
        "preview-policy" => null,
        _ => CommandClass.Maintenance,
    };

    /// <summary>Says whether a command may be carried out.</summary>
    /// <param name="kind">The command's kind.</param>
    /// <param name="usePresence">Takes the presence at the panel for one deed; false when there is none.</param>
    /// <returns>Null when it may; else why not.</returns>
    public string? Refusal(string kind, Func<bool> usePresence)
    {
        if (ClassOf(kind) is not { } of)
        {
            return null;
        }

        string name = of.ToString().ToLowerInvariant();
        return Forbidden.Contains(of) ? $"The appliance's operators forbid the control plane '{name}'. On the appliance: gatewayctl fleet rules --allow {name}."
            : NeedsPresence.Contains(of) && !usePresence() ? $"'{name}' needs somebody who stands before the appliance: hold the button of its panel until it says so, and order it again within two minutes."
            : null;
    }

    /// <summary>Says whether the control plane may put a policy in another's place: never one that locks restore points for a shorter time.</summary>
    /// <param name="present">The policy that holds; null when there is none.</param>
    /// <param name="proposed">The one that is to hold.</param>
    /// <returns>Null when it may; else why not.</returns>
    public static string? Refusal(Policy? present, Policy? proposed) =>
        present?.Lock is { } held && proposed is not null && (proposed.Lock ?? TimeSpan.Zero) < held
            ? $"The policy '{present.Name}' locks restore points for {held.TotalDays:0.##} days, and the control plane may not make that less. An administrator of the appliance may."
            : null;

    /// <summary>Says whether the control plane may take a node off a policy: never off one that locks restore points, for the next ones would not be locked.</summary>
    /// <param name="followed">The policy; null when there is none of that name.</param>
    /// <returns>Null when it may; else why not.</returns>
    public static string? RefusalToLeave(Policy? followed) =>
        followed?.Lock is not null ? $"The policy '{followed.Name}' locks restore points, and the control plane may not take a node off it. An administrator of the appliance may." : null;
}

/// <summary>Keeps the rules: one small file, replaced whole. Answers from memory. Thread-safe.</summary>
public sealed class FleetRulesFile
{
    private const string FileName = "fleet-rules.json";

    private readonly StateDirectory _state;
    private FleetRules _current;

    /// <summary>Opens the file.</summary>
    /// <exception cref="InvalidDataException">It is damaged: what is forbidden is not guessed.</exception>
    public FleetRulesFile(StateDirectory state)
    {
        _state = state;
        try
        {
            _current = state.Read(FileName) is { } bytes ? JsonSerializer.Deserialize(bytes, FleetJson.Default.FleetRules) ?? FleetRules.None : FleetRules.None;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} is damaged: {error.Message} It says what the control plane may not. Correct it, or restore it from a backup of the state.", error);
        }
    }

    /// <summary>The rules.</summary>
    public FleetRules Current => Volatile.Read(ref _current);

    /// <summary>Replaces them. Durable when it returns.</summary>
    /// <exception cref="StoreIoException">They cannot be written; the old ones hold.</exception>
    public void Set(FleetRules rules)
    {
        _state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(rules, FleetJson.Default.FleetRules));
        Volatile.Write(ref _current, rules);
    }
}
