using System.Security.Cryptography.X509Certificates;
using System.Text;
using GatewayOS.Api.Tokens;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Audit;
using GatewayOS.Appliance.Catalogue;
using GatewayOS.Appliance.Fleet;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Keys;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Power;
using GatewayOS.Appliance.Settings;
using GatewayOS.Certificates;
using GatewayOS.Cloud.Vault;
using GatewayOS.Daemon.Fleet;
using GatewayOS.Hardware.Profiles;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Locks;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Tuning;

namespace GatewayOS.Daemon.Hosting;

/// <summary>Everything of an appliance that lives as long as the process, put together.</summary>
internal sealed class ApplianceHost : IDisposable
{
    /// <summary>File with the first operator's login token, until it is used or expires.</summary>
    public const string FirstLoginFile = "first-login-token";

    private static readonly TimeSpan s_serverCertificateLifetime = TimeSpan.FromDays(90);
    private static readonly TimeSpan s_firstLoginLifetime = TimeSpan.FromDays(7);

    private readonly TimeProvider _time;
    private readonly LocalJobs _localJobs;
    private readonly Lock _certificateGate = new();
    private readonly SnapshotCache _knownSnapshots = new();
    private X509Certificate2? _serverCertificate;

    public ApplianceHost(DaemonOptions options, TimeProvider time, Action<string> warn)
    {
        Options = options;
        Machine = DmiStrings.Read();
        Profile = Machine.Choose(options.Profile);
        if (options.VirtualArray && !(Profile is { IsVirtual: true, Match: null, Storage.Bays.Count: > 0 }))
        {
            throw new InvalidDataException($"--virtual-array pretends disks, and the profile '{Profile.Model}' has real bays or none. Leave it out, or choose a virtual profile, as --profile dev.");
        }

        State = new StateDirectory(options.StateDirectory);
        Settings = new ApplianceSettings(State, options.Name);
        _time = time = new ApplianceTime(time, Settings);
        Started = time.GetUtcNow();
        NodeRegistry.Prepare(State);
        Authority = CertificateAuthority.OpenOrCreate(State, Name, time);
        Registry = new NodeRegistry(State, Authority, new ApplianceLimits(Profile.Title, Profile.Limits.Nodes), time, options.CertificateLifetime);
        Accounts = new AccountRegistry(State, time);
        Audit = new AuditLog(State, time);
        Holds = new SnapshotHolds(State, time);
        Delivery = DeliverySettings.Load(State);
        Membership = new FleetMembershipFile(State);
        FleetRules = new FleetRulesFile(State);
        Commands = new CommandLedger(State.PathOf("fleet.db"), time);
        Alerts = new AlertCentre(State.PathOf("alerts.db"), Name, Subscriptions, warn, time);
        StoreKey = FindOrMakeKey();
        StoreId = OpenOrCreateStore();
        Store = new StoreHost(OpenStore, new WriterOptions { Workers = Tuning.WorkerThreads, Time = time }, time);
        Sessions = new IngestSessions(Store, State.PathOf("ledgers"), time);
        Catalogue = new SnapshotCatalogue(State.PathOf("catalogue/catalogue.db"), StoreId);
        Policies = new PolicyBook(State, time);
        Guard = new SnapshotGuard(new SnapshotWatch(Alerts, Holds), new LockWatch(State, new MachineClock(time), Alerts), NameOf);
        Vaults = new VaultJobs(options.StoreDirectory, OpenStore, VaultFile.OfMachine, time);
        Speed = new SpeedRecord(State, options.StoreDirectory, time);
        Rehearsals = new VaultDrill(Vaults, disk => BackupStore.Open(disk, StoreKey.Secret, new OpenOptions { Purpose = "rehearsal", Time = time }), time);
        _localJobs = new LocalJobs(Store, OpenStore, Policies, Holds, Guard, Vaults, Rehearsals, Speed, time);
        var runner = new JobRunner(Connections, Store, _localJobs);
        Jobs = new JobEngine(State.PathOf("jobs"), Policies, runner, JobLimits.Of(Profile.Limits.Nodes), id => Registry.Find(id) is { State: NodeState.Active }, time) { HasVaults = () => Vaults.Any };
        _localJobs.Engine = Jobs;
        Rights = new RestoreRights(State.PathOf("restores"), Jobs);
        Rights.Clear();
        Settings.Changed += TakeSettings;
        MakeFirstLogin();
    }

