using GatewayOS.ControlPlane.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.ControlPlane.Tests.Storage;

/// <summary>The suite on SQLite.</summary>
public sealed class SqliteFleetDatabaseTests : FleetDatabaseSuite
{
    private readonly MemoryDirectory _scratch = new();

    public override async Task DisposeAsync()
    {
        await base.DisposeAsync();
        _scratch.Dispose();
    }

    private protected override IFleetDatabase Open(TimeProvider time) => new SqliteFleetDatabase(_scratch["fleet.db"]);
}

/// <summary>The suite on a real PostgreSQL.</summary>
public sealed class PostgresFleetDatabaseTests(PostgresServer server) : FleetDatabaseSuite, IClassFixture<PostgresServer>
{
    private string _connection = "";

    [Fact]
    public async Task Another_instance_hears_of_a_command()
    {
        await using var other = new PostgresFleetDatabase(_connection, TimeProvider.System);
        var isListening = new TaskCompletionSource();
        var heard = new TaskCompletionSource<string>();
        other.Missed += () => isListening.TrySetResult();
        other.Signalled += subject => heard.TrySetResult(subject);
        other.StartListening();
        await isListening.Task;
        string id = await JoinAsync(await TenantAsync());
        Assert.NotNull(await OrderAsync(id));
        Assert.Equal(id, await heard.Task);
    }

    [Fact]
    public async Task A_server_that_is_restarted_has_what_was_committed_and_is_heard_again()
    {
        await using var other = new PostgresFleetDatabase(_connection, TimeProvider.System);
        int listening = 0;
        other.Missed += () => Interlocked.Increment(ref listening);
        other.StartListening();
        Until.Holds(() => Volatile.Read(ref listening) == 1, "the other instance listens");
        string id = await JoinAsync(await TenantAsync());
        Assert.NotNull(await OrderAsync(id));
        server.Stop();
        await Assert.ThrowsAsync<FleetDatabaseException>(() => OrderAsync(id));
        server.Start();
        Until.Holds(() => Volatile.Read(ref listening) == 2, "the other instance listens again");
        Assert.Equal(2L, (await OrderAsync(id))!.Sequence);
    }

    [Fact]
    public async Task Instances_that_start_for_the_first_time_at_once_wait_for_each_other()
    {
        string empty = server.NewDatabase();
        PostgresFleetDatabase[] instances = [.. Enumerable.Range(0, 6).Select(_ => new PostgresFleetDatabase(empty, TimeProvider.System))];
        await Task.WhenAll(instances.Select(instance => FleetSchema.MigrateAsync(instance, CancellationToken.None)));
        bool[] isFirst = await Task.WhenAll(instances.Select(instance => new FleetStore(instance, TimeProvider.System).AddFirstTokenAsync(
            new TokenRow(Guid.NewGuid().ToString("N"), "", "administrator", "first", [1], DateTimeOffset.MaxValue, Revoked: false), () => { }, CancellationToken.None)));
        Assert.Single(isFirst, first => first);
        foreach (PostgresFleetDatabase instance in instances)
        {
            await instance.DisposeAsync();
        }
    }

    private protected override IFleetDatabase Open(TimeProvider time) => new PostgresFleetDatabase(_connection = server.NewDatabase(), TimeProvider.System);
}
