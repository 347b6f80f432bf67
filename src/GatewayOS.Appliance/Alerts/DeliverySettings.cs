using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Alerts;

/// <summary>How a mail server is talked to.</summary>
public enum MailSecurity
{
    /// <summary>Upgraded to TLS (RFC 3207), and refused without.</summary>
    StartTls,

    /// <summary>TLS from the first byte (RFC 8314).</summary>
    Tls,

    /// <summary>In the clear: only for a server on the same machine or network.</summary>
    None,
}

/// <summary>Mail to people.</summary>
public sealed record MailSettings
{
    /// <summary>The server.</summary>
    public required string Host { get; init; }

    /// <summary>Its port; 587 by default.</summary>
    public int Port { get; init; } = 587;

    /// <summary>How it is talked to.</summary>
    public MailSecurity Security { get; init; } = MailSecurity.StartTls;

    /// <summary>Name to log in with; null for none.</summary>
    public string? User { get; init; }

    /// <summary>Password to log in with.</summary>
    public string? Password { get; init; }

    /// <summary>The sender's address.</summary>
    public required string From { get; init; }

    /// <summary>The receivers' addresses.</summary>
    public required IReadOnlyList<string> To { get; init; }

    /// <summary>Nothing less bad is sent.</summary>
    public AlertSeverity Least { get; init; } = AlertSeverity.Warning;
}

/// <summary>A program that is told.</summary>
public sealed record WebhookSettings
{
    /// <summary>Its name; what waits for it is known by that.</summary>
    public required string Name { get; init; }

    /// <summary>Where alerts are posted to.</summary>
    public required Uri Url { get; init; }

    /// <summary>Key of the signature, 16 characters at least.</summary>
    public required string Secret { get; init; }

    /// <summary>Nothing less bad is sent.</summary>
    public AlertSeverity Least { get; init; } = AlertSeverity.Warning;
}

/// <summary>Who is told of alerts: the file <c>delivery.json</c> of the state directory. Read at start.</summary>
public sealed record DeliverySettings
{
    /// <summary>The file.</summary>
    public const string FileName = "delivery.json";

    /// <summary>Most webhooks.</summary>
    public const int WebhooksMax = 20;

    private const int SecretCharactersMin = 16;

    /// <summary>Mail; null for none.</summary>
    public MailSettings? Mail { get; init; }

    /// <summary>Webhooks.</summary>
    public IReadOnlyList<WebhookSettings> Webhooks { get; init; } = [];

    /// <summary>Reads the settings.</summary>
    /// <exception cref="InvalidDataException">They make no sense; the message names every error.</exception>
    public static DeliverySettings Load(StateDirectory state)
    {
        if (state.Read(FileName) is not { } bytes)
        {
            return new DeliverySettings();
        }

        try
        {
            DeliverySettings settings = JsonSerializer.Deserialize(bytes, DeliveryJson.Default.DeliverySettings) ?? new DeliverySettings();
            string[] errors = [.. settings.Errors()];
            return errors.Length == 0 ? settings : throw new InvalidDataException($"{state.PathOf(FileName)}: {string.Join(' ', errors)}");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{state.PathOf(FileName)} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The subscriptions it makes.</summary>
    public IReadOnlyList<AlertSubscription> Subscriptions =>
        [.. Mail is null ? (AlertSubscription[])[] : [new AlertSubscription("mail", Mail.Least)], .. Webhooks.Select(hook => new AlertSubscription(NameOf(hook), hook.Least))];

    internal static string NameOf(WebhookSettings hook) => $"webhook:{hook.Name}";

    private IEnumerable<string> Errors()
    {
        if (Mail is { } mail)
        {
            if (mail.Port is < 1 or > 65535)
            {
                yield return $"The mail server's port {mail.Port} is none.";
            }

            foreach (string address in mail.To.Append(mail.From).Where(address => !MimeKit.MailboxAddress.TryParse(address, out _)))
            {
                yield return $"'{address}' is no mail address.";
            }

            if (mail.To.Count == 0)
            {
                yield return "Mail has no receiver: name one in 'to'.";
            }
        }

        if (Webhooks.Count > WebhooksMax || Webhooks.DistinctBy(hook => hook.Name).Count() != Webhooks.Count)
        {
            yield return $"Webhooks have to have different names, and are {WebhooksMax} at most.";
        }

        foreach (WebhookSettings hook in Webhooks)
        {
            if (!hook.Url.IsAbsoluteUri || hook.Url.Scheme is not ("https" or "http"))
            {
                yield return $"The webhook '{hook.Name}' has no address that begins with https:// or http://.";
            }

            if (hook.Secret.Length < SecretCharactersMin)
            {
                yield return $"The secret of the webhook '{hook.Name}' is too short: {SecretCharactersMin} characters are the least.";
            }
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(DeliverySettings))]
internal sealed partial class DeliveryJson : JsonSerializerContext;
