namespace GatewayOS.Appliance.Alerts;

/// <summary>What an alert is about. The names are part of the API and of stored alerts; none is renamed.</summary>
public enum AlertKind
{
    /// <summary>A job failed.</summary>
    JobFailed,

    /// <summary>A node has had no backup for too long.</summary>
    BackupOverdue,

    /// <summary>The store's disk will be full before long.</summary>
    CapacityForecast,

    /// <summary>Stored data is damaged.</summary>
    StoreDamage,

    /// <summary>The appliance's clock or a node's is wrong.</summary>
    ClockDrift,

    /// <summary>A certificate expires soon.</summary>
    CertificateExpiry,

    /// <summary>A node's backup is far off its own history, as after encryption by ransomware.</summary>
    Anomaly,

    /// <summary>A restore drill failed or broke its promise.</summary>
    DrillFailed,

    /// <summary>Somebody has taken a retention lock off, or a locked restore point.</summary>
    LockTampering,

    /// <summary>Power failed, or the line that announces it is wrong.</summary>
    PowerFailure,

    /// <summary>A power supply delivers nothing.</summary>
    PowerSupply,

    /// <summary>The machine runs on an uninterruptible supply's battery.</summary>
    Ups,

    /// <summary>It is too hot.</summary>
    Temperature,

    /// <summary>A fan is too slow.</summary>
    Fan,

    /// <summary>A sensor cannot be read.</summary>
    SensorLost,

    /// <summary>A part of the front panel is gone.</summary>
    FrontPanel,

    /// <summary>An array has lost members.</summary>
    RaidDegraded,

    /// <summary>A check of an array found parity that does not fit its data.</summary>
    RaidMismatch,

    /// <summary>How an array is cannot be said.</summary>
    RaidUnclear,

    /// <summary>A disk is likely to fail.</summary>
    DiskFailing,

    /// <summary>Another disk was pulled than the one to be replaced.</summary>
    WrongDiskPulled,

    /// <summary>A power cut would lose what is in the write cache of the RAID controller.</summary>
    CacheUnprotected,

    /// <summary>The tunnel to the cloud carries nothing, or not as it should.</summary>
    Tunnel,

    /// <summary>An update was not installed or not kept.</summary>
    Update,

    /// <summary>The store's key is not as well kept as it could be.</summary>
    StoreKey,

    /// <summary>A technician can get in to the system below gatewayd.</summary>
    ServiceAccess,

    /// <summary>A test of delivery, raised by an operator.</summary>
    Test,
}

/// <summary>How bad it is, least first.</summary>
public enum AlertSeverity
{
    /// <summary>Good to know.</summary>
    Info,

    /// <summary>Somebody should look within days.</summary>
    Warning,

    /// <summary>Somebody should look now.</summary>
    Critical,
}

/// <summary>Something that people should know of.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Subject">What has it: a node's ID, <c>store</c>, <c>appliance</c> … With <paramref name="Kind"/> it makes the key by which repetitions are recognised.</param>
/// <param name="Summary">What happened, one sentence; it may differ from one repetition to the next.</param>
/// <param name="Remedy">What to do next, one sentence.</param>
public sealed record AlertEvent(AlertKind Kind, AlertSeverity Severity, string Subject, string Summary, string Remedy);

/// <summary>
/// Where parts of the appliance raise alerts. Implementations are thread-safe, return without waiting for any delivery, and never throw for a
/// reason that the raiser could do something about: an alert that cannot be kept must not fail the job that raised it.
/// </summary>
public interface IAlertSink
{
    /// <summary>Raises an alert. One with the same kind and subject that is not cleared yet is counted up and renewed, not made a second time.</summary>
    void Raise(AlertEvent alert);

    /// <summary>Says that the reason is gone. Does nothing when there is no such alert.</summary>
    /// <param name="kind">What it was about.</param>
    /// <param name="subject">What had it.</param>
    void Clear(AlertKind kind, string subject);
}
