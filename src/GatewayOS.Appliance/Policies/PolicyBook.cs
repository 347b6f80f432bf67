using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Policies;

/// <summary>A version of a policy, as it is kept.</summary>
public sealed record PolicyVersion
{
    /// <summary>1 for the first; one more with every change.</summary>
    public required int Version { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Changed { get; init; }

    /// <summary>By whom.</summary>
    public required string ChangedBy { get; init; }

    /// <summary>The document, as the operator wrote it.</summary>
    public required string Document { get; init; }
}

/// <summary>A policy with its history.</summary>
public sealed record PolicyEntry
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its versions, newest last; at most <see cref="PolicyBook.VersionsMax"/>.</summary>
    public required IReadOnlyList<PolicyVersion> Versions { get; init; }

    /// <summary>The version that holds.</summary>
    [JsonIgnore]
    public PolicyVersion Current => Versions[^1];
}

/// <summary>That a node follows a policy.</summary>
/// <param name="NodeId">The node.</param>
/// <param name="Policy">The policy's name.</param>
/// <param name="Since">Since when: runs before that are not missed ones.</param>
public sealed record PolicyAssignment(string NodeId, string Policy, DateTimeOffset Since);

/// <summary>What became of a change.</summary>
/// <param name="Entry">The policy as it stands now; null when it was refused or is gone.</param>
/// <param name="Errors">Why it was refused; nothing was changed then.</param>
public sealed record PolicyChange(PolicyEntry? Entry, IReadOnlyList<PolicyError> Errors);

/// <summary>
/// All policies and who follows them. One small file, replaced whole with every change and answered from memory: a power cut leaves the old
/// or the new state, a change is one step however many parts it has, and a person can read what is there. (A data base would add a native
/// library and recovery of its own for some kilobytes that change a few times a day.) Thread-safe.
/// </summary>
public sealed class PolicyBook
{
    /// <summary>Most policies.</summary>
    public const int PoliciesMax = 500;

    /// <summary>Versions of a policy that are kept.</summary>
    public const int VersionsMax = 20;

    private const string FileName = "policies.json";

    private readonly StateDirectory _state;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private PolicyBookDocument _document;
    private IReadOnlyDictionary<string, Policy> _policies;

    /// <summary>Opens the book.</summary>
    /// <exception cref="InvalidDataException">Its file is damaged.</exception>
    public PolicyBook(StateDirectory state, TimeProvider time)
    {
        (_state, _time) = (state, time);
        _document = Load(state);
        _policies = Parse(_document);
    }

    /// <summary>Told after every change.</summary>
    public event Action? Changed;

    /// <summary>All policies, by name.</summary>
    public IReadOnlyList<PolicyEntry> Entries => Document.Policies;

    /// <summary>Who follows what.</summary>
    public IReadOnlyList<PolicyAssignment> Assignments => Document.Assignments;

    private PolicyBookDocument Document
    {
        get
        {
            lock (_gate)
            {
                return _document;
            }
        }
    }

    /// <summary>Finds a policy's entry.</summary>
    public PolicyEntry? Find(string name) => Document.Policies.FirstOrDefault(entry => entry.Name == name);

    /// <summary>Finds a policy that holds.</summary>
    public Policy? PolicyOf(string name)
    {
        lock (_gate)
        {
            return _policies.GetValueOrDefault(name);
        }
    }

    /// <summary>Reads the documents anew, after what they leave open has changed: the appliance's time zone.</summary>
    public void Reread()
    {
        lock (_gate)
        {
            _policies = Parse(_document);
        }

        Changed?.Invoke();
    }

    /// <summary>Adds a policy, or a version of one. Durable when it returns.</summary>
    /// <param name="document">The document.</param>
    /// <param name="expectedVersion">The version it was made from; 0 for a new policy, null for whatever there is.</param>
    /// <param name="by">Who does it.</param>
    public PolicyChange Set(string document, int? expectedVersion, string by)
    {
        DateTimeOffset now = _time.GetUtcNow();
        PolicyReading reading = PolicyDocument.Read(document, now, _time.LocalTimeZone);
        if (reading.Policy is not { } policy)
        {
            return new PolicyChange(null, reading.Errors);
        }

        PolicyEntry entry;
        lock (_gate)
        {
            PolicyEntry? old = _document.Policies.FirstOrDefault(known => known.Name == policy.Name);
            int version = old?.Current.Version ?? 0;
            if (expectedVersion is { } expected && expected != version)
            {
                return Refused("name", expected == 0 ? $"There is a policy '{policy.Name}' already." : $"The policy was changed meanwhile: it has version {version}, the change was made from {expected}.", "Look at it again, and repeat the change.");
            }

            if (old is null && _document.Policies.Count >= PoliciesMax)
            {
                return Refused("name", $"There are {PoliciesMax} policies already.", "Delete one; one policy serves many nodes.");
            }

            var added = new PolicyVersion { Version = version + 1, Changed = now, ChangedBy = by, Document = document };
            entry = new PolicyEntry { Name = policy.Name, Versions = [.. (old?.Versions ?? []).TakeLast(VersionsMax - 1), added] };
            Save(_document with { Policies = [.. _document.Policies.Where(known => known.Name != policy.Name).Append(entry).OrderBy(known => known.Name, StringComparer.Ordinal)] });
        }

        Changed?.Invoke();
        return new PolicyChange(entry, []);
    }

