using System.Text.Json.Serialization;

namespace GatewayOS.Appliance.Raid;

/// <summary>Steps of replacing a disk, in their order. The names are part of the API and of the stored record; none is renamed.</summary>
public enum ReplacementStep
{
    /// <summary>The bay's light is on; somebody has to confirm that this disk is meant.</summary>
    Confirm,

    /// <summary>Somebody has to pull the disk. It stays in the array until then: so the array survives that another one is pulled.</summary>
    AwaitingPull,

    /// <summary>The array is rid of the disk that was pulled.</summary>
    Removing,

    /// <summary>Somebody has to put in a new one.</summary>
    AwaitingDisk,

    /// <summary>The new disk is being put into the array.</summary>
    Adding,

    /// <summary>The new disk is being filled.</summary>
    Rebuilding,

    /// <summary>Everything is read once.</summary>
    Checking,

    /// <summary>All is done.</summary>
    Done,

    /// <summary>It was called off.</summary>
    Cancelled,

    /// <summary>It could not be done.</summary>
    Failed,
}

/// <summary>A step that was reached.</summary>
/// <param name="Step">The step.</param>
/// <param name="Time">When.</param>
/// <param name="Note">What led to it.</param>
public sealed record ReplacementEvent(ReplacementStep Step, DateTimeOffset Time, string Note);

/// <summary>A disk that has to stay where it is while another is replaced.</summary>
/// <param name="Serial">Its serial number.</param>
/// <param name="Slot">Its slot in the array.</param>
/// <param name="Bay">Its bay; null when unknown.</param>
public sealed record KeptDisk(string Serial, int Slot, int? Bay);

/// <summary>The replacement of a disk, as it is kept. Whatever happens to gatewayd, it goes on from here.</summary>
public sealed record DiskReplacement
{
    /// <summary>Its number, from 1.</summary>
    public required int Id { get; init; }

    /// <summary>The array's ID.</summary>
    public required string ArrayId { get; init; }

    /// <summary>The array's name.</summary>
    public required string ArrayName { get; init; }

    /// <summary>Slot whose disk is replaced.</summary>
    public required int Slot { get; init; }

    /// <summary>Serial number of the disk that goes; empty when it is gone and not known.</summary>
    public string OldSerial { get; init; } = "";

    /// <summary>Its model.</summary>
    public string OldModel { get; init; } = "";

    /// <summary>Its device; empty when it is gone.</summary>
    public string OldDevice { get; init; } = "";

    /// <summary>Its bay; null when not known: then any disk that was not there before may be the new one.</summary>
    public int? Bay { get; init; }

    /// <summary>Serial numbers of the disks that were there when it began, and cannot be the new one in an unknown bay.</summary>
    public IReadOnlyList<string> SerialsBefore { get; init; } = [];

    /// <summary>The array's other disks: whoever pulls one of them has pulled the wrong one.</summary>
    public IReadOnlyList<KeptDisk> Others { get; init; } = [];

    /// <summary>Bytes that the new disk needs.</summary>
    public long BytesMin { get; init; }

    /// <summary>Where it stands.</summary>
    public ReplacementStep Step { get; init; }

    /// <summary>What somebody has to do, or what is waited for.</summary>
    public string Instruction { get; init; } = "";

    /// <summary>What stands in the way; empty for nothing.</summary>
    public string Problem { get; init; } = "";

    /// <summary>The verdict on pulling, when it began.</summary>
    public string Verdict { get; init; } = "";

    /// <summary>Its proof.</summary>
    public IReadOnlyList<string> Proof { get; init; } = [];

    /// <summary>Serial number of the new disk, once it is accepted.</summary>
    public string NewSerial { get; init; } = "";

    /// <summary>Serial number of a disk whose content an operator has given up.</summary>
    public string MayOverwrite { get; init; } = "";

    /// <summary>The wrong disk that was pulled and has not all its data yet; null for none.</summary>
    public KeptDisk? Wrong { get; init; }

    /// <summary>True once the closing check was begun.</summary>
    public bool CheckBegun { get; init; }

    /// <summary>How often what this step does failed in a row.</summary>
    public int Failures { get; init; }

    /// <summary>Before then nothing is tried again.</summary>
    public DateTimeOffset NotBefore { get; init; }

    /// <summary>Who ordered it.</summary>
    public string OrderedBy { get; init; } = "";

    /// <summary>The steps so far.</summary>
    public IReadOnlyList<ReplacementEvent> History { get; init; } = [];

    /// <summary>True when nothing more comes.</summary>
    [JsonIgnore]
    public bool IsEnded => Step is ReplacementStep.Done or ReplacementStep.Cancelled or ReplacementStep.Failed;

    /// <summary>Steps to another one, with a note in the history.</summary>
    public DiskReplacement At(ReplacementStep step, DateTimeOffset now, string note) =>
        this with { Step = step, Problem = "", Failures = 0, NotBefore = default, History = [.. History, new ReplacementEvent(step, now, note)] };
}

/// <summary>What is to be done to the array for a replacement.</summary>
public abstract record ReplacementOrder
{
    private ReplacementOrder()
    {
    }

    /// <summary>Take a member out.</summary>
    public sealed record Remove(string Device) : ReplacementOrder;

    /// <summary>Put a disk in.</summary>
    public sealed record Add(string Device) : ReplacementOrder;

    /// <summary>Put the wrong disk in again.</summary>
    public sealed record Return(string Device) : ReplacementOrder;

    /// <summary>Begin the closing check.</summary>
    public sealed record Check : ReplacementOrder;
}

/// <summary>What a look at a replacement came to.</summary>
/// <param name="Next">How it stands now; to be kept before the order is carried out.</param>
/// <param name="Order">What is to be done; null for nothing. Doing it twice does no harm.</param>
public readonly record struct ReplacementMove(DiskReplacement Next, ReplacementOrder? Order);