    public DaemonOptions Options { get; }

    /// <summary>What people set of it as a whole.</summary>
    public ApplianceSettings Settings { get; }

    /// <summary>Its name for people.</summary>
    public string Name => Settings.Name;

    public HardwareProfile Profile { get; }

    /// <summary>The copies of the store in other places.</summary>
    public VaultJobs Vaults { get; }

    /// <summary>How fast the store is, as measured.</summary>
    public SpeedRecord Speed { get; }

    /// <summary>Restores from them, rehearsed.</summary>
    public VaultDrill Rehearsals { get; }

    /// <summary>What the machine's firmware says it is.</summary>
    public DmiStrings Machine { get; }

    /// <summary>True when the profile is this machine's, or the machine runs the appliance's image: then it is ours to turn off.</summary>
    public bool IsOwnMachine => Machine.Fits(Profile.Match) || KernelCommandLine.IsOfImage;

    /// <summary>Stands before every acknowledgement of a snapshot.</summary>
    public CommitGate Gate { get; } = new();

    public StateDirectory State { get; }

    public DateTimeOffset Started { get; }

    public CertificateAuthority Authority { get; }

    public NodeRegistry Registry { get; }

    public AccountRegistry Accounts { get; }

    public AuditLog Audit { get; }

    public SnapshotHolds Holds { get; }

    public AlertCentre Alerts { get; }

    /// <summary>Who is told of alerts.</summary>
    public DeliverySettings Delivery { get; }

    /// <summary>The appliance's place in a fleet.</summary>
    public FleetMembershipFile Membership { get; }

    /// <summary>What the control plane may not.</summary>
    public FleetRulesFile FleetRules { get; }

    /// <summary>The control plane's commands.</summary>
    public CommandLedger Commands { get; }

    public StoreHost Store { get; }

    public IngestSessions Sessions { get; }

    public SnapshotCatalogue Catalogue { get; }

    public NodeConnections Connections { get; } = new();

    public PolicyBook Policies { get; }

    /// <summary>Looks after each commit, and before anything is forgotten.</summary>
    public SnapshotGuard Guard { get; }

    public JobEngine Jobs { get; }

    public RestoreRights Rights { get; }

    public string StoreId { get; }

    /// <summary>What opens the store, held from the start on: a TPM is asked once.</summary>
    public StoreKey StoreKey { get; }

    public TimeProvider Time => _time;

    /// <summary>The appliance's own certificate, made anew well before it expires.</summary>
    public X509Certificate2 ServerCertificate()
    {
        lock (_certificateGate)
        {
            if (_serverCertificate is null || CertificateAuthority.Expiry(_serverCertificate) - _time.GetUtcNow() < s_serverCertificateLifetime / 3)
            {
                _serverCertificate = Authority.IssueServer([Environment.MachineName, "localhost", "127.0.0.1", "::1"], s_serverCertificateLifetime);
            }

            return _serverCertificate;
        }
    }

    /// <summary>Makes a token.</summary>
    public (string Text, DateTimeOffset Expires) NewToken(TimeSpan lifetime, bool forOperator, string note)
    {
        var token = EnrolmentToken.Create(Authority.KeyHash);
        return (token.ToText(), Registry.AddToken(token.Id, token.Secret, lifetime, forOperator, note).Expires);
    }

