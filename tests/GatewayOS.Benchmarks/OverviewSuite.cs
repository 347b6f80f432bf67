extern alias appliance;
using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using appliance::GatewayOS.Appliance.Accounts;
using appliance::GatewayOS.Appliance.Catalogue;
using appliance::GatewayOS.Appliance.Nodes;
using appliance::GatewayOS.Appliance.Policies;
using GatewayOS.Benchmarks.Results;
using GatewayOS.Certificates;
using GatewayOS.Store;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Pipeline;
using GatewayOS.Store.Snapshots;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Benchmarks;

/// <summary>
/// The web page's overview of a full appliance, asked of the real gatewayd over HTTPS once a second while an agent backs a tree up. Nodes and restore points are made up, without content, and in the catalogue
/// with files of theirs. Options: <c>--nodes 100 --snapshots 500 --files 100000 --seconds 120 --tree /usr/lib</c>; one of the nodes is the agent's, and files are those of each other node.
/// </summary>
internal static partial class OverviewSuite
{
    private const string Password = "correct horse battery";
    private const string PolicyName = "all";

    private static readonly string s_document = $$"""{ "name": "{{PolicyName}}", "sources": ["/data"], "schedule": { "every": "4h" } }""";

    public static int Run(string[] arguments)
    {
        var options = new BenchArguments(arguments, "--nodes", "--snapshots", "--files", "--seconds", "--tree");
        int nodes = options.Number("--nodes", 100);
        int snapshots = options.Number("--snapshots", 500);
        var results = new BenchResults("overview");
        using var scratch = new ScratchDirectory("overview");
        int files = options.Number("--files", 100_000);
        Fill(scratch, nodes - 1, snapshots, files);
        using var appliance = new Appliance(scratch, "--profile", "gw-2000", "--web", "127.0.0.1:0");
        appliance.Daemon.WaitFor("The web page is at");
        Agent agent = appliance.Enroll("real");
        using HttpClient browser = LogIn(appliance.Daemon.Log);
        Measure(browser, results, "the first", 1);
        Measure(browser, results, "at rest", 21);
        using BuiltProgram backup = agent.Start("backup", options.Text("--tree", "/usr/lib"), "--quiet");
        long begun = Stopwatch.GetTimestamp();
        using var pause = new ManualResetEventSlim();
        while (!backup.HasExited && Stopwatch.GetElapsedTime(begun).TotalSeconds < options.Number("--seconds", 120))
        {
            results.Add("beside a backup", "overview", "ms", Ask(browser), "one GET a second");
            pause.Wait(TimeSpan.FromSeconds(1));
        }

        Measure(browser, results, "after it", 1);
        Console.WriteLine($"{nodes} nodes, {(nodes - 1) * snapshots} restore points, {(long)(nodes - 1) * files} catalogued files; the overview in ms, median (least–most)");
        foreach (string row in (string[])["the first", "at rest", "beside a backup", "after it"])
        {
            Console.WriteLine($"  {row,-16} {BenchResults.Spread(results.Values(row, "overview", "ms"))}");
        }

        results.PrintOrigin();
        return 0;
    }

    private static void Measure(HttpClient browser, BenchResults results, string row, int times)
    {
        for (int round = 0; round < times; round++)
        {
            results.Add(row, "overview", "ms", Ask(browser), "GET /api/v1/overview");
        }
    }

    private static double Ask(HttpClient browser)
    {
        long start = Stopwatch.GetTimestamp();
        using HttpResponseMessage answer = browser.GetAsync(new Uri("/api/v1/overview", UriKind.Relative)).GetAwaiter().GetResult();
        byte[] content = answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync().GetAwaiter().GetResult();
        double milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        using var document = JsonDocument.Parse(content);
        return document.RootElement.GetProperty("nodes").GetArrayLength() > 0 ? milliseconds : throw new BenchRefusedException("The overview shows no nodes.");
    }

    private static HttpClient LogIn(string log)
    {
        var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, _) => true;
        var browser = new HttpClient(handler) { BaseAddress = new Uri(Served().Match(log).Groups[1].Value) };
        using HttpResponseMessage answer = browser.PostAsJsonAsync("/api/v1/session", new { account = "bench", password = Password }).GetAwaiter().GetResult();
        answer.EnsureSuccessStatusCode();
        return browser;
    }

    [GeneratedRegex("The web page is at (https://[^;]+);")]
    private static partial Regex Served();

    // An appliance's state and store as they are after months.
    private static void Fill(ScratchDirectory scratch, int nodes, int snapshots, int files)
    {
        var state = new StateDirectory(scratch["appliance/state"]);
        NodeRegistry.Prepare(state);
        using var authority = CertificateAuthority.OpenOrCreate(state, "bench", TimeProvider.System);
        var registry = new NodeRegistry(state, authority, new ApplianceLimits("bench", nodes + 1), TimeProvider.System);
        var policies = new PolicyBook(state, TimeProvider.System);
        policies.Set(s_document, expectedVersion: null, "bench");
        new AccountRegistry(state, TimeProvider.System).Add("bench", Role.Administrator, Password);
        string[] ids = [.. Enumerable.Range(0, nodes).Select(number => Enrol(registry, $"node{number:000}"))];
        Array.ForEach(ids, id => policies.Assign(PolicyName, id, follows: true));
        byte[] key = Encoding.ASCII.GetBytes($"GATEWAY-KEY-1 {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))}\n");
        state.Replace("store.key", key);
        using BackupStore store = BackupStore.Create(new PosixDisk(scratch["appliance/store"]), new StoreOptions(), new StoreSecret.KeyFile(key), "appliance", new OpenOptions());
        using StoreWriter writer = store.OpenWriter(new WriterOptions { Workers = 0 });
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        SnapshotRecord[][] records = [.. ids.Select(_ => new SnapshotRecord[snapshots])];
        for (int number = 0; number < snapshots; number++)
        {
            for (int node = 0; node < ids.Length; node++)
            {
                records[node][number] = writer.Commit(new SnapshotDraft
                {
                    Host = ids[node],
                    NodeId = ids[node],
                    Sources = ["/data"],
                    Tags = [$"policy={PolicyName}"],
                    StartedUtc = now.AddHours(4 * (number - snapshots)),
                    Root = ContentRef.Empty,
                    Counts = new SnapshotCounts { Files = 100_000, Bytes = 100_000_000, NewBytes = 1_000_000, StoredBytes = 500_000 },
                });
            }
        }

        using var catalogue = new SnapshotCatalogue(state.PathOf("catalogue/catalogue.db"), store.StoreId);
        for (int node = 0; node < ids.Length; node++)
        {
            CatalogueSuite.AddNode(catalogue, node, records[node], files);
        }
    }

    private static string Enrol(NodeRegistry registry, string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        byte[] request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256).CreateSigningRequest();
        registry.Enrol(name, request, tokenId: null, default, "linux", "1");
        return registry.Approve(name).Node!.Id;
    }
}
