using System.Globalization;

namespace GatewayOS.ControlPlane.Storage;

/// <summary>Brings a database up to date: numbered migrations, each applied once and whole.</summary>
internal static class FleetSchema
{
    private const string NamePattern = "0000";

    /// <summary>Applies what is lacking. Instances that start at once wait for each other.</summary>
    /// <exception cref="InvalidDataException">The database is newer than this program.</exception>
    public static Task MigrateAsync(IFleetDatabase database, CancellationToken cancellation) => database.TransactAloneAsync(
        async transaction =>
        {
            await transaction.RunAsync("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)").ConfigureAwait(false);
            List<string> applied = await transaction.AllAsync("SELECT version FROM schema_version ORDER BY version", row => Name(row.GetInt64(0))).ConfigureAwait(false);
            string[] known = [.. Migrations()];
            if (applied.Except(known, StringComparer.Ordinal).FirstOrDefault() is { } newer)
            {
                throw new InvalidDataException($"The database has the change {newer}, which this gateway-control does not know: a newer one wrote it. Run that one.");
            }

            foreach (string name in known.Except(applied, StringComparer.Ordinal))
            {
                await transaction.RunAsync(Read(name)).ConfigureAwait(false);
                await transaction.RunAsync("INSERT INTO schema_version VALUES ($1)", long.Parse(name, CultureInfo.InvariantCulture)).ConfigureAwait(false);
            }

            return true;
        },
        cancellation);

    private static string Name(long version) => version.ToString(NamePattern, CultureInfo.InvariantCulture);

    private static IEnumerable<string> Migrations() => typeof(FleetSchema).Assembly.GetManifestResourceNames().Where(name => name.Length == NamePattern.Length && name.All(char.IsAsciiDigit)).Order(StringComparer.Ordinal);

    private static string Read(string name)
    {
        using Stream stream = typeof(FleetSchema).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
