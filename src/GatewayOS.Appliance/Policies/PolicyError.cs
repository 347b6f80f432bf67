namespace GatewayOS.Appliance.Policies;

/// <summary>Something wrong with a policy.</summary>
/// <param name="Field">The field, as its path in the document: <c>schedule.cron</c>.</param>
/// <param name="Problem">What is wrong, a sentence.</param>
/// <param name="Remedy">What to write instead, a sentence.</param>
public sealed record PolicyError(string Field, string Problem, string Remedy)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Field}: {Problem} {Remedy}";
}
