using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace GatewayOS.Appliance.Alerts;

/// <summary>
/// Takes messages from the outbox to their receivers, each receiver's in order and apart from the others', until they are taken. A message is marked
/// when the receiver has said that it took it; a crash in between sends it a second time with the same key, by which the receiver knows it.
/// </summary>
/// <remarks>
/// A webhook is a POST of JSON (<see cref="AlertDocument"/>) with the headers <c>Idempotency-Key</c>, <c>X-Gateway-Timestamp</c> (seconds since 1970)
/// and <c>X-Gateway-Signature: sha256=HEX</c>, the HMAC-SHA-256 of timestamp, a full stop and the body under the webhook's secret. The receiver should
/// refuse timestamps that are minutes old. Any 2xx answer takes the message. In mail the key is the Message-ID.
/// </remarks>
public sealed class AlertDelivery : IDisposable
{
    /// <summary>Wait after the first failure; doubled with each further one.</summary>
    public static readonly TimeSpan WaitMin = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait between two attempts.</summary>
    public static readonly TimeSpan WaitMax = TimeSpan.FromHours(1);

    private const int DoublingsMax = 12;
    private const int ProblemCharactersMax = 300;
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_roundInterval = TimeSpan.FromSeconds(5);

    private readonly AlertCentre _centre;
    private readonly DeliverySettings _settings;
    private readonly Action<string> _warn;
    private readonly TimeProvider _time;
    private readonly HttpClient _http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, ConnectTimeout = s_timeout }) { Timeout = s_timeout };
    private readonly SemaphoreSlim _wake = new(0);

    /// <summary>Makes the delivery; <see cref="RunAsync"/> is its work.</summary>
    /// <param name="centre">The outbox; borrowed.</param>
    /// <param name="settings">Who is told.</param>
    /// <param name="warn">Told what goes wrong.</param>
    /// <param name="time">The clock.</param>
    public AlertDelivery(AlertCentre centre, DeliverySettings settings, Action<string> warn, TimeProvider time)
    {
        (_centre, _settings, _warn, _time) = (centre, settings, warn, time);
        centre.MessagesAdded += Wake;
    }

    /// <summary>Delivers until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await DeliverAsync(cancellation).ConfigureAwait(false);
            }
            catch (Microsoft.Data.Sqlite.SqliteException error)
            {
                _warn($"The outbox of alerts cannot be used: {error.Message}");
            }

            await ((Task)_wake.WaitAsync(s_roundInterval, cancellation)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Delivers what is due now.</summary>
    public Task DeliverAsync(CancellationToken cancellation) => Task.WhenAll(
    [
        .. _settings.Mail is { } mail ? (Task[])[DrainAsync("mail", message => MailAsync(mail, message, cancellation), cancellation)] : [],
        .. _settings.Hooks.Select(hook => DrainAsync(DeliverySettings.NameOf(hook), message => PostAsync(hook, message, cancellation), cancellation)),
    ]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _centre.MessagesAdded -= Wake;
        _http.Dispose();
        _wake.Dispose();
    }

    /// <summary>A webhook's signature.</summary>
    /// <param name="secret">The webhook's secret.</param>
    /// <param name="timestamp">The timestamp's header.</param>
    /// <param name="body">The body.</param>
    public static string Sign(string secret, string timestamp, ReadOnlySpan<byte> body) =>
        $"sha256={Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), (byte[])[.. Encoding.ASCII.GetBytes(timestamp + "."), .. body]))}";

    private void Wake()
    {
        if (_wake.CurrentCount == 0)
        {
            _wake.Release();
        }
    }

    private async Task DrainAsync(string receiver, Func<AlertMessage, Task> send, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested && _centre.Next(receiver) is { } message)
        {
            try
            {
                await send(message).ConfigureAwait(false);
                _centre.Delivered(message);
            }
            catch (Exception error) when (!cancellation.IsCancellationRequested)
            {
                // Whatever a foreign server does, its messages wait, and the others' go on.
                TimeSpan wait = WaitMin * Math.Pow(2, Math.Min(message.Attempts, DoublingsMax));
                string problem = error.Message.Length > ProblemCharactersMax ? error.Message[..ProblemCharactersMax] : error.Message;
                _centre.Failed(message, problem, wait < WaitMax ? wait : WaitMax);
                _warn($"{receiver} did not take a message about alert {message.AlertId}: {problem}");
                return;
            }
        }
    }

    private async Task PostAsync(WebhookSettings hook, AlertMessage message, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(message.Body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, hook.Url) { Content = content };
        string timestamp = _time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.Add("Idempotency-Key", message.Key);
        request.Headers.Add("X-Gateway-Timestamp", timestamp);
        request.Headers.Add("X-Gateway-Signature", Sign(hook.Secret, timestamp, message.Body));
        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
        if (response.StatusCode is < HttpStatusCode.OK or >= HttpStatusCode.MultipleChoices)
        {
            throw new HttpRequestException(string.Create(CultureInfo.InvariantCulture, $"it answers {(int)response.StatusCode} {response.ReasonPhrase}"));
        }
    }

    private static async Task MailAsync(MailSettings mail, AlertMessage message, CancellationToken cancellation)
    {
        AlertDocument alert = JsonSerializer.Deserialize(message.Body, AlertJson.Default.AlertDocument)!;
        using var letter = new MimeMessage();
        letter.From.Add(MailboxAddress.Parse(mail.From));
        letter.To.AddRange(mail.To.Select(MailboxAddress.Parse));
        letter.Subject = $"[{alert.Appliance}] {(alert.What == "cleared" ? "over" : alert.Severity.ToString().ToLowerInvariant())}: {alert.Summary}";
        letter.MessageId = $"{message.Key}@gatewayos.invalid";
        letter.Date = alert.Time;
        letter.Body = new TextPart("plain")
        {
            Text = $"""
                {alert.Summary}

                What to do: {alert.Remedy}

                Appliance: {alert.Appliance}
                Severity:  {alert.Severity}
                About:     {alert.Subject} ({alert.Kind})
                Time:      {alert.Time:u}

                gatewayctl alert show {alert.Id}
                """,
        };
        using var client = new SmtpClient { Timeout = (int)s_timeout.TotalMilliseconds };
        await client.ConnectAsync(mail.Host, mail.Port, mail.Security switch { MailSecurity.Tls => SecureSocketOptions.SslOnConnect, MailSecurity.None => SecureSocketOptions.None, _ => SecureSocketOptions.StartTls }, cancellation).ConfigureAwait(false);
        if (mail.User is { } user)
        {
            await client.AuthenticateAsync(user, mail.Password ?? "", cancellation).ConfigureAwait(false);
        }

        await client.SendAsync(letter, cancellation).ConfigureAwait(false);
        await client.DisconnectAsync(quit: true, cancellation).ConfigureAwait(false);
    }
}
