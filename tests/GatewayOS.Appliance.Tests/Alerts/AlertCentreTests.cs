using System.Net;
using System.Text.Json;
using GatewayOS.Appliance.Alerts;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Alerts;

public sealed class AlertCentreTests : IDisposable
{
    private static readonly AlertEvent s_failed = new(AlertKind.JobFailed, AlertSeverity.Warning, "node1", "It failed.", "Look.");

    private readonly ScratchDirectory _scratch = new("alerts");
    private readonly ManualClock _clock = new();
    private readonly List<AlertSubscription> _told = [new("webhook:a", AlertSeverity.Warning), new("webhook:b", AlertSeverity.Critical)];
    private AlertCentre _centre;

    public AlertCentreTests() => _centre = Open();

    public void Dispose()
    {
        _centre.Dispose();
        _scratch.Dispose();
    }

    [Fact]
    public void Repetitions_are_one_alert_and_one_message()
    {
        _centre.Raise(s_failed);
        _clock.Now += TimeSpan.FromHours(1);
        _centre.Raise(s_failed with { Summary = "It failed again." });
        AlertRecord alert = Assert.Single(_centre.List(withCleared: false, 10));
        Assert.Equal((2, "It failed again.", _clock.Now), (alert.Count, alert.Event.Summary, alert.Last));
        Assert.Single(_centre.MessagesOf(alert.Id));
    }

    [Fact]
    public void What_gets_worse_is_told_anew_and_not_acknowledged_any_more()
    {
        _centre.Raise(s_failed);
        AlertRecord alert = _centre.Acknowledge(_centre.List(false, 1)[0].Id, "user:alice")!;
        Assert.Equal("user:alice", alert.AcknowledgedBy);
        _centre.Raise(s_failed);
        Assert.NotNull(_centre.Find(alert.Id)!.AcknowledgedBy);
        _centre.Raise(s_failed with { Severity = AlertSeverity.Critical });
        Assert.Null(_centre.Find(alert.Id)!.AcknowledgedBy);
        Assert.Equal(["webhook:a", "webhook:a", "webhook:b"], _centre.MessagesOf(alert.Id).Select(message => message.Receiver).Order());
    }

    [Fact]
    public void What_is_over_makes_room_for_a_new_alert()
    {
        _centre.Clear(s_failed.Kind, s_failed.Subject);
        _centre.Raise(s_failed);
        _centre.Clear(s_failed.Kind, s_failed.Subject);
        Assert.Empty(_centre.List(withCleared: false, 10));
        _centre.Raise(s_failed);
        Assert.Equal(2, _centre.List(withCleared: true, 10).Count);
        Assert.Equal(1, Assert.Single(_centre.List(withCleared: false, 10)).Count);
    }

    [Fact]
    public void Messages_wait_in_order_through_restarts_until_taken()
    {
        for (int i = 0; i < 3; i++)
        {
            _centre.Raise(s_failed with { Subject = $"node{i}" });
        }

        AlertMessage first = _centre.Next("webhook:a")!;
        _centre.Failed(first, "it is down", TimeSpan.FromMinutes(1));
        Assert.Null(_centre.Next("webhook:a"));
        _clock.Now += TimeSpan.FromMinutes(1);
        _centre.Dispose();
        _centre = Open();
        var taken = new List<long>();
        while (_centre.Next("webhook:a") is { } message)
        {
            taken.Add(message.AlertId);
            _centre.Delivered(message);
        }

        Assert.Equal([1, 2, 3], taken);
        Assert.Null(_centre.Next("webhook:b"));
    }

    [Fact]
    public async Task A_webhook_gets_each_message_once_signed_and_a_dead_one_loses_nothing()
    {
        string port = FreePort();
        var settings = new DeliverySettings(Webhooks: [new WebhookSettings("a", new Uri($"http://127.0.0.1:{port}/"), "0123456789abcdef")]);
        var warnings = new List<string>();
        using var delivery = new AlertDelivery(_centre, settings, warnings.Add, _clock);
        _centre.Raise(s_failed);
        _centre.Raise(s_failed with { Subject = "node2" });
        await delivery.DeliverAsync(CancellationToken.None);
        Assert.Single(warnings);
        using var receiver = new Receiver(port);
        await delivery.DeliverAsync(CancellationToken.None);
        Assert.Empty(receiver.Got);
        _clock.Now += AlertDelivery.WaitMin;
        receiver.Answer = 500;
        await delivery.DeliverAsync(CancellationToken.None);
        Assert.Equal(2, _centre.MessagesOf(1)[0].Attempts);
        _clock.Now += 2 * AlertDelivery.WaitMin;
        receiver.Answer = 204;
        await delivery.DeliverAsync(CancellationToken.None);
        await delivery.DeliverAsync(CancellationToken.None);
        Assert.Equal(3, receiver.Got.Count);
        Assert.Equal(receiver.Got[0].Key, receiver.Got[1].Key);
        Assert.NotEqual(receiver.Got[1].Key, receiver.Got[2].Key);
        Assert.All(receiver.Got, got => Assert.Equal(AlertDelivery.Sign("0123456789abcdef", got.Timestamp, got.Body), got.Signature));
        JsonElement body = JsonDocument.Parse(receiver.Got[2].Body).RootElement;
        Assert.Equal(("raised", "node2", "Warning"), (body.GetProperty("what").GetString(), body.GetProperty("subject").GetString(), body.GetProperty("severity").GetString()));
    }

