using GatewayOS.Hardware.DBus;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.DBus;

/// <summary>The connection against Debian's dbus-daemon, whose own interface is what is called.</summary>
public sealed class DBusConnectionTests : IDisposable
{
    private const string Bus = DBusConnection.BusName;
    private const string BusPath = "/org/freedesktop/DBus";

    private readonly ScratchDirectory _scratch = new("dbus");
    private readonly PrivateBus _bus;

    public DBusConnectionTests() => _bus = new PrivateBus(_scratch);

    public void Dispose()
    {
        _bus.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void A_call_is_answered_with_its_values()
    {
        using DBusConnection connection = Connect();
        DBusReply names = connection.Call(new DBusCall(Bus, BusPath, Bus, "ListNames"));
        Assert.Contains(names.First.Items, name => name.Text == Bus);
        DBusReply owner = connection.Call(new DBusCall(Bus, BusPath, Bus, "NameHasOwner") { Arguments = [new DBusArgument.Text(Bus)] });
        Assert.True(owner.First.IsTrue);

        // A dictionary of variants: numbers, bytes and arrays.
        string self = names.First.Items.First(name => name.Text.StartsWith(':')).Text;
        DBusReply credentials = connection.Call(new DBusCall(Bus, BusPath, Bus, "GetConnectionCredentials") { Arguments = [new DBusArgument.Text(self)] });
        Assert.Equal(Environment.ProcessId, credentials.First["ProcessID"].Whole);
        Assert.Equal("", credentials.First["NoSuchThing"].Text);
    }

    [Fact]
    public void Properties_come_as_a_dictionary()
    {
        using DBusConnection connection = Connect();
        DBusReply properties = connection.Properties(Bus, BusPath, Bus);
        Assert.Null(properties.Error);
        Assert.Contains(properties.First["Interfaces"].Items, one => one.Text == "org.freedesktop.DBus.Monitoring");
    }

    [Fact]
    public void What_cannot_be_answered_is_an_error_with_a_name()
    {
        using DBusConnection connection = Connect();
        DBusReply missing = connection.Objects("org.example.Nobody", "/org/example");
        Assert.True(missing.Error!.IsServiceMissing, missing.Error.Name);
        Assert.Equal("org.freedesktop.DBus.Error.UnknownMethod", connection.Call(new DBusCall(Bus, BusPath, Bus, "NoSuchMethod")).Error!.Name);
        Assert.NotNull(connection.Call(new DBusCall(Bus, "no path", Bus, "ListNames")).Error);
    }

    [Fact]
    public void Signals_that_are_asked_for_arrive()
    {
        using DBusConnection connection = Connect();
        List<string> seen = WatchOwners(connection);
        Until.Holds(() => Seen(seen, () => Connect().Dispose()), "somebody's coming is told");
    }

    [Fact]
    public void When_the_bus_comes_back_so_do_connection_and_matches()
    {
        using DBusConnection connection = Connect();
        List<string> seen = WatchOwners(connection);
        Until.Holds(() => Seen(seen, () => Connect().Dispose()), "signals arrive before");
        _bus.Stop();
        Until.Holds(() => !connection.IsConnected, "the loss is noticed");
        Assert.Equal(DBusError.Disconnected, connection.Call(new DBusCall(Bus, BusPath, Bus, "ListNames")).Error!.Name);
        _bus.Start();
        Until.Holds(() => connection.IsConnected, "the connection comes back");
        lock (seen)
        {
            seen.Clear();
        }

        Until.Holds(() => Seen(seen, () => Connect().Dispose()), "signals arrive after");
    }

    [Fact]
    public void Without_a_bus_calls_fail_and_nothing_hangs()
    {
        using var connection = new DBusConnection($"unix:path={_scratch["nowhere"]}");
        Assert.Equal(DBusError.Disconnected, connection.Call(new DBusCall(Bus, BusPath, Bus, "ListNames")).Error!.Name);
    }

    [Fact]
    public void Calls_from_many_threads_get_their_own_answers()
    {
        using DBusConnection connection = Connect();
        string[] names = [Bus, "org.example.Nobody"];
        bool[] answers = new bool[32];
        Thread[] threads = [.. Enumerable.Range(0, answers.Length).Select(index => new Thread(() => answers[index] = connection.Call(new DBusCall(Bus, BusPath, Bus, "NameHasOwner") { Arguments = [new DBusArgument.Text(names[index % 2])] }).First.IsTrue))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(Enumerable.Range(0, answers.Length).Select(index => index % 2 == 0), answers);
    }

    private DBusConnection Connect()
    {
        var connection = new DBusConnection(_bus.Address);
        Until.Holds(() => connection.IsConnected, "the connection comes about");
        return connection;
    }

    private static List<string> WatchOwners(DBusConnection connection)
    {
        var seen = new List<string>();
        connection.Signal += signal =>
        {
            lock (seen)
            {
                seen.Add($"{signal.Member} {signal.Values.Count}");
            }
        };
        connection.Match($"type='signal',sender='{Bus}',member='NameOwnerChanged'");
        return seen;
    }

    private static bool Seen(List<string> seen, Action cause)
    {
        cause();
        lock (seen)
        {
            return seen.Contains("NameOwnerChanged 3");
        }
    }
}
