using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Power;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Updates;

/// <summary>What came of a look at the system that runs.</summary>
/// <param name="IsGood">True when it is to be kept.</param>
/// <param name="IsFinal">True when looking again cannot change that.</param>
/// <param name="Detail">What was found, in words.</param>
public readonly record struct CheckVerdict(bool IsGood, bool IsFinal, string Detail);

/// <summary>What the engine needs of everything around it; all of it borrowed.</summary>
public sealed record UpdateSurroundings
{
    /// <summary>The slots.</summary>
    public required ISystemSlots Slots { get; init; }

    /// <summary>Where the ledger is kept.</summary>
    public required StateDirectory State { get; init; }

    /// <summary>Told what went wrong.</summary>
    public required IAlertSink Alerts { get; init; }

    /// <summary>Restarts.</summary>
    public required IMachine Machine { get; init; }

    /// <summary>Names this run of the machine.</summary>
    public required string BootId { get; init; }

    /// <summary>Version of the system that runs, where its slot does not tell.</summary>
    public required string Version { get; init; }

    /// <summary>What is wrong with the arrays, in a sentence; empty for nothing.</summary>
    public required Func<string> ArrayProblem { get; init; }

    /// <summary>Looks whether the system that runs is to be kept: whether the service answers, the arrays are well, and real data can be restored. May take minutes.</summary>
    public required Func<CancellationToken, CheckVerdict> Check { get; init; }

    /// <summary>Told what happens, for the log.</summary>
    public required Action<string> Log { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }
}

/// <summary>What somebody wants installed.</summary>
/// <param name="File">The bundle, an absolute path.</param>
/// <param name="Origin">Where it came from, for people.</param>
/// <param name="By">Who wants it.</param>
/// <param name="AllowsDowngrade">True when an earlier version is wanted.</param>
/// <param name="Restarts">True to restart when it is installed.</param>
public sealed record UpdateWish(string File, string Origin, string By, bool AllowsDowngrade, bool Restarts)
{
    /// <summary>Called when an installation that was begun has ended and its bundle is needed no more; null for nothing.</summary>
    public Action? Release { get; init; }
}

/// <summary>How updates stand.</summary>
/// <param name="Slots">The slots as of the last look.</param>
/// <param name="Running">Version of the system that runs.</param>
/// <param name="Attempts">The ledger, oldest first.</param>
/// <param name="Progress">How far the installation is; null while there is none.</param>
/// <param name="Note">What holds it up; empty for nothing.</param>
public sealed record UpdateStatus(SlotsReading Slots, string Running, IReadOnlyList<UpdateAttempt> Attempts, InstallProgress? Progress, string Note);
