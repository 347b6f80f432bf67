using System.CommandLine;
using System.Globalization;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cloud.Vault;
using GatewayOS.Cloud.Vault.Classes;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Vault;

/// <summary><c>vault classes</c>: which storage classes a bucket's packs lie in, what that costs, and when they move to a cheaper one.</summary>
internal static class VaultClassCommand
{
    private static readonly Option<string[]> s_after = new("--after") { Description = "Let the service move packs that are so many days old into a class, as 30=STANDARD_IA; may be repeated. Replaces the rules there are", HelpName = "DAYS=CLASS" };
    private static readonly Option<bool> s_never = new("--never") { Description = "Take the age rules away; what was moved stays where it is" };
    private static readonly Option<string[]> s_price = new("--price") { Description = "What a class costs for a gigabyte and month, and for reading a gigabyte, as STANDARD_IA=0.0125/0.01; may be repeated. Kept for this vault in place of Amazon's list", HelpName = "CLASS=MONTH/READ" };

    public static Command Build() => Verb.Make("classes", "Show the storage classes of a bucket's objects with what they cost, and set after how long packs move to a cheaper one; needs no key", [s_after, s_never, s_price], Run);

    private static int Run(VerbContext context)
    {
        (string name, VaultPlace place) = VaultFile.OfMachine.Named(context.Vault.Name);
        if (place.Bucket is not { } bucket)
        {
            throw new UsageException($"The vault {name} is a directory: storage classes are a bucket's.");
        }

        StorageClassRule[] wanted = [.. (context.Arguments.GetValue(s_after) ?? []).Select(StorageClassRule.Parse)];
        bool never = context.Arguments.GetValue(s_never);
        if (never && wanted.Length > 0)
        {
            throw new UsageException("--after and --never exclude each other.");
        }

        (string Class, ClassPrice Price)[] priced = [.. (context.Arguments.GetValue(s_price) ?? []).Select(ClassPrice.Parse)];
        using var rules = new S3ClassRules(bucket);
        if (never || wanted.Length > 0)
        {
            rules.WriteAsync(wanted, context.Cancellation).GetAwaiter().GetResult();
        }

        place = SetPrices(name, place, priced);
        IReadOnlyList<StorageClassRule> current = rules.ReadAsync(context.Cancellation).GetAwaiter().GetResult();
        Show(context, ClassUse.Of(VaultListing.ReadAsync(context.Vault.Medium, context.Cancellation).GetAwaiter().GetResult()), place, current);
        return ExitCode.Good;
    }

    private static VaultPlace SetPrices(string name, VaultPlace place, (string Class, ClassPrice Price)[] given)
    {
        if (given.Length == 0)
        {
            return place;
        }

        var prices = new Dictionary<string, ClassPrice>(place.Prices ?? new Dictionary<string, ClassPrice>(), StringComparer.Ordinal);
        foreach ((string named, ClassPrice price) in given)
        {
            prices[named] = price;
        }

        return VaultFile.OfMachine.Change(name, known => known with { Prices = prices });
    }

    private static void Show(VerbContext context, IReadOnlyList<ClassUse> uses, VaultPlace place, IReadOnlyList<StorageClassRule> rules)
    {
        IReadOnlyDictionary<string, ClassPrice> prices = place.PricesInUse;
        var cost = ClassCost.Of(uses, prices);
        var table = new TextTable("class", ">objects", ">size", ">a month", ">to read all");
        (ClassUse Use, (decimal PerMonth, decimal ToRead)? Cost)[] rows = [.. uses.Select(use => (use, use.Cost(prices)))];
        foreach ((ClassUse use, (decimal PerMonth, decimal ToRead)? own) in rows)
        {
            table.Add(use.Class, Sizes.Count(use.Objects), Sizes.Bytes(use.Bytes), Amount(own?.PerMonth), Amount(own?.ToRead));
        }

        table.Add("all", Sizes.Count(uses.Sum(use => use.Objects)), Sizes.Bytes(uses.Sum(use => use.Bytes)), Amount(cost.PerMonth), Amount(cost.ToRead));
        table.Write(context.Out);
        context.Out.WriteLine(place.Prices is null
            ? "By the list prices of Amazon S3 in us-east-1 in US dollars, 2025, without requests and what is sent out; set yours with --price."
            : "By the prices set for this vault, without requests and what is sent out.");
        if (cost.Unpriced.Count > 0)
        {
            context.Warn($"No price is known for {string.Join(", ", cost.Unpriced)}: the sums lack it. Set it with --price.");
        }

        context.Out.WriteLine(rules.Count == 0 ? "Packs stay in the class that they were put in." : $"The service moves packs: {string.Join(", ", rules.Select(rule => $"after {(rule.AfterDays == 1 ? "1 day" : $"{Sizes.Count(rule.AfterDays)} days")} to {rule.Class}"))}.");
        context.WriteJson(
            new VaultClassesJson(
                true,
                [.. rows.Select(row => new VaultClassJson(row.Use.Class, row.Use.Objects, row.Use.Bytes, row.Cost?.PerMonth, row.Cost?.ToRead))],
                cost.PerMonth,
                cost.ToRead,
                [.. rules.Select(rule => new VaultClassRuleJson(rule.AfterDays, rule.Class))]),
            VaultJson.Default.VaultClassesJson);
    }

    private static string Amount(decimal? amount) => amount?.ToString("0.00", CultureInfo.InvariantCulture) ?? "unknown";
}
