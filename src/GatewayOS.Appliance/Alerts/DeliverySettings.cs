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
/// <param name="Host">The server.</param>
/// <param name="From">The sender's address.</param>
/// <param name="To">The receivers' addresses.</param>
/// <param name="Port">The server's port.</param>
/// <param name="Security">How it is talked to.</param>
/// <param name="User">Name to log in with; null for none.</param>
/// <param name="Password">Password to log in with.</param>
/// <param name="Least">Nothing less bad is sent.</param>
public sealed record MailSettings(
    string Host, string From, IReadOnlyList<string> To, int Port = 587, MailSecurity Security = MailSecurity.StartTls, string? User = null, string? Password = null, AlertSeverity Least = AlertSeverity.Warning);

/// <summary>A program that is told.</summary>
/// <param name="Name">Its name; what waits for it is known by that.</param>
/// <param name="Url">Where alerts are posted to.</param>
/// <param name="Secret">Key of the signature, 16 characters at least.</param>
/// <param name="Least">Nothing less bad is sent.</param>
public sealed record WebhookSettings(string Name, Uri Url, string Secret, AlertSeverity Least = AlertSeverity.Warning);

/// <summary>Who is told of alerts: the file <c>delivery.json</c> of the state directory. Read at start.</summary>
/// <param name="Mail">Mail; null for none.</param>
/// <param name="Webhooks">Webhooks; null for none.</param>
public sealed record DeliverySettings(MailSettings? Mail = null, IReadOnlyList<WebhookSettings>? Webhooks = null)
{
    /// <summary>The file.</summary>
    public const string FileName = "delivery.json";

    /// <summary>Most webhooks.</summary>
    public const int WebhooksMax = 20;

    private const int SecretCharactersMin = 16;

    /// <summary>The webhooks; empty when there are none.</summary>
    [JsonIgnore]
    public IReadOnlyList<WebhookSettings> Hooks => Webhooks ?? [];

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
    [JsonIgnore]
    public IReadOnlyList<AlertSubscription> Subscriptions =>
        [.. Mail is null ? (AlertSubscription[])[] : [new AlertSubscription("mail", Mail.Least)], .. Hooks.Select(hook => new AlertSubscription(NameOf(hook), hook.Least))];

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

        if (Hooks.Count > WebhooksMax || Hooks.DistinctBy(hook => hook.Name).Count() != Hooks.Count)
        {
            yield return $"Webhooks have to have different names, and are {WebhooksMax} at most.";
        }

        foreach (WebhookSettings hook in Hooks)
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

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(DeliverySettings))]
internal sealed partial class DeliveryJson : JsonSerializerContext;
