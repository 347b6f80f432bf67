using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Power;

namespace GatewayOS.Hardware.Power;

/// <summary>Where the uninterruptible supply is asked about: a NUT server (upsd).</summary>
/// <param name="Name">Its name there.</param>
/// <param name="Host">The server.</param>
/// <param name="Port">Its port.</param>
public sealed record UpsSettings(string Name, string Host = "127.0.0.1", int Port = 3493)
{
    /// <summary>File in the state directory; without it there is no such supply.</summary>
    public const string FileName = "ups.json";

    /// <summary>Reads the settings.</summary>
    /// <exception cref="InvalidDataException">They are wrong.</exception>
    public static UpsSettings Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            UpsSettings settings = JsonSerializer.Deserialize(json, UpsJson.Default.UpsSettings)!;
            return settings is { Name.Length: > 0, Host.Length: > 0, Port: > 0 and <= 65535 } && !settings.Name.Any(char.IsWhiteSpace) ? settings : throw new JsonException("name, host or port is missing or out of range.");
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{FileName} in the state directory is wrong: {error.Message} Write {{ \"name\": \"ups\", \"host\": \"127.0.0.1\", \"port\": 3493 }}, or remove it.", error);
        }
    }
}

/// <summary>What the uninterruptible supply's state means.</summary>
/// <param name="Reading">As a sensor.</param>
/// <param name="Alert">The alert that stands; null for none.</param>
/// <param name="MustShutDown">True when its battery does not last.</param>
public sealed record UpsState(SensorReading Reading, AlertEvent? Alert, bool MustShutDown);

/// <summary>
/// Asks a NUT server how the uninterruptible supply is (Network UPS Tools' network protocol, <c>GET VAR</c>, <c>ups.status</c>). On battery is an alert; a low battery, or
/// the primary's word that it will cut the power, is an orderly shutdown. A server that does not answer is no power failure. Used by one thread.
/// </summary>
public sealed class UpsWatch(UpsSettings settings, TimeProvider time) : IDisposable
{
    /// <summary>Subject of its alerts.</summary>
    public const string Subject = "ups";

    private const int AnswerMsMax = 1000;
    private const int AnswerBytesMax = 4096;

    private TcpClient? _connection;
    private int _unanswered;

    /// <summary>Asks.</summary>
    public UpsState Step()
    {
        string answer;
        try
        {
            answer = Ask("ups.status");
            _unanswered = 0;
        }
        catch (Exception error) when (error is IOException or SocketException or InvalidDataException or ObjectDisposedException)
        {
            _connection?.Dispose();
            _connection = null;
            _unanswered++;
            return Judge(null, error.Message, charge: null);
        }

        return Judge(answer, "", Charge());
    }

    /// <inheritdoc/>
    public void Dispose() => _connection?.Dispose();

    private UpsState Judge(string? status, string problem, double? charge)
    {
        string[] words = status?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
        bool isOnBattery = words.Contains("OB");
        bool isLow = words.Contains("FSD") || (isOnBattery && words.Contains("LB"));
        bool mustReplace = words.Contains("RB");
        Verdict verdict = status is null || !(words.Contains("OL") || isOnBattery || isLow) ? Verdict.Unknown : isOnBattery || isLow || mustReplace ? Verdict.Bad : Verdict.Good;
        string left = charge is { } percent ? string.Create(CultureInfo.InvariantCulture, $", {percent:0} % left") : "";
        AlertEvent? alert = verdict switch
        {
            Verdict.Bad when isLow => new AlertEvent(AlertKind.Ups, AlertSeverity.Critical, Subject, $"The uninterruptible supply's battery is low{left}: the appliance shuts down.", "Bring the mains back, then start the appliance."),
            Verdict.Bad when isOnBattery => new AlertEvent(AlertKind.Ups, AlertSeverity.Warning, Subject, $"The appliance runs on the uninterruptible supply's battery{left}.", "Look at the mains. With a low battery the appliance shuts down by itself."),
            Verdict.Bad => new AlertEvent(AlertKind.Ups, AlertSeverity.Warning, Subject, "The uninterruptible supply's battery has to be changed.", "Change the battery: at the next power cut it may not last."),
            Verdict.Unknown when status is not null || _unanswered >= BodyVerdicts.UnreadMax => new AlertEvent(
                AlertKind.Ups, AlertSeverity.Warning, Subject, $"How the uninterruptible supply is, is not known: {(status is null ? problem : $"it says '{status}'.")}",
                $"Look whether NUT runs at {settings.Host}:{settings.Port} and knows '{settings.Name}' (upsc {settings.Name}@{settings.Host})."),
            _ => null,
        };
        string detail = status is null ? problem : $"{status}{left}";
        return new UpsState(new SensorReading("ups", settings.Name, charge, charge is null ? "" : "%", verdict, detail, time.GetUtcNow()), alert, isLow);
    }

    private double? Charge()
    {
        try
        {
            return double.TryParse(Ask("battery.charge"), NumberStyles.Float, CultureInfo.InvariantCulture, out double percent) ? percent : null;
        }
        catch (Exception error) when (error is IOException or SocketException or InvalidDataException)
        {
            // Not every supply tells.
            return null;
        }
    }

    // VAR <ups> <variable> "<value>", or ERR <reason>.
    private string Ask(string variable)
    {
        _connection ??= Connect();
        NetworkStream stream = _connection.GetStream();
        stream.Write(Encoding.ASCII.GetBytes($"GET VAR {settings.Name} {variable}\n"));
        var line = new StringBuilder();
        int next;
        while ((next = stream.ReadByte()) != '\n')
        {
            if (next < 0 || line.Length >= AnswerBytesMax)
            {
                throw new IOException("The NUT server broke off.");
            }

            line.Append((char)next);
        }

        string answer = line.ToString();
        string begin = $"VAR {settings.Name} {variable} \"";
        return answer.StartsWith(begin, StringComparison.Ordinal) && answer.EndsWith('"')
            ? answer[begin.Length..^1]
            : throw new InvalidDataException($"The NUT server answers '{answer}'.");
    }

    private TcpClient Connect()
    {
        var client = new TcpClient { SendTimeout = AnswerMsMax, ReceiveTimeout = AnswerMsMax };
        try
        {
            if (!client.ConnectAsync(settings.Host, settings.Port).Wait(AnswerMsMax))
            {
                throw new IOException($"The NUT server at {settings.Host}:{settings.Port} does not answer.");
            }

            return client;
        }
        catch (AggregateException error)
        {
            client.Dispose();
            throw new IOException($"The NUT server at {settings.Host}:{settings.Port} cannot be reached: {error.InnerException!.Message}", error);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(UpsSettings))]
internal sealed partial class UpsJson : JsonSerializerContext;
