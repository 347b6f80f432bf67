namespace GatewayOS.Cloud.Vault.Classes;

/// <summary>What of a vault lies in one storage class.</summary>
/// <param name="Class">The class, as the service calls it.</param>
/// <param name="Objects">Objects in it.</param>
/// <param name="Bytes">Bytes of them.</param>
public sealed record ClassUse(string Class, long Objects, long Bytes)
{
    /// <summary>What services call the class that objects are in when none is named.</summary>
    public const string DefaultClass = "STANDARD";

    /// <summary>Sums up by class.</summary>
    /// <param name="vault">What is in the vault.</param>
    /// <returns>The classes by name; none for a vault that is no bucket.</returns>
    public static IReadOnlyList<ClassUse> Of(VaultListing vault) =>
    [
        .. vault.Objects.Where(there => there.Class is not null).GroupBy(there => there.Class!, StringComparer.Ordinal)
            .Select(same => new ClassUse(same.Key, same.LongCount(), same.Sum(there => there.LengthBytes))).OrderBy(use => use.Class, StringComparer.Ordinal),
    ];

    /// <summary>What keeping it costs for a month, and reading all of it once; null where the class has no price.</summary>
    /// <param name="prices">Prices by class.</param>
    public (decimal PerMonth, decimal ToRead)? Cost(IReadOnlyDictionary<string, ClassPrice> prices) => prices.TryGetValue(Class, out ClassPrice? price)
        ? (Bytes / ClassPrice.GigabyteBytes * price.PerGigabyteMonth, Bytes / ClassPrice.GigabyteBytes * price.PerGigabyteRead)
        : null;
}

/// <summary>What a vault costs by its storage classes. What has no price is not in the sums, and said.</summary>
/// <param name="PerMonth">Keeping it for a month.</param>
/// <param name="ToRead">Reading all of it once, as a recovery does.</param>
/// <param name="Unpriced">Classes without a price.</param>
public sealed record ClassCost(decimal PerMonth, decimal ToRead, IReadOnlyList<string> Unpriced)
{
    /// <summary>Sums up.</summary>
    /// <param name="uses">What lies in which class.</param>
    /// <param name="prices">Prices by class.</param>
    public static ClassCost Of(IReadOnlyList<ClassUse> uses, IReadOnlyDictionary<string, ClassPrice> prices)
    {
        (ClassUse Use, (decimal PerMonth, decimal ToRead)? Cost)[] rows = [.. uses.Select(use => (use, use.Cost(prices)))];
        return new ClassCost(rows.Sum(row => row.Cost?.PerMonth ?? 0), rows.Sum(row => row.Cost?.ToRead ?? 0), [.. rows.Where(row => row.Cost is null).Select(row => row.Use.Class)]);
    }
}
