using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Fleet;

/// <summary>The appliance's place in a fleet.</summary>
public sealed record FleetMembership
{
    /// <summary>Address of the control plane, <c>host:port</c>.</summary>
    public required string Address { get; init; }

    /// <summary>Its name.</summary>
    public required string ControlPlane { get; init; }

    /// <summary>Whose the appliance is there.</summary>
    public required string Tenant { get; init; }

    /// <summary>The ID that the control plane gave the appliance.</summary>
    public required string ApplianceId { get; init; }

    /// <summary>The control plane's CA, PEM.</summary>
    public required string CaPem { get; init; }

    /// <summary>The appliance's key there, PEM. Secret.</summary>
    public required string KeyPem { get; init; }

    /// <summary>Its certificate, PEM.</summary>
    public required string CertificatePem { get; init; }

    /// <summary>What the next hello presents: by it the control plane knows that nobody else has used this identity since.</summary>
    public required byte[] ResumeToken { get; init; }
}

/// <summary>Keeps the membership: one small file, replaced whole, so that key and certificate never part. Answers from memory. Thread-safe.</summary>
public sealed class FleetMembershipFile
{
    /// <summary>The file, in the state directory. Secret.</summary>
    public const string FileName = "fleet.json";

    private readonly StateDirectory _state;
    private readonly Lock _gate = new();
    private FleetMembership? _current;

    /// <summary>Opens the file.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public FleetMembershipFile(StateDirectory state)
    {
        _state = state;
        try
        {
            _current = state.Read(FileName) is { } bytes ? JsonSerializer.Deserialize(bytes, FleetJson.Default.FleetMembership) : null;
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} is damaged: {error.Message} Delete it, and join the fleet with a new claim code. Backups are not affected.", error);
        }
    }

    /// <summary>Told after the appliance has joined or left.</summary>
    public event Action? Changed;

    /// <summary>The membership; null while the appliance is in no fleet.</summary>
    public FleetMembership? Current
    {
        get
        {
            lock (_gate)
            {
                return _current;
            }
        }
    }

    /// <summary>Joins. Durable when it returns.</summary>
    /// <exception cref="StoreIoException">It cannot be written; nothing has changed.</exception>
    public void Join(FleetMembership membership)
    {
        lock (_gate)
        {
            Write(membership);
        }

        Changed?.Invoke();
    }

    /// <summary>Takes note of a new certificate or resume token. Does nothing when the appliance has left meanwhile, or joined elsewhere.</summary>
    /// <param name="applianceId">The ID they are for.</param>
    /// <param name="change">Makes the new membership of the present one.</param>
    /// <exception cref="StoreIoException">It cannot be written; nothing has changed.</exception>
    public void Update(string applianceId, Func<FleetMembership, FleetMembership> change)
    {
        lock (_gate)
        {
            if (_current is { } current && current.ApplianceId == applianceId)
            {
                Write(change(current));
            }
        }
    }

    /// <summary>Leaves. The identity is forgotten here: tell the control plane before.</summary>
    public void Leave()
    {
        lock (_gate)
        {
            File.Delete(_state.PathOf(FileName));
            _current = null;
        }

        Changed?.Invoke();
    }

    private void Write(FleetMembership membership)
    {
        _state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(membership, FleetJson.Default.FleetMembership));
        _current = membership;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UseStringEnumConverter = true)]
[JsonSerializable(typeof(FleetMembership))]
[JsonSerializable(typeof(FleetRules))]
internal sealed partial class FleetJson : JsonSerializerContext;
