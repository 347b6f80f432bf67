namespace GatewayOS.Hardware.Profiles;

/// <summary>LEDs, and what they show. After SFF-8489 (IBPI), with groups as OpenBMC has them.</summary>
/// <param name="Lines">The LEDs; null for none.</param>
/// <param name="Patterns">Blinking, by name; null for none.</param>
/// <param name="Groups">What shows what; null for nothing.</param>
public sealed record LedProfile(IReadOnlyList<LedLineProfile>? Lines = null, IReadOnlyDictionary<string, LedPatternProfile>? Patterns = null, IReadOnlyList<LedGroupProfile>? Groups = null)
{
    /// <summary>Member of a group that stands for the LED of whichever bay it is about.</summary>
    public const string Bay = "@bay";

    /// <summary>The pattern of a lit LED.</summary>
    public const string On = "on";

    /// <summary>The pattern of a dark LED.</summary>
    public const string Off = "off";

    /// <summary>The LEDs.</summary>
    public IReadOnlyList<LedLineProfile> Lines { get; init; } = Lines ?? [];

    /// <summary>Blinking, by name. <see cref="On"/> and <see cref="Off"/> are there without entry.</summary>
    public IReadOnlyDictionary<string, LedPatternProfile> Patterns { get; init; } = Patterns ?? new Dictionary<string, LedPatternProfile>();

    /// <summary>What shows what.</summary>
    public IReadOnlyList<LedGroupProfile> Groups { get; init; } = Groups ?? [];
}

/// <summary>An LED.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ChipLabel">See <see cref="LineProfile"/>.</param>
/// <param name="Line">See <see cref="LineProfile"/>.</param>
/// <param name="Label">What is printed beside it.</param>
/// <param name="Colour">For drawings: <c>green</c>, <c>amber</c>, <c>red</c>, <c>blue</c>, <c>white</c>.</param>
/// <param name="ActiveLow">See <see cref="LineProfile"/>.</param>
public sealed record LedLineProfile(string Name, string ChipLabel, string Line, string? Label = null, string? Colour = null, bool ActiveLow = false) : LineProfile(ChipLabel, Line, ActiveLow);

/// <summary>Blinking: a period with a lit share, or steps.</summary>
/// <param name="PeriodMs">Period, ms.</param>
/// <param name="DutyPercent">Lit share of it.</param>
/// <param name="StepsMs">Instead: lit, dark, lit, dark …, ms.</param>
public sealed record LedPatternProfile(int? PeriodMs = null, int? DutyPercent = null, IReadOnlyList<int>? StepsMs = null)
{
    /// <summary>As steps: lit, dark, lit, dark …, ms.</summary>
    public IReadOnlyList<int> ToSteps() => StepsMs ?? [PeriodMs!.Value * DutyPercent!.Value / 100, PeriodMs.Value - (PeriodMs.Value * DutyPercent.Value / 100)];
}

/// <summary>What lights while something is so.</summary>
/// <param name="Signal">What: a name that <c>schema.json</c> lists.</param>
/// <param name="Priority">The highest shows where groups share an LED.</param>
/// <param name="Members">What lights, and how.</param>
public sealed record LedGroupProfile(string Signal, int Priority, IReadOnlyList<LedMemberProfile> Members);

/// <summary>An LED in a group.</summary>
/// <param name="Led">Its name, or <see cref="LedProfile.Bay"/>.</param>
/// <param name="Pattern"><see cref="LedProfile.On"/>, <see cref="LedProfile.Off"/>, or one of the patterns.</param>
public sealed record LedMemberProfile(string Led, string Pattern);
