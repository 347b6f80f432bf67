namespace GatewayOS.Web.Logs;

/// <summary>A line of the appliance's log.</summary>
/// <param name="Number">Its number since the start, from 1.</param>
/// <param name="AtUnixMs">When it was written.</param>
/// <param name="Level">information, warning, error or critical.</param>
/// <param name="Source">What wrote it.</param>
/// <param name="Text">What it says.</param>
public sealed record LogLine(long Number, long AtUnixMs, string Level, string Source, string Text);

/// <summary>The newest lines of the log.</summary>
/// <param name="Lines">Newest first.</param>
/// <param name="Kept">How many lines are kept at most; what is older is in the journal only.</param>
internal sealed record LogDocument(IReadOnlyList<LogLine> Lines, int Kept);
