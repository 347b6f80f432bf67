using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;
using GatewayOS.Certificates;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Nodes;

/// <summary>
/// Who is enrolled: nodes, operators and the tokens that let them in. One small file, replaced whole with every change, so that using a token
/// up and enrolling its node are one step that a power cut does not split. Answers from memory. Thread-safe.
/// </summary>
public sealed partial class NodeRegistry
{
    /// <summary>Lifetime of a node's or operator's certificate.</summary>
    public static readonly TimeSpan CertificateLifetimeDefault = TimeSpan.FromDays(30);

    /// <summary>How long a node waits for approval before it is forgotten.</summary>
    public static readonly TimeSpan PendingMax = TimeSpan.FromDays(7);

    /// <summary>Most nodes that wait for approval: anybody may ask.</summary>
    public const int PendingNodesMax = 50;

    /// <summary>Most tokens kept.</summary>
    public const int TokensMax = 1000;

    private const string FileName = "nodes.json";
    private static readonly TimeSpan s_seenInterval = TimeSpan.FromMinutes(1);

    private readonly StateDirectory _state;
    private readonly CertificateAuthority _authority;
    private readonly ApplianceLimits _limits;
    private readonly TimeProvider _time;
    private readonly TimeSpan _certificateLifetime;
    private readonly Lock _gate = new();
    private RegistryDocument _document;

    /// <summary>Opens the registry.</summary>
    /// <exception cref="InvalidDataException">Its file is damaged.</exception>
    public NodeRegistry(StateDirectory state, CertificateAuthority authority, ApplianceLimits limits, TimeProvider time, TimeSpan? certificateLifetime = null)
    {
        (_state, _authority, _limits, _time) = (state, authority, limits, time);
        _certificateLifetime = certificateLifetime ?? CertificateLifetimeDefault;
        _document = Load(state) ?? throw new InvalidOperationException("The registry has to be prepared first.");
    }

