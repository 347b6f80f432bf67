namespace GatewayOS.Appliance.Updates;

/// <summary>What a slot can be marked as.</summary>
public enum SlotMark
{
    /// <summary>It works: the boot loader's count of attempts begins anew.</summary>
    Good,

    /// <summary>It is not to be started.</summary>
    Bad,
}

/// <summary>One of the places that hold a system to start.</summary>
/// <param name="Name">Its name, as <c>rootfs.0</c>.</param>
/// <param name="BootName">What the boot loader calls it, as <c>A</c>.</param>
/// <param name="IsBooted">True for the one that runs.</param>
/// <param name="IsGood">Whether the boot loader may start it; null when that is not known.</param>
/// <param name="Version">Version of the bundle that was installed there; empty for one that came with the image.</param>
/// <param name="Compatible">What that bundle says it is for; empty likewise.</param>
/// <param name="IsWhole">True when the last installation there was ended.</param>
/// <param name="Installs">How many installations there were ended.</param>
/// <param name="Installed">When the last one was; null when there was none.</param>
public sealed record SystemSlot(string Name, string BootName, bool IsBooted, bool? IsGood, string Version, string Compatible, bool IsWhole, long Installs, DateTimeOffset? Installed)
{
    /// <summary>Why the machine itself gave it up before this start, in its words without a full stop; empty when it did not, or cannot say.</summary>
    public string Why { get; init; } = "";
}

/// <summary>How the slots are at one moment.</summary>
/// <param name="Problem">Why it cannot be said; empty when it can.</param>
/// <param name="Compatible">What bundles have to be for.</param>
/// <param name="IsInstalling">True while something is being installed, whoever ordered it.</param>
/// <param name="Primary">Name of the slot that is started next; empty when not known.</param>
/// <param name="Slots">The slots.</param>
public sealed record SlotsReading(string Problem, string Compatible, bool IsInstalling, string Primary, IReadOnlyList<SystemSlot> Slots)
{
    /// <summary>The slot that runs; null when none is known to.</summary>
    public SystemSlot? Booted => Slots.FirstOrDefault(slot => slot.IsBooted);

    /// <summary>The slot that the next installation goes to; null when there is none.</summary>
    public SystemSlot? Other => Booted is { } booted ? Slots.FirstOrDefault(slot => slot.Name != booted.Name) : null;

    /// <summary>Finds a slot.</summary>
    public SystemSlot? Find(string name) => Slots.FirstOrDefault(slot => slot.Name == name);

    /// <summary>Nothing is known.</summary>
    public static SlotsReading Unknown(string problem) => new(problem, "", IsInstalling: false, "", []);
}

/// <summary>What a bundle says of itself, its signature having been checked.</summary>
/// <param name="Compatible">What it is for.</param>
/// <param name="Version">Its version.</param>
/// <param name="Problem">Why it cannot be used: not signed by a key that is trusted, altered, incomplete, unreadable; empty when it can.</param>
public sealed record BundleFacts(string Compatible, string Version, string Problem)
{
    /// <summary>True when its signature is good.</summary>
    public bool IsTrusted => Problem.Length == 0;

    /// <summary>It cannot be used.</summary>
    public static BundleFacts Refused(string problem) => new("", "", problem);
}

/// <summary>What came of something that was to be done to slots.</summary>
/// <param name="IsDone">True when it was done.</param>
/// <param name="Problem">Why it was not.</param>
public readonly record struct SlotAnswer(bool IsDone, string Problem)
{
    /// <summary>It was done.</summary>
    public static SlotAnswer Done { get; } = new(true, "");

    /// <summary>It was not.</summary>
    public static SlotAnswer Failed(string problem) => new(false, problem);
}

/// <summary>How far an installation is.</summary>
/// <param name="Percent">0 to 100.</param>
/// <param name="Step">What is done, in words.</param>
public sealed record InstallProgress(int Percent, string Step);

/// <summary>
/// The slots that a system is started from, as an adapter reaches them. Whether something may be done is decided above it; below is only how.
/// Thread-safe; calls may take seconds, an installation minutes.
/// </summary>
public interface ISystemSlots : IDisposable
{
    /// <summary>Reads everything. Never throws for what is not there: the reading says it.</summary>
    SlotsReading Read();

    /// <summary>Checks a bundle's signature and says what it is. Changes nothing.</summary>
    /// <param name="file">The bundle, an absolute path.</param>
    BundleFacts Inspect(string file);

    /// <summary>Installs a bundle into the slot that does not run, and has that one started next. Returns when it has ended.</summary>
    /// <param name="file">The bundle, an absolute path.</param>
    /// <param name="progress">Told how far it is.</param>
    /// <param name="cancellation">Ends the waiting; what was begun goes on.</param>
    SlotAnswer Install(string file, Action<InstallProgress> progress, CancellationToken cancellation);

    /// <summary>Marks a slot, by its name.</summary>
    SlotAnswer Mark(SlotMark mark, string slot);
}
