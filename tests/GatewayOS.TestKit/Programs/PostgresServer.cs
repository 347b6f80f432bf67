using System.Globalization;

namespace GatewayOS.TestKit.Programs;

/// <summary>
/// A real PostgreSQL (Debian's postgresql-15) of a test's own, on the loopback. It refuses to run as root, and so runs as the user that its package made. Unless it is to be measured it syncs nothing: it
/// is stopped and killed here, and the power stays on.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private const string Programs = "/usr/lib/postgresql/15/bin";
    private const string Password = "of-this-test-alone";

    private readonly string _directory = Directory.CreateTempSubdirectory("gateway-postgres-").FullName;
    private readonly string _port = Appliance.FreePort();
    private readonly string _as = Environment.IsPrivilegedProcess ? "runuser -u postgres -- " : "";
    private readonly string _sync;
    private int _databases;

    /// <summary>Starts it; answers when this returns.</summary>
    public PostgresServer()
        : this(isDurable: false)
    {
    }

    private PostgresServer(bool isDurable)
    {
        _sync = isDurable ? "on" : "off";
        File.WriteAllText($"{_directory}/password", Password);
        Shell.Run($"{(Environment.IsPrivilegedProcess ? $"chown -R postgres '{_directory}'; " : "")}cd /; {_as}{Programs}/initdb -D '{_directory}/data' -U fleet -A scram-sha-256 --pwfile='{_directory}/password' --no-sync -E UTF8 --locale=C.UTF-8");
        Start();
    }

    /// <summary>Starts one that syncs what it commits, as one in use does.</summary>
    public static PostgresServer Durable() => new(isDurable: true);

    /// <summary>A connection string of a new, empty database.</summary>
    public string NewDatabase()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"fleet{Interlocked.Increment(ref _databases)}");
        Shell.Run($"cd /; PGPASSWORD={Password} {Programs}/createdb -h 127.0.0.1 -p {_port} -U fleet {name}");
        return $"Host=127.0.0.1;Port={_port};Username=fleet;Password={Password};Database={name}";
    }

    /// <summary>Starts it again.</summary>
    public void Start() => Shell.Run($"cd /; {_as}{Programs}/pg_ctl -D '{_directory}/data' -w -l '{_directory}/log' -o \"-p {_port} -c fsync={_sync} -c listen_addresses=127.0.0.1 -c unix_socket_directories='{_directory}'\" start");

    /// <summary>Stops it at once: open connections break, what was committed is there.</summary>
    public void Stop() => Shell.Run($"cd /; {_as}{Programs}/pg_ctl -D '{_directory}/data' -m immediate -w stop");

    /// <inheritdoc/>
    public void Dispose()
    {
        Shell.Run($"cd /; {_as}{Programs}/pg_ctl -D '{_directory}/data' -m immediate -w stop || true");
        Directory.Delete(_directory, recursive: true);
    }
}
