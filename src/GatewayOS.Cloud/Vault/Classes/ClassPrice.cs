using System.Globalization;

namespace GatewayOS.Cloud.Vault.Classes;

/// <summary>What a storage class costs.</summary>
/// <param name="PerGigabyteMonth">Keeping 10⁹ bytes for a month.</param>
/// <param name="PerGigabyteRead">Reading 10⁹ bytes, beside what the service takes for sending them out.</param>
public sealed record ClassPrice(decimal PerGigabyteMonth, decimal PerGigabyteRead)
{
    /// <summary>Bytes of a gigabyte, as services count them in prices.</summary>
    public const decimal GigabyteBytes = 1_000_000_000;

    /// <summary>
    /// What Amazon S3 takes in us-east-1 for the first 50 TB, in US dollars: list prices of 2025 (aws.amazon.com/s3/pricing). Classes that ask for a shortest stay are charged for it:
    /// 30 days of infrequent access, 90 of Glacier Instant Retrieval.
    /// </summary>
    public static IReadOnlyDictionary<string, ClassPrice> AmazonUsEast1 { get; } = new Dictionary<string, ClassPrice>(StringComparer.Ordinal)
    {
        ["STANDARD"] = new(0.023m, 0),
        ["INTELLIGENT_TIERING"] = new(0.023m, 0),
        ["STANDARD_IA"] = new(0.0125m, 0.01m),
        ["ONEZONE_IA"] = new(0.01m, 0.01m),
        ["GLACIER_IR"] = new(0.004m, 0.03m),
    };

    /// <summary>Reads what an operator writes: <c>STANDARD_IA=0.0125</c> or <c>STANDARD_IA=0.0125/0.01</c>.</summary>
    /// <exception cref="VaultException">It is none.</exception>
    public static (string Class, ClassPrice Price) Parse(string text)
    {
        string[] parts = text.Split('=', 2);
        string[] prices = parts.Length == 2 ? parts[1].Split('/', 2) : [];
        return prices.Length > 0 && parts[0].Length > 0 && TryRead(prices[0], out decimal month) && TryRead(prices.Length == 2 ? prices[1] : "0", out decimal read)
            ? (parts[0], new ClassPrice(month, read))
            : throw new VaultException(VaultFailure.Invalid, $"'{text}' is no price: it goes like STANDARD_IA=0.0125/0.01, for keeping a gigabyte for a month and for reading one.");
    }

    private static bool TryRead(string text, out decimal price) => decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out price);
}
