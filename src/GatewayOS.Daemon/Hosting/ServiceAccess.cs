using System.Globalization;
using GatewayOS.Api.Tokens;
using GatewayOS.Appliance.Alerts;
using GatewayOS.Store.Storage;

namespace GatewayOS.Daemon.Hosting;

/// <summary>
/// Has the system let a technician in, over SSH and on its console, when somebody wants that at the front panel. gatewayd may do nothing of the kind itself: it leaves a request in a
/// directory, a unit of the image takes it up (image/root/usr/lib/gatewayos/service-access), and what that unit says is what counts. Thread-safe.
/// </summary>
internal sealed class ServiceAccess(ApplianceHost appliance, TimeProvider time)
{
    /// <summary>How long it stays open at most. The system's unit ends it by a clock of its own.</summary>
    public static readonly TimeSpan OpenMax = TimeSpan.FromHours(4);

    private const string RequestFile = "request";

    // Beside the directory of requests, and not gatewayd's to write.
    private const string OpenSuffix = "-open";
    private const string UntilFile = "until";
    private const string Subject = "service access";

    private readonly Lock _gate = new();
    private readonly StateDirectory? _requests = appliance.Options.ServiceDirectory is { } directory ? new StateDirectory(directory) : null;
    private ServiceCode? _code;
    private bool? _wasOpen;

    /// <summary>True where there is a system to ask.</summary>
    public bool IsOffered => _requests is not null;

    /// <summary>Asks for access with a new code; an older one serves no more.</summary>
    /// <exception cref="StoreIoException">The request cannot be left.</exception>
    public void Open()
    {
        var code = ServiceCode.Create();
        lock (_gate)
        {
            _code = code;
            Request($"open\n{code.ClientKey}\n{code.Digest}\n{code.HostKeyPem}");
        }
    }

    /// <summary>Asks for the end of it.</summary>
    /// <exception cref="StoreIoException">The request cannot be left.</exception>
    public void Close()
    {
        lock (_gate)
        {
            _code = null;
            Request("close\n");
        }
    }

    /// <summary>Looks how it stands, and has an alert stand while it is open.</summary>
    /// <returns>What the display says of it: the code, and until when; nothing while it is closed.</returns>
    public IReadOnlyList<string> Look()
    {
        lock (_gate)
        {
            DateTimeOffset? until = Until();
            if (_requests is not null && _wasOpen != until is not null)
            {
                _wasOpen = until is not null;
                Tell(until);
            }

            if (until is null)
            {
                return [];
            }

            // The code is kept nowhere: after gatewayd's restart nobody can say it any more.
            string[] halves = _code?.ToString() is { } code ? [code[..(code.Length / 2)], code[(code.Length / 2 + 1)..]] : ["is not kept:", "open it anew"];
            return [.. halves, string.Create(CultureInfo.InvariantCulture, $"until {until:HH:mm}Z")];
        }
    }

    private void Request(string text) => _requests!.Replace(RequestFile, System.Text.Encoding.ASCII.GetBytes(text));

    private DateTimeOffset? Until()
    {
        try
        {
            return _requests is not null && long.TryParse(File.ReadAllText(Path.Join(_requests.Location + OpenSuffix, UntilFile)), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long seconds)
                ? DateTimeOffset.FromUnixTimeSeconds(seconds) is var until && until > time.GetUtcNow() ? until : null
                : null;
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    private void Tell(DateTimeOffset? until)
    {
        if (until is null)
        {
            appliance.Alerts.Clear(AlertKind.ServiceAccess, Subject);
            return;
        }

        appliance.Alerts.Raise(new AlertEvent(
            AlertKind.ServiceAccess, AlertSeverity.Warning, Subject,
            $"A technician can get in to the appliance's system over SSH and its console until {until:yyyy-MM-dd HH:mm} UTC: somebody at the front panel has opened it.",
            "If nobody is at work there, hold ENTER on 'Close service?' at the front panel, or restart the appliance."));
    }
}
