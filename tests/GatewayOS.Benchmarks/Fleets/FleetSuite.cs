using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using GatewayOS.Api;
using GatewayOS.Api.Client;
using GatewayOS.Api.Tokens;
using GatewayOS.Benchmarks.Results;
using GatewayOS.TestKit.Programs;
using Grpc.Core;
using Grpc.Net.Client;

namespace GatewayOS.Benchmarks.Fleets;

/// <summary>
/// One gateway-control with many simulated appliances over PostgreSQL, all on this machine: what an appliance costs it in memory and processor time while nothing happens, how fast orders go through, and how all come back after
/// it was killed. Options: <c>--appliances 1000 --nodes 20 --seconds 120 --orders 1000</c>.
/// </summary>
internal static class FleetSuite
{
    private const int JoiningAtOnce = 8;
    private const int Projected = 100_000;
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan s_look = TimeSpan.FromMilliseconds(200);

    public static async Task<int> RunAsync(string[] arguments)
    {
        var options = new BenchArguments(arguments, "--appliances", "--nodes", "--seconds", "--orders");
        int count = options.Number("--appliances", 1000);
        int nodes = options.Number("--nodes", 20);
        int seconds = options.Number("--seconds", 120);
        int orders = options.Number("--orders", count);
        var results = new BenchResults("fleet");
        using var scratch = new ScratchDirectory("fleet");
        using var postgres = PostgresServer.Durable();
        string database = postgres.NewDatabase();
        string address = $"127.0.0.1:{Appliance.FreePort()}";
        var control = new ControlInstance(scratch["control"], address, database);
        var appliances = new List<SimulatedAppliance>();
        try
        {
            ProcessCost empty = ProcessCost.Of(control.Id);
            using var session = new FleetSession(await FleetSession.IdentifyAsync(address, control.Token), address, control.Token);
            appliances.AddRange(await JoinAllAsync(session, address, count, nodes, results));
            double up = await UntilAllUpAsync(appliances);
            results.Add("all up", "gateway-control", "s", up, $"{count} streams");
            await RestAsync(control, appliances, empty, seconds, results);
            await OrderAsync(session, appliances, orders, results);
            int dialled = appliances.Sum(one => one.Dials);
            control.Kill();
            control.Dispose();
            control = new ControlInstance(scratch["control"], address, database);
            double back = await UntilAllUpAsync(appliances);
            ProcessCost after = ProcessCost.Of(control.Id);
            results.Add("all back after a kill", "gateway-control", "s", back, "restarted at once");
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"after a kill all {count} are back in {back:0.0} s with {appliances.Sum(one => one.Dials) - dialled} dials and {after.CpuSeconds:0.0} s of processor time"));
        }
        finally
        {
            foreach (SimulatedAppliance one in appliances)
            {
                await one.DisposeAsync();
            }

            control.Dispose();
        }

        results.PrintOrigin();
        return 0;
    }

    private static async Task<List<SimulatedAppliance>> JoinAllAsync(FleetSession session, string address, int count, int nodes, BenchResults results)
    {
        var appliances = new List<SimulatedAppliance>();
        long begun = Stopwatch.GetTimestamp();
        await session.Client.AddTenantAsync(new AddTenantRequest { Name = "bench" }, session.Options);
        for (int first = 0; first < count; first += JoiningAtOnce)
        {
            appliances.AddRange(await Task.WhenAll(Enumerable.Range(first, Math.Min(JoiningAtOnce, count - first)).Select(async number =>
            {
                CreateClaimReply claim = await session.Client.CreateClaimAsync(new CreateClaimRequest { Tenant = "bench" }, session.Options);
                SimulatedAppliance joined = await SimulatedAppliance.JoinAsync(address, session.Ca, claim.Code, number, nodes);
                joined.Start();
                return joined;
            })));
        }

        double joining = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        results.Add("claims", "gateway-control", "1/s", count / joining, "a claim code and its use each");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} appliances of {nodes} nodes joined in {joining:0.0} s, {count / joining:0} a second"));
        return appliances;
    }

    private static async Task RestAsync(ControlInstance control, List<SimulatedAppliance> appliances, ProcessCost empty, int seconds, BenchResults results)
    {
        ProcessCost before = ProcessCost.Of(control.Id);
        await Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System);
        ProcessCost after = ProcessCost.Of(control.Id);
        double memory = (double)(after.MemoryBytes - empty.MemoryBytes) / appliances.Count;
        double cpu = (after.CpuSeconds - before.CpuSeconds) / seconds / appliances.Count;
        results.Add("memory of an appliance", "gateway-control", "bytes", memory, "resident, less that of an empty fleet");
        results.Add("processor of an appliance", "gateway-control", "ms/min", cpu * 60_000, "a status every 30 s");
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"at rest, over {seconds} s: {memory / 1024:0} KiB and {cpu * 60_000:0.0} ms a minute of processor time each; {after.MemoryBytes >> 20} MiB and {cpu * appliances.Count * 100:0.0} % of a core for all. " +
            $"In proportion {Projected} take {((Projected * memory) + empty.MemoryBytes) / 1e9:0.0} GB and {Projected * cpu:0.0} cores"));
    }

    private static async Task OrderAsync(FleetSession session, List<SimulatedAppliance> appliances, int orders, BenchResults results)
    {
        long begun = Stopwatch.GetTimestamp();
        FleetCommandInfo last = new();
        for (int number = 0; number < orders; number++)
        {
            var order = new FleetOrder { Job = new OrderJobRequest { Kind = "verify" } };
            last = await session.Client.OrderCommandAsync(new OrderFleetCommandRequest { Appliance = appliances[number % appliances.Count].Id, Order = order }, session.Options);
        }

        double ordering = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        while (last.State != "done")
        {
            await Task.Delay(s_look, TimeProvider.System);
            last = await session.Client.GetCommandAsync(new FleetCommandRequest { Id = last.Id }, session.Options);
        }

        double done = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        results.Add("orders", "gateway-control", "1/s", orders / ordering, "one after the other");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{orders} orders one after the other in {ordering:0.0} s, {orders / ordering:0} a second; the last is done after {done - ordering:0.00} s more"));
    }

    private static async Task<double> UntilAllUpAsync(List<SimulatedAppliance> appliances)
    {
        long begun = Stopwatch.GetTimestamp();
        while (appliances.Count(one => one.IsUp) is int up && up < appliances.Count)
        {
            if (Stopwatch.GetElapsedTime(begun) > s_patience)
            {
                throw new BenchRefusedException($"{up} of {appliances.Count} appliances are connected after {s_patience.TotalMinutes:0} minutes.");
            }

            await Task.Delay(s_look, TimeProvider.System);
        }

        return Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>An operator of the control plane.</summary>
    private sealed class FleetSession(X509Certificate2 ca, string address, string token) : IDisposable
    {
        private readonly GrpcChannel _channel = ApplianceChannel.Open(address, ca, certificate: null);

        public X509Certificate2 Ca => ca;

        public CallOptions Options { get; } = new(new Metadata { { "authorization", $"Bearer {token}" } });

        public Fleet.FleetClient Client => new(_channel);

        public static async Task<X509Certificate2> IdentifyAsync(string address, string token) => (await FleetChannel.IdentifyAsync(address, EnrolmentToken.Parse(token), CancellationToken.None)).Ca;

        public void Dispose()
        {
            _channel.Dispose();
            ca.Dispose();
        }
    }
}
