using GatewayOS.Sqlite;
using Microsoft.Data.Sqlite;

namespace GatewayOS.Appliance.Raid;

/// <summary>What a disk said of itself at some time (SMART).</summary>
/// <param name="Time">When it was asked.</param>
/// <param name="Celsius">Degrees Celsius; null when it did not say.</param>
/// <param name="BadSectors">Bad sectors; null when it did not say.</param>
/// <param name="PoweredHours">Hours it has run; null when it did not say.</param>
/// <param name="SelfTest">Result of its last self-test, in udisks2's words; empty for none.</param>
public sealed record SmartSample(DateTimeOffset Time, double? Celsius, long? BadSectors, long? PoweredHours, string SelfTest);

/// <summary>Keeps what disks say of themselves over time, in an SQLite file of its own. It is for people who look at a trend: what verdicts rest on is kept elsewhere, so a damaged file is begun anew. Thread-safe.</summary>
public sealed class DiskHistory : IDisposable
{
    /// <summary>How long samples are kept, in days.</summary>
    public const int DaysMax = 90;

    /// <summary>Most disks of which anything is kept.</summary>
    public const int DisksMax = 256;

    /// <summary>A disk's samples are at least so far apart: with <see cref="DaysMax"/> that is 2160 of a disk.</summary>
    public static readonly TimeSpan SampleEvery = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, DateTimeOffset> _newest;

    /// <summary>Opens the history, making it when there is none.</summary>
    /// <param name="path">Its file.</param>
    /// <param name="warn">Told when it is begun anew.</param>
    /// <exception cref="IOException">It cannot be opened or written.</exception>
    public DiskHistory(string path, Action<string> warn)
    {
        try
        {
            _connection = Open(path);
        }
        catch (SqliteException error) when (SqliteDatabase.IsDamage(error))
        {
            warn($"{path} is damaged ({error.Message}): what disks said of themselves earlier is lost, and kept anew from now on.");
            SqliteDatabase.Delete(path);
            _connection = Open(path);
        }

        _newest = _connection.All("SELECT serial, max(at) FROM smart GROUP BY serial", row => (row.GetString(0), row.GetInt64(1))).ToDictionary(row => row.Item1, row => DateTimeOffset.FromUnixTimeMilliseconds(row.Item2), StringComparer.Ordinal);
    }

    /// <summary>Takes what disks say now, as far as it is news.</summary>
    /// <exception cref="IOException">It cannot be kept; the next reading is tried again.</exception>
    public void Note(RaidReading reading)
    {
        lock (_gate)
        {
            foreach (DiskReading disk in reading.Disks.Where(IsNews))
            {
                Keep(disk.Serial, disk.Smart!);
            }
        }
    }

    /// <summary>What a disk said, oldest first.</summary>
    public IReadOnlyList<SmartSample> Of(string serial)
    {
        lock (_gate)
        {
            return _connection.All(
                "SELECT at, celsius, bad, hours, self_test FROM smart WHERE serial = $1 ORDER BY at",
                row => new SmartSample(DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(0)), row.IsDBNull(1) ? null : row.GetDouble(1), row.IsDBNull(2) ? null : row.GetInt64(2), row.IsDBNull(3) ? null : row.GetInt64(3), row.GetString(4)),
                serial);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    private static SqliteConnection Open(string path)
    {
        SqliteConnection connection = SqliteDatabase.Open(path, isDurable: false);
        try
        {
            connection.Run("CREATE TABLE IF NOT EXISTS smart (serial TEXT NOT NULL, at INTEGER NOT NULL, celsius REAL, bad INTEGER, hours INTEGER, self_test TEXT NOT NULL, PRIMARY KEY (serial, at)) WITHOUT ROWID");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    // A clock that was put back makes no second sample of what was said already.
    private bool IsNews(DiskReading disk) => disk is { Serial.Length: > 0, Smart: { } smart }
        && (_newest.TryGetValue(disk.Serial, out DateTimeOffset newest) ? smart.Updated - newest >= SampleEvery : _newest.Count < DisksMax);

    private void Keep(string serial, SmartReading smart)
    {
        try
        {
            _connection.Run("INSERT OR REPLACE INTO smart VALUES ($1, $2, $3, $4, $5, $6)", serial, smart.Updated.ToUnixTimeMilliseconds(), smart.Celsius, smart.BadSectors, smart.PoweredHours, smart.SelfTest);
            _connection.Run("DELETE FROM smart WHERE at < $1", (smart.Updated - TimeSpan.FromDays(DaysMax)).ToUnixTimeMilliseconds());
            _newest[serial] = smart.Updated;
        }
        catch (SqliteException error)
        {
            throw new IOException($"What the disk {serial} says of itself cannot be kept: {error.Message}", error);
        }
    }
}
