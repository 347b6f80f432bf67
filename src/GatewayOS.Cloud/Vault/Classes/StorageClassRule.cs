using System.Globalization;

namespace GatewayOS.Cloud.Vault.Classes;

/// <summary>After how long the service moves a pack into a cheaper storage class.</summary>
/// <param name="AfterDays">Days since the pack was put; 1 and more. Services may ask for more: Amazon S3 for 30 before its classes for infrequent access.</param>
/// <param name="Class">The class, as the service calls it.</param>
public sealed record StorageClassRule(int AfterDays, string Class)
{
    /// <summary>Most days.</summary>
    public const int DaysMax = 3650;

    private const int ClassLengthMax = 64;

    // What has to be ordered hours before it can be read would make verifying, healing, rehearsals and the recovery itself wait or fail.
    private static readonly string[] s_offline = ["GLACIER", "DEEP_ARCHIVE"];

    /// <summary>Reads what an operator writes: <c>30=STANDARD_IA</c>.</summary>
    /// <exception cref="VaultException">It is none; the message says why.</exception>
    public static StorageClassRule Parse(string text)
    {
        string[] parts = text.Split('=', 2);
        return parts.Length == 2 && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int days)
            ? new StorageClassRule(days, parts[1])
            : throw new VaultException(VaultFailure.Invalid, $"'{text}' is no age rule: it goes like 30=STANDARD_IA, days since a pack was put and the service's name of a storage class.");
    }

    /// <summary>Checks rules together; every error at once.</summary>
    /// <param name="rules">The rules.</param>
    /// <returns>The errors; empty when valid.</returns>
    public static IReadOnlyList<string> Validate(IReadOnlyList<StorageClassRule> rules) =>
    [
        .. rules.Where(rule => rule.AfterDays is < 1 or > DaysMax).Select(rule => $"{rule.AfterDays} days are outside 1 to {DaysMax}."),
        .. rules.Where(rule => rule.Class.Length is 0 or > ClassLengthMax || rule.Class.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('_' or '-'))).Select(rule => $"'{rule.Class}' is no name of a storage class, as STANDARD_IA."),
        .. rules.Where(rule => s_offline.Contains(rule.Class, StringComparer.OrdinalIgnoreCase)).Select(rule => $"What is in {rule.Class} cannot be read at once: verifying, healing and every recovery would wait for hours. GLACIER_IR is the cheapest that can."),
        .. rules.GroupBy(rule => rule.AfterDays).Where(same => same.Count() > 1).Select(same => $"There are several rules for {same.Key} days."),
    ];

    /// <summary>As an operator writes it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{AfterDays}={Class}");
}