    /// <summary>Deletes a policy. Restore points that it made stay.</summary>
    /// <param name="name">The policy.</param>
    public PolicyChange Delete(string name)
    {
        lock (_gate)
        {
            if (!_document.Policies.Any(entry => entry.Name == name))
            {
                return Unknown(name);
            }

            if (_document.Assignments.Count(assignment => assignment.Policy == name) is > 0 and int nodes)
            {
                return Refused("name", $"{nodes} {(nodes == 1 ? "node follows" : "nodes follow")} '{name}', and would be backed up no more.", "Take it from them first: 'gatewayctl policy assign --remove'.");
            }

            Save(_document with { Policies = [.. _document.Policies.Where(entry => entry.Name != name)] });
        }

        Changed?.Invoke();
        return new PolicyChange(null, []);
    }

    /// <summary>Has a node follow a policy, or no longer.</summary>
    public PolicyChange Assign(string name, string nodeId, bool follows)
    {
        PolicyEntry? entry;
        lock (_gate)
        {
            entry = _document.Policies.FirstOrDefault(known => known.Name == name);
            if (entry is null)
            {
                return Unknown(name);
            }

            bool already = _document.Assignments.Any(assignment => assignment.NodeId == nodeId && assignment.Policy == name);
            if (already == follows)
            {
                return new PolicyChange(entry, []);
            }

            IEnumerable<PolicyAssignment> assignments = follows
                ? _document.Assignments.Append(new PolicyAssignment(nodeId, name, _time.GetUtcNow()))
                : _document.Assignments.Where(assignment => assignment.NodeId != nodeId || assignment.Policy != name);
            Save(_document with { Assignments = [.. assignments.OrderBy(assignment => assignment.NodeId, StringComparer.Ordinal).ThenBy(assignment => assignment.Policy, StringComparer.Ordinal)] });
        }

        Changed?.Invoke();
        return new PolicyChange(entry, []);
    }

    private static PolicyChange Refused(string field, string problem, string remedy) => new(null, [new PolicyError(field, problem, remedy)]);

    private static PolicyChange Unknown(string name) => Refused("name", $"There is no policy '{name}'.", "'gatewayctl policy list' shows all.");

    private static PolicyBookDocument Load(StateDirectory state)
    {
        if (state.Read(FileName) is not { } bytes)
        {
            return new PolicyBookDocument();
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, PolicyBookJson.Default.PolicyBookDocument) is { Version: 1 } document
                ? document
                : throw new InvalidDataException($"{state.PathOf(FileName)} is of another version. Use the program that wrote it, or a newer one.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} is damaged: {error.Message} It says what is backed up when. Restore it from a backup of the state; or delete it, and make the policies anew.", error);
        }
    }

    // What was valid when it was kept may not be any more: its zone is gone, say. Nobody may believe that it still runs.
    private Dictionary<string, Policy> Parse(PolicyBookDocument document) => document.Policies
        .Select(entry => PolicyDocument.Read(entry.Current.Document, _time.GetUtcNow(), _time.LocalTimeZone).Policy)
        .OfType<Policy>()
        .ToDictionary(policy => policy.Name, StringComparer.Ordinal);

    private void Save(PolicyBookDocument document)
    {
        _state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(document, PolicyBookJson.Default.PolicyBookDocument));
        (_document, _policies) = (document, Parse(document));
    }
}

internal sealed record PolicyBookDocument
{
    public int Version { get; init; } = 1;

    public IReadOnlyList<PolicyEntry> Policies { get; init; } = [];

    public IReadOnlyList<PolicyAssignment> Assignments { get; init; } = [];
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(PolicyBookDocument))]
internal sealed partial class PolicyBookJson : JsonSerializerContext;
