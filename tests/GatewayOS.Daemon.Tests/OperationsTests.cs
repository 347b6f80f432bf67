using System.Net;
using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Daemon.Tests;

/// <summary>What operators rely on beside backups: searching, alerts that arrive, metrics and health.</summary>
public sealed class OperationsTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("operations");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void A_file_is_found_in_the_snapshots_that_have_it_also_when_the_catalogue_was_lost()
    {
        using var appliance = new Appliance(_scratch);
        Agent agent = appliance.Enroll("node1");
        Directory.CreateDirectory(_scratch["source"]);
        File.WriteAllText(_scratch["source/Budget 2026.xlsx"], "one");
        string first = Backup(agent);
        File.WriteAllText(_scratch["source/Budget 2026.xlsx"], "second");
        string second = Backup(agent);
        Until.Holds(() => Find(appliance).Length == 2, "both versions are in the catalogue");
        string[] before = [.. Find(appliance).Select(version => version.GetRawText())];
        Assert.Equal([first, second], Find(appliance).Select(version => version.GetProperty("firstSnapshot").GetString()));
        appliance.Daemon.Signal("KILL");
        appliance.Daemon.Wait();
        Directory.Delete(Path.Join(appliance.State, "catalogue"), recursive: true);
        appliance.Start();
        Until.Holds(() => Find(appliance).Length == 2, "the catalogue is made anew");
        Assert.Equal(before, Find(appliance).Select(version => version.GetRawText()));
        Assert.Contains("Nothing of that name", appliance.Operator("find", "no-such-file").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void An_alert_reaches_a_receiver_that_was_dead_once_through_a_kill_of_the_appliance()
    {
        string port = Appliance.FreePort();
        Directory.CreateDirectory(_scratch["appliance/state"]);
        File.SetUnixFileMode(_scratch["appliance/state"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(_scratch["appliance/state/delivery.json"], $$"""{ "webhooks": [ { "name": "test", "url": "http://127.0.0.1:{{port}}/", "secret": "0123456789abcdef" } ] }""");
        using var appliance = new Appliance(_scratch);
        JsonElement raised = appliance.Operator("alert", "test", "--json").Expect(0).Json.GetProperty("alert");
        string id = raised.GetProperty("id").GetRawText();
        Until.Holds(() => Deliveries(appliance, id)[0].GetProperty("attempts").GetInt32() > 0, "the delivery was tried in vain");
        appliance.Daemon.Signal("KILL");
        appliance.Daemon.Wait();
        using var listener = new HttpListener();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        appliance.Start();
        HttpListenerContext got = listener.GetContext();
        JsonElement body = JsonDocument.Parse(got.Request.InputStream).RootElement;
        Assert.Equal("raised", body.GetProperty("what").GetString());
        Assert.Equal(body.GetProperty("key").GetString(), got.Request.Headers["Idempotency-Key"]);
        got.Response.StatusCode = 200;
        got.Response.Close();
        Until.Holds(() => Deliveries(appliance, id)[0].TryGetProperty("delivered", out _), "the delivery is on record");
        Assert.Single(Deliveries(appliance, id));
        appliance.Operator("alert", "ack", id).Expect(0);
        Assert.Contains("acknowledged by operator:tester", appliance.Operator("alert", "list").Expect(0).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_and_health_are_served_by_their_own_listener_only()
    {
        string port = Appliance.FreePort();
        using var appliance = new Appliance(_scratch, "--metrics", $"127.0.0.1:{port}");
        Agent agent = appliance.Enroll("node1");
        Directory.CreateDirectory(_scratch["source"]);
        Backup(agent);
        using var http = new HttpClient(new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        Assert.Equal("ok\n", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/healthz")));
        Assert.Equal("ok\n", await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/readyz")));
        string metrics = await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/metrics"));
        Assert.Contains("gateway_snapshots_committed", metrics, StringComparison.Ordinal);
        Assert.Matches("gateway_nodes[^\n]*state=\"active\"[^\n]* 1(\\s|$)", metrics);
        Assert.Contains("node=\"node1\"", metrics, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri($"http://127.0.0.1:{port}/gatewayos.v1.Enrolment/Identify"))).StatusCode);
        using var onMain = new HttpRequestMessage(HttpMethod.Get, $"https://{appliance.Address}/metrics") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        Assert.Equal(HttpStatusCode.NotFound, (await http.SendAsync(onMain)).StatusCode);
    }

    [Fact]
    public void Metrics_go_to_a_collector_that_the_environment_names()
    {
        string port = Appliance.FreePort();
        using var listener = new HttpListener();
        listener.Prefixes.Add($"http://127.0.0.1:{port}/");
        listener.Start();
        using var daemon = new BuiltProgram(
            "gatewayd",
            ["--state", _scratch["state"], "--store", _scratch["store"], "--listen", $"127.0.0.1:{Appliance.FreePort()}", "--metrics", "off", "--web", "off"],
            new Dictionary<string, string> { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = $"http://127.0.0.1:{port}", ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf", ["OTEL_METRIC_EXPORT_INTERVAL"] = "500" });
        HttpListenerContext got = listener.GetContext();
        using var body = new MemoryStream();
        got.Request.InputStream.CopyTo(body);
        got.Response.Close();
        Assert.Equal("/v1/metrics", got.Request.Url!.AbsolutePath);
        Assert.Contains("gateway.nodes", System.Text.Encoding.Latin1.GetString(body.ToArray()), StringComparison.Ordinal);
    }

    private string Backup(Agent agent) => agent.Run("backup", _scratch["source"], "--json").Expect(0).Json.GetProperty("snapshot").GetProperty("id").GetString()!;

    private static JsonElement[] Find(Appliance appliance) =>
        [.. appliance.Operator("find", "budget*.xlsx", "--json").Expect(0).Json.GetProperty("versions").EnumerateArray()];

    private static JsonElement[] Deliveries(Appliance appliance, string id) =>
        [.. appliance.Operator("alert", "show", id, "--json").Expect(0).Json.GetProperty("deliveries").EnumerateArray()];
}
