using GatewayOS.Appliance.Alerts;

namespace GatewayOS.Appliance.Tests.Alerts;

/// <summary>Remembers which alerts stand.</summary>
internal sealed class AlertSinkProbe : IAlertSink
{
    private readonly Dictionary<(AlertKind, string), AlertEvent> _standing = [];

    /// <summary>How often anything was raised.</summary>
    public int Raised { get; private set; }

    public IReadOnlyCollection<AlertEvent> All => _standing.Values;

    public void Raise(AlertEvent alert)
    {
        Raised++;
        _standing[(alert.Kind, alert.Subject)] = alert;
    }

    public void Clear(AlertKind kind, string subject) => _standing.Remove((kind, subject));

    public AlertEvent? Standing(AlertKind kind, string subject) => _standing.GetValueOrDefault((kind, subject));
}
