using System.Globalization;

namespace GatewayOS.Appliance.Raid;

/// <summary>How an array is, best first. The names are part of the API.</summary>
public enum ArrayState
{
    /// <summary>All members have all their data.</summary>
    Optimal,

    /// <summary>All is read, to see whether it fits together.</summary>
    Checking,

    /// <summary>The last check found parity that does not fit its data.</summary>
    Mismatch,

    /// <summary>A member is being filled.</summary>
    Rebuilding,

    /// <summary>Members are missing, and nothing fills their place.</summary>
    Degraded,

    /// <summary>More is missing than the array survives, or it does not run.</summary>
    Failed,

    /// <summary>It cannot be said.</summary>
    Unknown,
}

/// <summary>What an array's facts mean. Pure: the same reading gives the same answer.</summary>
/// <param name="State">How it is.</param>
/// <param name="Survives">How many further members may fail, whichever they are; <see cref="Redundancy.Lost"/> when too many have; null when not known.</param>
/// <param name="Progress">Share that a running rebuild or check has done, 0 to 1; null while none runs or when it is not known.</param>
/// <param name="BytesPerSecond">Its pace, of each member; null likewise.</param>
/// <param name="TimeLeft">How long it takes at this pace; null likewise.</param>
/// <param name="Disagreements">Where udisks2 and the kernel differ, one sentence each.</param>
/// <param name="Note">What else there is to say; empty for nothing.</param>
public sealed record ArrayHealth(ArrayState State, int? Survives, double? Progress, long? BytesPerSecond, TimeSpan? TimeLeft, IReadOnlyList<string> Disagreements, string Note)
{
    /// <summary>Says how an array is. The kernel's word counts: udisks2 hears of changes up to two seconds late (udisks issue 613).</summary>
    public static ArrayHealth Of(ArrayReading array)
    {
        if (array.Controller is { } controller)
        {
            return OfController(controller);
        }

        List<string> disagreements = Disagree(array);
        if (array.Kernel is not { } kernel)
        {
            return new ArrayHealth(ArrayState.Unknown, null, null, null, null, disagreements, "The kernel does not show this array.");
        }

        int? survives = Redundancy.Survives(array.Level, kernel.Layout, array.Slots, array.SlotsInSync);
        if (kernel.SyncAction == "resync" && survives > 0)
        {
            // Copies or parity are not made yet, so they help nobody.
            survives = 0;
        }

        (double? progress, long? pace, TimeSpan? left) = ProgressOf(kernel);
        ArrayState state = StateOf(array, kernel, survives);
        string note = state switch
        {
            ArrayState.Failed when kernel.ArrayState is "inactive" or "clear" => "It is not running.",
            ArrayState.Unknown => $"The level '{array.Level}' is not known.",
            ArrayState.Mismatch => MismatchNote(kernel),
            _ when kernel.MismatchSectors > 0 && kernel.SyncAction != "check" && !Redundancy.HasParity(array.Level) =>
                $"{MismatchNote(kernel)} With mirrors that happens to memory that changes while it is written, and is no damage by itself.",
            _ => "",
        };
        return new ArrayHealth(state, survives, progress, pace, left, disagreements, note);
    }

    /// <summary>The state as the API writes it.</summary>
    public static string Word(ArrayState state) => state.ToString().ToLowerInvariant();

    // A member that keeps its slot and has failed is one whose device is gone, which md has not noticed yet.
    private static ArrayState StateOf(ArrayReading array, KernelView kernel, int? survives) => kernel switch
    {
        { ArrayState: "inactive" or "clear" } => ArrayState.Failed,
        _ when survives == Redundancy.Lost => ArrayState.Failed,
        _ when survives is null => ArrayState.Unknown,
        { SyncAction: "recover" or "resync" or "reshape" } => ArrayState.Rebuilding,
        _ when kernel.Degraded > 0 || array.Members.Any(member => member is { State: MemberState.Faulty, Slot: >= 0 }) => ArrayState.Degraded,
        { SyncAction: "check" or "repair" } => ArrayState.Checking,
        { MismatchSectors: > 0 } when Redundancy.HasParity(array.Level) => ArrayState.Mismatch,
        _ => ArrayState.Optimal,
    };

    private static string MismatchNote(KernelView kernel) => string.Create(CultureInfo.InvariantCulture, $"The last check counted {kernel.MismatchSectors} sectors that do not fit together.");

    private static (double? Progress, long? Pace, TimeSpan? Left) ProgressOf(KernelView kernel)
    {
        if (kernel.SyncTotalBytes <= 0)
        {
            return (null, null, null);
        }

        double progress = Math.Clamp((double)kernel.SyncDoneBytes / kernel.SyncTotalBytes, 0, 1);
        TimeSpan? left = kernel.SyncBytesPerSecond > 0 ? TimeSpan.FromSeconds((kernel.SyncTotalBytes - kernel.SyncDoneBytes) / (double)kernel.SyncBytesPerSecond) : null;
        return (progress, kernel.SyncBytesPerSecond, left);
    }

    private static List<string> Disagree(ArrayReading array)
    {
        var found = new List<string>();
        if (array is { Bus: { } bus, Kernel: { } kernel })
        {
            if (bus.Degraded != kernel.Degraded)
            {
                found.Add($"udisks2 counts {bus.Degraded} missing members, the kernel {kernel.Degraded}.");
            }

            if (bus.SyncAction != kernel.SyncAction)
            {
                found.Add($"udisks2 says '{bus.SyncAction}' goes on, the kernel '{kernel.SyncAction}'.");
            }
        }
        else if (array.Bus is not null)
        {
            found.Add("udisks2 shows this array, the kernel does not.");
        }

        return found;
    }

    // The controller's own states: optimal, degraded, partially degraded (a RAID 6 or 10 that still survives one), offline, in recovery.
    private static ArrayHealth OfController(ControllerView controller)
    {
        ArrayState state = controller.State switch
        {
            _ when controller.Activity.Length > 0 && controller.State is "Optl" => ArrayState.Checking,
            "Optl" => ArrayState.Optimal,
            "Dgrd" or "Pdgd" or "Rec" when controller.Activity.Length > 0 => ArrayState.Rebuilding,
            "Dgrd" or "Pdgd" => ArrayState.Degraded,
            "Rec" => ArrayState.Rebuilding,
            "OfLn" => ArrayState.Failed,
            _ => ArrayState.Unknown,
        };
        int? survives = controller.State switch { "Dgrd" => 0, "OfLn" => Redundancy.Lost, _ => null };
        return new ArrayHealth(state, survives, null, null, null, [], state == ArrayState.Unknown ? $"The controller calls its state '{controller.State}'." : controller.Activity);
    }
}