    // The signature as a receiver in another language makes it.
    [Fact]
    public void The_signature_is_what_openssl_makes_of_timestamp_and_body() =>
        Assert.Equal("sha256=" + Shell.Run("printf '1700000000.{\"a\":1}' | openssl dgst -sha256 -hmac 0123456789abcdef -r | cut -d' ' -f1").Trim(), AlertDelivery.Sign("0123456789abcdef", "1700000000", "{\"a\":1}"u8));

    [Fact]
    public async Task Mail_reaches_a_real_server()
    {
        string port = FreePort();
        using var server = System.Diagnostics.Process.Start("/usr/bin/python3", ["-m", "aiosmtpd", "-n", "-l", $"127.0.0.1:{port}", "-c", "aiosmtpd.handlers.Mailbox", _scratch["mail"]]);
        try
        {
            _told.Clear();
            _told.Add(new AlertSubscription("mail", AlertSeverity.Warning));
            var mail = new MailSettings("127.0.0.1", "gw@example.com", ["ops@example.com", "boss@example.com"], int.Parse(port, System.Globalization.CultureInfo.InvariantCulture), MailSecurity.None);
            using var delivery = new AlertDelivery(_centre, new DeliverySettings(mail), _ => { }, _clock);
            _centre.Raise(s_failed with { Summary = "Größe stimmt nicht." });
            for (int attempt = 0; attempt < 100 && _centre.MessagesOf(1)[0].Delivered is null; attempt++)
            {
                // Until the server listens.
                _clock.Now += AlertDelivery.WaitMax;
                await delivery.DeliverAsync(CancellationToken.None);
                await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
            }

            string letter = File.ReadAllText(Assert.Single(Directory.GetFiles(_scratch["mail/new"])));
            Assert.Contains($"Message-Id: <{_centre.MessagesOf(1)[0].Key}@", letter, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("ops@example.com", letter, StringComparison.Ordinal);
            Assert.Contains("What to do: Look.", letter, StringComparison.Ordinal);
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    [Theory]
    [InlineData("{\"mail\":{\"host\":\"h\",\"from\":\"nobody\",\"to\":[]}}", "no receiver")]
    [InlineData("{\"webhooks\":[{\"name\":\"a\",\"url\":\"ftp://x/\",\"secret\":\"short\"}]}", "too short")]
    [InlineData("{\"webhook\":[]}", "webhook")]
    [InlineData("{\"mail\":{\"host\":\"h\"}}", "from")]
    [InlineData("{", "cannot be read")]
    public void Settings_that_make_no_sense_are_named(string json, string expected)
    {
        File.WriteAllText(_scratch["delivery.json"], json);
        Assert.Contains(expected, Assert.Throws<InvalidDataException>(() => DeliverySettings.Load(new Store.Storage.StateDirectory(_scratch.Path))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_file_is_named()
    {
        _centre.Dispose();
        File.WriteAllText(_scratch["broken.db"], new string('x', 8192));
        Assert.Contains("broken.db", Assert.Throws<InvalidDataException>(() => new AlertCentre(_scratch["broken.db"], "test", () => [], Assert.Fail, _clock)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_left_out_of_the_settings_has_its_default()
    {
        File.WriteAllText(_scratch["delivery.json"], """{ "mail": { "host": "h", "from": "a@b.c", "to": ["d@e.f"] } }""");
        Assert.Equal((587, MailSecurity.StartTls, AlertSeverity.Warning), DeliverySettings.Load(new Store.Storage.StateDirectory(_scratch.Path)).Mail is { } mail ? (mail.Port, mail.Security, mail.Least) : default);
        File.Delete(_scratch["delivery.json"]);
        Assert.Empty(DeliverySettings.Load(new Store.Storage.StateDirectory(_scratch.Path)).Subscriptions);
    }

    private static string FreePort() => GatewayOS.TestKit.Programs.Appliance.FreePort();

    private AlertCentre Open() => new(_scratch["alerts.db"], "test", () => _told, Assert.Fail, _clock);

    private sealed record Delivery(string Key, string Timestamp, string Signature, byte[] Body);

    private sealed class Receiver : IDisposable
    {
        private readonly HttpListener _listener = new();

        public Receiver(string port)
        {
            _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
            _listener.Start();
            _ = ServeAsync();
        }

        public List<Delivery> Got { get; } = [];

        public int Answer { get; set; } = 204;

        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            while (_listener.IsListening)
            {
                try
                {
                    HttpListenerContext context = await _listener.GetContextAsync();
                    using var body = new MemoryStream();
                    await context.Request.InputStream.CopyToAsync(body);
                    Got.Add(new Delivery(context.Request.Headers["Idempotency-Key"]!, context.Request.Headers["X-Gateway-Timestamp"]!, context.Request.Headers["X-Gateway-Signature"]!, body.ToArray()));
                    context.Response.StatusCode = Answer;
                    context.Response.Close();
                }
                catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
            }
        }
    }
}