    /// <summary>
    /// Checks, before the CA is opened or made, that registry and CA are both there or both not, and begins the registry. Without the list,
    /// who was revoked would be forgotten while their certificates go on; with a new CA, everybody would be locked out without a word.
    /// </summary>
    /// <exception cref="InvalidDataException">One of them was lost.</exception>
    public static void Prepare(StateDirectory state)
    {
        bool hasAuthority = CertificateAuthority.Exists(state);
        RegistryDocument? document = Load(state);
        if (document is null && hasAuthority)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} is missing, which says who is enrolled and who was revoked. Restore it from a backup of the state; or delete the state, and enrol every node anew. Snapshots are not affected.");
        }

        if (document is { Nodes.Count: > 0 } or { Operators.Count: > 0 } && !hasAuthority)
        {
            throw new InvalidDataException($"The appliance's certificate authority is missing in {state.Location}, and nodes are enrolled. Restore it from a backup of the state; or delete {FileName}, and enrol every node anew. Snapshots are not affected.");
        }

        if (document is null)
        {
            state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(new RegistryDocument(), RegistryJson.Default.RegistryDocument));
        }
    }

    /// <summary>Told about a node that may do nothing any more, so that its connections are cut.</summary>
    public event Action<string>? Revoked;

    /// <summary>All nodes, by name.</summary>
    public IReadOnlyList<NodeRecord> Nodes => [.. Current.Nodes.OrderBy(node => node.Name, StringComparer.Ordinal)];

    /// <summary>The model's limits.</summary>
    public ApplianceLimits Limits => _limits;

    private RegistryDocument Current
    {
        get
        {
            lock (_gate)
            {
                return _document;
            }
        }
    }

    /// <summary>Finds a node by ID or name.</summary>
    public NodeRecord? Find(string idOrName) => Current.Nodes.FirstOrDefault(node => node.Id == idOrName) ?? Current.Nodes.FirstOrDefault(node => node.Name == idOrName);

    /// <summary>True when the holder of a certificate may act: its node is enrolled, or it is an operator's certificate that was given out here and not revoked.</summary>
    public bool MayAct(PeerIdentity identity) => identity.Kind switch
    {
        PeerKind.Node => Current.Nodes.Any(node => node.Id == identity.Id && node.State == NodeState.Active),
        PeerKind.Operator => OperatorOf(identity) is not null,
        _ => false,
    };

    /// <summary>Keeps a new token.</summary>
    /// <param name="id">Its ID.</param>
    /// <param name="secret">Its secret.</param>
    /// <param name="lifetime">How long it is valid.</param>
    /// <param name="forOperator">True when it makes an operator.</param>
    /// <param name="note">The maker's remark.</param>
    public TokenRecord AddToken(string id, ReadOnlySpan<byte> secret, TimeSpan lifetime, bool forOperator, string note)
    {
        DateTimeOffset now = _time.GetUtcNow();
        var token = new TokenRecord { Id = id, SecretHash = Hash(secret), Expires = now + lifetime, ForOperator = forOperator, Note = note };
        lock (_gate)
        {
            IEnumerable<TokenRecord> kept = _document.Tokens.Where(old => old.Expires > now - PendingMax).OrderByDescending(old => old.Expires).Take(TokensMax - 1);
            Save(_document with { Tokens = [.. kept, token] });
        }

        return token;
    }

    /// <summary>Enrols a node, with a token or for approval. The same key asking again hears how things stand.</summary>
    /// <param name="name">The name it wants.</param>
    /// <param name="request">Its certificate request.</param>
    /// <param name="tokenId">The token, or null to wait for approval.</param>
    /// <param name="secret">The token's secret.</param>
    /// <param name="platform">What it runs on.</param>
    /// <param name="agentVersion">Version of its agent.</param>
    public EnrolmentResult Enrol(string name, ReadOnlySpan<byte> request, string? tokenId, ReadOnlySpan<byte> secret, string platform, string agentVersion)
    {
        if (!NamePattern().IsMatch(name))
        {
            return EnrolmentResult.Refuse(EnrolmentRefusal.BadName, $"'{Shorten(name)}' is no node name: 1 to 63 letters, digits, '.', '_' and '-' make one. Give another with --name.");
        }

        string keyHash;
        try
        {
            keyHash = Convert.ToHexStringLower(CertificateAuthority.KeyHashOf(request));
        }
        catch (CertificateRequestException error)
        {
            return EnrolmentResult.Refuse(EnrolmentRefusal.BadRequest, error.Message);
        }

        lock (_gate)
        {
            DropStalePending();
            NodeRecord? known = _document.Nodes.FirstOrDefault(node => node.KeyHash == keyHash);
            if (known is { State: NodeState.Revoked })
            {
                return EnrolmentResult.Refuse(EnrolmentRefusal.Revoked, $"The node '{known.Name}' was revoked. Remove it on the appliance and enrol it with a new key.");
            }

            return tokenId is null
                ? AskForApproval(known, name, keyHash, request, platform, agentVersion)
                : EnrolWithToken(known, name, keyHash, request, tokenId, secret, platform, agentVersion);
        }
    }

    /// <summary>Enrols a pending node.</summary>
    public EnrolmentResult Approve(string idOrName)
    {
        lock (_gate)
        {
            if (Find(idOrName) is not { } node)
            {
                return Unknown(idOrName);
            }

            if (node.State != NodeState.Pending)
            {
                return node.State == NodeState.Active ? EnrolmentResult.Of(node) : EnrolmentResult.Refuse(EnrolmentRefusal.Revoked, $"The node '{node.Name}' was revoked. Remove it, and enrol it again.");
            }

            return LimitRefusal() ?? Activate(node, node.Request!, _document);
        }
    }

    /// <summary>Ends a node's or pending node's rights at once. Its snapshots stay.</summary>
    public EnrolmentResult Revoke(string idOrName)
    {
        NodeRecord revoked;
        lock (_gate)
        {
            if (Find(idOrName) is not { } node)
            {
                return Unknown(idOrName);
            }

            revoked = node with { State = NodeState.Revoked, Request = null };
            Put(revoked, _document);
        }

        Revoked?.Invoke(revoked.Id);
        return EnrolmentResult.Of(revoked);
    }

    /// <summary>Forgets a revoked node: its name is free again. Its snapshots stay and are listed under its ID.</summary>
    public EnrolmentResult Remove(string idOrName)
    {
        lock (_gate)
        {
            if (Find(idOrName) is not { } node)
            {
                return Unknown(idOrName);
            }

            if (node.State == NodeState.Active)
            {
                return EnrolmentResult.Refuse(EnrolmentRefusal.NameTaken, $"The node '{node.Name}' is enrolled. Revoke it first.");
            }

            Save(_document with { Nodes = [.. _document.Nodes.Where(other => other.Id != node.Id)] });
            return EnrolmentResult.Of(node);
        }
    }

    /// <summary>Certifies an enrolled node anew.</summary>
    /// <param name="nodeId">The node, authenticated by its present certificate.</param>
    /// <param name="request">The request; its key may be a new one.</param>
    public EnrolmentResult Renew(string nodeId, ReadOnlySpan<byte> request)
    {
        lock (_gate)
        {
            if (Find(nodeId) is not { State: NodeState.Active } node)
            {
                return EnrolmentResult.Refuse(EnrolmentRefusal.Revoked, "The node is not enrolled.");
            }

            try
            {
                string keyHash = Convert.ToHexStringLower(CertificateAuthority.KeyHashOf(request));
                return _document.Nodes.Any(other => other.Id != nodeId && other.KeyHash == keyHash)
                    ? EnrolmentResult.Refuse(EnrolmentRefusal.BadRequest, "Another node has that key. Make a new one.")
                    : Activate(node with { KeyHash = keyHash }, request, _document);
            }
            catch (CertificateRequestException error)
            {
                return EnrolmentResult.Refuse(EnrolmentRefusal.BadRequest, error.Message);
            }
        }
    }

    /// <summary>Notes that a node is there.</summary>
    public void Seen(string nodeId, string agentVersion, string platform)
    {
        DateTimeOffset now = _time.GetUtcNow();
        lock (_gate)
        {
            if (Find(nodeId) is { } node && (node.AgentVersion != agentVersion || now - node.LastSeen.GetValueOrDefault() > s_seenInterval))
            {
                Put(node with { LastSeen = now, AgentVersion = Shorten(agentVersion), Platform = Shorten(platform) }, _document);
            }
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex NamePattern();

    private static string Hash(ReadOnlySpan<byte> secret) => Convert.ToHexStringLower(SHA256.HashData(secret));

    private static string Shorten(string text) => new([.. text.Take(120).Select(character => char.IsControl(character) ? '?' : character)]);

    private static EnrolmentResult Unknown(string idOrName) =>
        EnrolmentResult.Refuse(EnrolmentRefusal.UnknownNode, $"There is no node '{Shorten(idOrName)}'. 'gatewayctl node list' shows all.");

    private static RegistryDocument? Load(StateDirectory state)
    {
        if (state.Read(FileName) is not { } bytes)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(bytes, RegistryJson.Default.RegistryDocument) is { Version: 1 } document
                ? document
                : throw new InvalidDataException($"{state.PathOf(FileName)} is of another version. Use the program that wrote it, or a newer one.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} is damaged: {error.Message} Restore it from a backup of the state, or delete it and enrol every node anew; snapshots are not affected.", error);
        }
    }

    // From here on under the gate.
    private EnrolmentResult AskForApproval(NodeRecord? known, string name, string keyHash, ReadOnlySpan<byte> request, string platform, string agentVersion)
    {
        if (known is not null)
        {
            return EnrolmentResult.Of(known);
        }

        if (_document.Nodes.Any(node => IsNamed(node, name)))
        {
            return NameTaken(name);
        }

        if (_document.Nodes.Count(node => node.State == NodeState.Pending) >= PendingNodesMax)
        {
            return EnrolmentResult.Refuse(EnrolmentRefusal.TooManyPending, $"{PendingNodesMax} nodes wait for approval. Approve or revoke some on the appliance, or enrol with a token.");
        }

        NodeRecord node = NewNode(name, keyHash, platform, agentVersion) with { Request = request.ToArray() };
        Put(node, _document);
        return EnrolmentResult.Of(node);
    }

    private EnrolmentResult EnrolWithToken(NodeRecord? known, string name, string keyHash, ReadOnlySpan<byte> request, string tokenId, ReadOnlySpan<byte> secret, string platform, string agentVersion)
    {
        if (TokenRefusal(tokenId, secret, keyHash, forOperator: false, out TokenRecord? token) is { } refusal)
        {
            return refusal;
        }

        if (known is { State: NodeState.Active })
        {
            // Its answer was lost: it gets the certificate it has.
            return EnrolmentResult.Of(known);
        }

        if (token!.UsedBy.Length > 0)
        {
            // By this key, whose node is gone: a spent token does not bring it back.
            return UsedToken();
        }

        // A token is worth more than a name that somebody without one asked for.
        RegistryDocument document = _document with { Nodes = [.. _document.Nodes.Where(other => other.State != NodeState.Pending || other.KeyHash == keyHash || !IsNamed(other, name))] };
        if (document.Nodes.Any(other => other.KeyHash != keyHash && IsNamed(other, name)))
        {
            return NameTaken(name);
        }

        NodeRecord node = known ?? NewNode(name, keyHash, platform, agentVersion);
        return LimitRefusal() ?? Activate(node with { TokenId = tokenId }, request, document with { Tokens = Used(token, keyHash) });
    }

    private EnrolmentResult? TokenRefusal(string tokenId, ReadOnlySpan<byte> secret, string keyHash, bool forOperator, out TokenRecord? token)
    {
        token = _document.Tokens.FirstOrDefault(known => known.Id == tokenId);
        bool isRight = CryptographicOperations.FixedTimeEquals(
            System.Text.Encoding.ASCII.GetBytes(Hash(secret)),
            System.Text.Encoding.ASCII.GetBytes(token?.SecretHash ?? Hash([])));
        if (token is null || !isRight || token.ForOperator != forOperator)
        {
            return EnrolmentResult.Refuse(EnrolmentRefusal.UnknownToken, "The token is not one of this appliance's, or is for another purpose. Make a new one.");
        }

        if (token.UsedBy.Length > 0 && token.UsedBy != keyHash)
        {
            return UsedToken();
        }

        return token.Expires <= _time.GetUtcNow()
            ? EnrolmentResult.Refuse(EnrolmentRefusal.ExpiredToken, $"The token expired at {token.Expires:u}. Make a new one.")
            : null;
    }

    private TokenRecord[] Used(TokenRecord token, string keyHash) => [.. _document.Tokens.Select(known => known.Id == token.Id ? known with { UsedBy = keyHash } : known)];

    private static EnrolmentResult UsedToken() => EnrolmentResult.Refuse(EnrolmentRefusal.UsedToken, "The token has been used. Each serves once; make a new one.");

    private static bool IsNamed(NodeRecord node, string name) => string.Equals(node.Name, name, StringComparison.OrdinalIgnoreCase);

    private static EnrolmentResult NameTaken(string name) =>
        EnrolmentResult.Refuse(EnrolmentRefusal.NameTaken, $"There is a node '{name}' already. Give another name with --name, or remove that node first.");

    private EnrolmentResult? LimitRefusal() => _document.Nodes.Count(node => node.State == NodeState.Active) >= _limits.NodesMax
        ? EnrolmentResult.Refuse(EnrolmentRefusal.LimitReached, $"{_limits.Model} takes {_limits.NodesMax} nodes, and as many are enrolled. Revoke one that is not needed any more, or use a larger model.")
        : null;

    private NodeRecord NewNode(string name, string keyHash, string platform, string agentVersion) => new()
    {
        Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)),
        Name = name,
        State = NodeState.Pending,
        KeyHash = keyHash,
        Asked = _time.GetUtcNow(),
        Platform = Shorten(platform),
        AgentVersion = Shorten(agentVersion),
    };

    private EnrolmentResult Activate(NodeRecord node, ReadOnlySpan<byte> request, RegistryDocument document)
    {
        using X509Certificate2 certificate = _authority.IssuePeer(request, PeerKind.Node, node.Id, _certificateLifetime);
        NodeRecord active = node with { State = NodeState.Active, Request = null, Certificate = certificate.RawData, CertificateExpires = CertificateAuthority.Expiry(certificate) };
        Put(active, document);
        return EnrolmentResult.Of(active);
    }

    private void DropStalePending()
    {
        DateTimeOffset oldest = _time.GetUtcNow() - PendingMax;
        if (_document.Nodes.Any(node => node.State == NodeState.Pending && node.Asked < oldest))
        {
            Save(_document with { Nodes = [.. _document.Nodes.Where(node => node.State != NodeState.Pending || node.Asked >= oldest)] });
        }
    }

    private void Put(NodeRecord node, RegistryDocument document) => Save(document with { Nodes = [.. document.Nodes.Where(other => other.Id != node.Id), node] });

    // What is not on the disk has not happened.
    private void Save(RegistryDocument document)
    {
        _state.Replace(FileName, JsonSerializer.SerializeToUtf8Bytes(document, RegistryJson.Default.RegistryDocument));
        _document = document;
    }
}