    /// <summary>How each enrolled node is protected now. Reads the store.</summary>
    public IReadOnlyList<Protection> Protections()
    {
        ILookup<string, SnapshotRecord> snapshots;
        using (StoreLease lease = Store.Lease())
        {
            snapshots = lease.Store.KnownSnapshots().ToLookup(record => record.Draft.NodeId, StringComparer.Ordinal);
        }

        IReadOnlyList<JobRecord> jobs = Jobs.Jobs;
        DateTimeOffset now = _time.GetUtcNow();
        return [.. Registry.Nodes.Where(node => node.State == NodeState.Active).Select(node => Protection.Of(node, Policies, [.. snapshots[node.Id]], jobs, now))];
    }

    /// <summary>Ends accounts, logins and tokens, and makes a first login token as a new appliance has one. Nothing else changes.</summary>
    public void ResetAccess()
    {
        Accounts.RemoveAll();
        Registry.RevokeOperators();
        WriteFirstLogin();
    }

    /// <summary>A node's name; its ID when it was removed.</summary>
    public string NameOf(string nodeId) => Registry.Find(nodeId)?.Name ?? nodeId;

    /// <summary>Opens the store once more, for one use; the caller's.</summary>
    public BackupStore OpenStore() => BackupStore.Open(new PosixDisk(Options.StoreDirectory), StoreKey.Secret, new OpenOptions { Purpose = "gatewayd", ReadAheadBytes = Tuning.ReadAheadBytes, Time = _time, KnownSnapshots = _knownSnapshots });

    public void Dispose()
    {
        _localJobs.Dispose();
        Connections.Dispose();
        Sessions.Dispose();
        Catalogue.Dispose();
        Store.Dispose();
        Audit.Dispose();
        Alerts.Dispose();
        Commands.Dispose();
        Authority.Dispose();
        _serverCertificate?.Dispose();
        StoreKey.Forget();
    }

    // The control plane hears everything: what matters to whom is said there.
    private IReadOnlyList<AlertSubscription> Subscriptions() =>
        Membership.Current is null ? Delivery.Subscriptions : [.. Delivery.Subscriptions, new AlertSubscription(LinkConversation.Receiver, AlertSeverity.Info)];

    // Where no zone is said, policies go by the appliance's.
    private void TakeSettings()
    {
        Alerts.ApplianceName = Name;
        Policies.Reread();
    }

    private string OpenOrCreateStore()
    {
        if (!StoreKeys.HasStore(Options.StoreDirectory))
        {
            Directory.CreateDirectory(Options.StoreDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            using BackupStore made = BackupStore.Create(new PosixDisk(Options.StoreDirectory), new StoreOptions(), StoreKey.Secret, StoreKeys.SlotLabel, new OpenOptions { Purpose = "init", Time = _time });
            return made.StoreId;
        }

        using BackupStore store = OpenStore();
        return store.StoreId;
    }

    private PipelineTuning Tuning => TuningFile.OfMachine.Read(Options.StoreDirectory).Effective;

    // The key is durable before anything is encrypted with it.
    private StoreKey FindOrMakeKey()
    {
        StoreKeyKeeper keeper = StoreKeys.Keeper(Options.StateDirectory, Options.StoreDirectory, Options.Tpm);
        return keeper.Load()
            ?? (StoreKeys.HasStore(Options.StoreDirectory)
                ? throw new StoreUnusableException($"The store's key {State.PathOf(StoreKeyKeeper.PlainFile)} is missing. Put the key file back; or make a new key with the recovery key: 'gatewayd unlock', 'u' on the appliance's console.")
                : keeper.Keep(KeyFile.Generate()));
    }

    // Whoever can read the state directory is the appliance's owner: the first operator comes in that way, as on a machine's console.
    private void MakeFirstLogin()
    {
        if (State.Read(FirstLoginFile) is null)
        {
            WriteFirstLogin();
        }
    }

    private void WriteFirstLogin() => State.Replace(FirstLoginFile, Encoding.ASCII.GetBytes(NewToken(s_firstLoginLifetime, forOperator: true, "first login").Text + "\n"));
}
