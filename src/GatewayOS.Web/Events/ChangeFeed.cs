using GatewayOS.Appliance.Alerts;
using GatewayOS.Appliance.Jobs;
using GatewayOS.Appliance.Panel;

namespace GatewayOS.Web.Events;

/// <summary>
/// Tells pages that are open what has changed. Jobs and policies say so themselves; the rest is compared with what it was a second ago, while somebody
/// listens. Whoever listens slowly is told once of many changes. Thread-safe.
/// </summary>
internal sealed class ChangeFeed : IDisposable
{
    /// <summary>Most who listen at once.</summary>
    public const int ListenersMax = 100;

    /// <summary>How often is compared.</summary>
    public static readonly TimeSpan CompareInterval = TimeSpan.FromSeconds(1);

    private const int AlertsMax = 1000;

    private readonly WebAppliance _appliance;
    private readonly Lock _gate = new();
    private readonly List<Listener> _listeners = [];
    private readonly Dictionary<Topics, string> _before = [];
    private readonly ITimer _timer;
    private int _comparing;

    public ChangeFeed(WebAppliance appliance)
    {
        _appliance = appliance;
        appliance.Jobs.Changed += OnJob;
        appliance.Policies.Changed += OnPolicy;
        _timer = appliance.Time.CreateTimer(_ => Compare(), null, CompareInterval, CompareInterval);
    }

    /// <summary>Begins to listen.</summary>
    /// <returns>The listener, to be disposed of; null when too many listen.</returns>
    public Listener? Listen()
    {
        lock (_gate)
        {
            if (_listeners.Count >= ListenersMax)
            {
                return null;
            }

            if (_listeners.Count == 0)
            {
                // What changed while nobody listened, nobody is told of.
                _before.Clear();
            }

            var listener = new Listener(this);
            _listeners.Add(listener);
            return listener;
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        _appliance.Jobs.Changed -= OnJob;
        _appliance.Policies.Changed -= OnPolicy;
    }

    private void OnJob(JobRecord job) => Tell(Topics.Jobs);

    private void OnPolicy() => Tell(Topics.Policies);

    private void Tell(Topics topics)
    {
        lock (_gate)
        {
            _listeners.ForEach(listener => listener.Add(topics));
        }
    }

    // Not two at once: a slow disk under the alerts must not pile timers up.
    private void Compare()
    {
        if (Interlocked.Exchange(ref _comparing, 1) == 1)
        {
            return;
        }

        try
        {
            lock (_gate)
            {
                if (_listeners.Count == 0)
                {
                    return;
                }
            }

            Topics changed = Changed(Topics.Alerts, Alerts()) | Changed(Topics.Nodes, Nodes()) | Changed(Topics.Raid, Raid()) | Changed(Topics.Panel, Panel()) | Changed(Topics.Accounts, Accounts());
            if (changed != Topics.None)
            {
                Tell(changed);
            }
        }
        catch (Exception error) when (error is Microsoft.Data.Sqlite.SqliteException or IOException or ObjectDisposedException)
        {
            _appliance.Warn($"Pages cannot be told what has changed: {error.Message}");
        }
        finally
        {
            Volatile.Write(ref _comparing, 0);
        }
    }

    private Topics Changed(Topics topic, string now)
    {
        lock (_gate)
        {
            bool isKnown = _before.TryGetValue(topic, out string? before);
            _before[topic] = now;
            return isKnown && before != now ? topic : Topics.None;
        }
    }

    private string Alerts() => string.Join(';', _appliance.Alerts.List(withCleared: false, AlertsMax).Select(alert => $"{alert.Id},{alert.Count},{alert.Event.Severity},{alert.AcknowledgedBy}"));

    private string Nodes() => string.Join(';', _appliance.Registry.Nodes.Select(node => $"{node.Id},{node.Name},{node.State},{_appliance.IsConnected(node.Id)}"));

    private string Raid()
    {
        Appliance.Raid.RaidStatus raid = _appliance.Raid();
        return $"{raid.Reading.Problem}|{string.Join(';', raid.Arrays.Select(array => $"{array.Array.Id},{array.Health.State},{array.Health.Progress:0.000},{array.Health.Survives}"))}"
            + $"|{string.Join(';', raid.Disks.Select(disk => $"{disk.Disk.Serial},{disk.Disk.Bay},{disk.Health.State}"))}|{raid.Replacement?.Id},{raid.Replacement?.Step},{raid.Replacement?.Problem}";
    }

    private string Panel()
    {
        PanelView view = _appliance.Panel.View();
        return $"{string.Join(';', view.Leds.Select(led => led.Pattern))}|{string.Join('\n', view.Lines)}|{view.PresentUntil}";
    }

    private string Accounts() =>
        $"{string.Join(';', _appliance.Accounts.Accounts.Select(account => $"{account.Name},{account.Role},{account.PasswordSet.Ticks},{account.LockedUntil?.Ticks},{account.Failures},{account.SecondFactor is null}"))}"
        + $"|{string.Join(';', _appliance.Accounts.Tokens.Select(token => token.Id))}";

    /// <summary>Somebody who listens.</summary>
    internal sealed class Listener(ChangeFeed feed) : IDisposable
    {
        private readonly SemaphoreSlim _told = new(0, 1);
        private Topics _topics;

        /// <summary>Waits until something has changed.</summary>
        /// <param name="most">How long.</param>
        /// <param name="cancellation">Gives up.</param>
        /// <returns>What; nothing when it took too long.</returns>
        public async Task<Topics> NextAsync(TimeSpan most, CancellationToken cancellation)
        {
            await _told.WaitAsync(most, cancellation).ConfigureAwait(false);
            lock (feed._gate)
            {
                Topics topics = _topics;
                _topics = Topics.None;
                return topics;
            }
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            lock (feed._gate)
            {
                feed._listeners.Remove(this);
            }
        }

        // Under the feed's gate.
        internal void Add(Topics topics)
        {
            bool wasQuiet = _topics == Topics.None;
            _topics |= topics;
            if (wasQuiet && _told.CurrentCount == 0)
            {
                _told.Release();
            }
        }
    }
}
