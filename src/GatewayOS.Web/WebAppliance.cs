using GatewayOS.Api;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.DisasterRecovery;
using GatewayOS.Appliance.Ingest;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Nodes;
using GatewayOS.Appliance.Panel;
using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Raid;
using GatewayOS.Appliance.Settings;
using GatewayOS.Web.Logs;
using GatewayOS.Web.Overview;
using GatewayOS.Web.Panel;
using GatewayOS.Web.Transcoding;
using Grpc.Core.Interceptors;

namespace GatewayOS.Web;

/// <summary>Checks a login: account, password, code (empty for none), peer.</summary>
public delegate Task<AccountResult<AccountRecord>> CheckLogin(string account, string password, string code, string peer);

/// <summary>Threads for work that blocks on disks, served in the order of coming.</summary>
public interface IBlockingWorkers
{
    /// <summary>Runs a function on one of the threads.</summary>
    Task<T> RunAsync<T>(Func<T> function);
}

/// <summary>The appliance that a page is served for: its parts, borrowed, and what only the program that puts them together knows.</summary>
public sealed record WebAppliance
{
    /// <summary>Its name and time zone.</summary>
    public required ApplianceSettings Settings { get; init; }

    /// <summary>Its model for people.</summary>
    public required string Model { get; init; }

    /// <summary>Directory of its store: whose disk fills.</summary>
    public required string StoreDirectory { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Accounts.</summary>
    public required AccountRegistry Accounts { get; init; }

    /// <summary>Nodes and operators.</summary>
    public required NodeRegistry Registry { get; init; }

    /// <summary>The audit log.</summary>
    public required Appliance.Audit.AuditLog Audit { get; init; }

    /// <summary>Policies.</summary>
    public required PolicyBook Policies { get; init; }

    /// <summary>Jobs.</summary>
    public required JobEngine Jobs { get; init; }

    /// <summary>Alerts.</summary>
    public required AlertCentre Alerts { get; init; }

    /// <summary>The store.</summary>
    public required StoreHost Store { get; init; }

    /// <summary>Backups in progress.</summary>
    public required IngestSessions Sessions { get; init; }

    /// <summary>The front panel.</summary>
    public required IFrontPanel Panel { get; init; }

    /// <summary>What the panel looks like.</summary>
    public required PanelDrawing Drawing { get; init; }

    /// <summary>Arrays and disks as of the last look.</summary>
    public required Func<RaidStatus> Raid { get; init; }

    /// <summary>Copies of the store in other places; null when which there are cannot be read. May read files.</summary>
    public required Func<IReadOnlyList<StoreCopy>?> Copies { get; init; }

    /// <summary>The tunnel; null when none is configured.</summary>
    public required Func<OverviewTunnel?> Tunnel { get; init; }

    /// <summary>Whether a node is connected, by its ID.</summary>
    public required Func<string, bool> IsConnected { get; init; }

    /// <summary>A job as it travels.</summary>
    public required Func<JobRecord, JobMessage> JobMessage { get; init; }

    /// <summary>Checks who logs in.</summary>
    public required CheckLogin CheckLogin { get; init; }

    /// <summary>Puts on record that an account has come in: account and peer.</summary>
    public required Action<AccountRecord, string> NoteLogin { get; init; }

    /// <summary>Makes an account, with its password stretched where that may take long.</summary>
    public required Func<string, Role, string, Task<AccountResult<AccountRecord>>> AddAccount { get; init; }

    /// <summary>What stands before every call, the outermost first: who calls, whether that one may, and the record of it.</summary>
    public required IReadOnlyList<Interceptor> Gates { get; init; }

    /// <summary>The services that browsers may call.</summary>
    public required IReadOnlyList<TranscodedService> Services { get; init; }

    /// <summary>Threads for reading the store.</summary>
    public required IBlockingWorkers Workers { get; init; }

    /// <summary>The newest lines of the log, oldest first.</summary>
    public required Func<IReadOnlyList<LogLine>> Log { get; init; }

    /// <summary>How many lines of the log are kept at most.</summary>
    public required int LogLinesKept { get; init; }

    /// <summary>Told what went wrong that nobody asked for.</summary>
    public required Action<string> Warn { get; init; }
}
