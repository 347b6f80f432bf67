using System.Globalization;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>How a tunnel is.</summary>
public enum TunnelState
{
    /// <summary>Not configured, or switched off.</summary>
    Off,

    /// <summary>Set up; the other end has not answered yet.</summary>
    Connecting,

    /// <summary>The other end answers.</summary>
    Up,

    /// <summary>It carries traffic, and something is wrong with it.</summary>
    Degraded,

    /// <summary>Nothing comes through, or it cannot be set up.</summary>
    Down,
}

/// <summary>What is known of the device at a moment.</summary>
/// <param name="Now">Time since some beginning, from a clock that is never set.</param>
/// <param name="HandshakeAge">Since the last handshake with the peer in use; null when there has been none.</param>
/// <param name="ReceivedBytes">Counter of the device; it only grows, and begins anew with another peer.</param>
/// <param name="ProbesAnswered">Probes that were answered since the last look.</param>
/// <param name="ProbesLost">Probes that were not, since the last look.</param>
/// <param name="LinkChanged">True when an address or link of this machine changed since the last look.</param>
/// <param name="HasProbe">True when there is something to probe.</param>
public readonly record struct TunnelReading(TimeSpan Now, TimeSpan? HandshakeAge, long ReceivedBytes, int ProbesAnswered, int ProbesLost, bool LinkChanged, bool HasProbe);

/// <summary>What is to be done.</summary>
public enum TunnelMove
{
    /// <summary>Resolve the way <see cref="TunnelMachine.Way"/> anew and use it.</summary>
    UseWay,

    /// <summary>Find the MTU.</summary>
    FindMtu,
}

/// <summary>
/// Decides how a tunnel is and what to do about it: which way to use, when to go back to a better one, when to look for the MTU. Pure: it is told what was seen and says what to do; nothing
/// in it waits, sends or reads a clock.
/// <para>The other end counts as there while something comes from it: an answered probe, received bytes, a handshake. A tunnel that is not probed can be silent for as long as WireGuard's sessions last
/// (REJECT_AFTER_TIME, 180 s in the WireGuard paper, 6.1), so a loss shows within seconds only with a probe.</para>
/// </summary>
public sealed class TunnelMachine
{
    /// <summary>Silence after which a probed tunnel tries another way. Three of WireGuard's handshake attempts, which are 5 s apart (REKEY_TIMEOUT), fit in.</summary>
    public static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(15);

    /// <summary>The same without a probe: WireGuard's sessions end after 180 s, and a new handshake has 15 s more.</summary>
    public static readonly TimeSpan SilenceUnprobedMax = TimeSpan.FromSeconds(195);

    /// <summary>How long a better way may be silent when it is tried while another carries the traffic: a session that lasts is answered in one round trip.</summary>
    public static readonly TimeSpan TrialMax = TimeSpan.FromSeconds(6);

    /// <summary>First pause before a better way is tried again; it doubles with each time that it does not answer.</summary>
    public static readonly TimeSpan FailBackPauseMin = TimeSpan.FromMinutes(2);

    /// <summary>Longest such pause.</summary>
    public static readonly TimeSpan FailBackPauseMax = TimeSpan.FromHours(1);

    /// <summary>How often the MTU is looked for while nothing changes: ways get wider, too.</summary>
    public static readonly TimeSpan MtuInterval = TimeSpan.FromHours(1);

    /// <summary>Share of lost probes from which a tunnel is degraded, in percent of the last <see cref="ProbeWindow"/>.</summary>
    public const int LossPercentMax = 20;

    /// <summary>So many probes are remembered.</summary>
    public const int ProbeWindow = 20;

    /// <summary>So many lost probes in a row, while the other end answers otherwise, say that the probe does not answer.</summary>
    public const int ProbesLostMax = 3;

    // Fewer say nothing.
    private const int ProbesMin = 10;

    // What was on its way when the way was changed is no answer of the new one.
    private static readonly TimeSpan s_settle = TimeSpan.FromSeconds(2);

    // WireGuard tells whole seconds.
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly int _ways;
    private readonly Queue<bool> _probes = new();
    private readonly TimeSpan _begun;
    private TimeSpan? _heard;
    private TimeSpan _moved;
    private TimeSpan _failBackAt;
    private TimeSpan _failBackPause = FailBackPauseMin;
    private TimeSpan? _mtuAt;
    private TimeSpan? _lastHandshake;
    private long? _received;
    private int _triedInVain;
    private int? _returnTo;
    private int _probesLost;

    /// <summary>Makes it, connecting by the first way.</summary>
    /// <param name="ways">Number of ways, at least 1.</param>
    /// <param name="now">The time.</param>
    public TunnelMachine(int ways, TimeSpan now)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ways, 1);
        (_ways, _begun, _moved) = (ways, now, now);
    }

    /// <summary>Number of the way in use, 0 for the preferred one.</summary>
    public int Way { get; private set; }

    /// <summary>How it is.</summary>
    public TunnelState State { get; private set; } = TunnelState.Connecting;

    /// <summary>Why, one sentence.</summary>
    public string Reason { get; private set; } = "The other end has not answered yet.";

    /// <summary>Lost probes of the last <see cref="ProbeWindow"/>, in percent; null with too few of them.</summary>
    public int? LossPercent => _probes.Count < ProbesMin ? null : 100 * _probes.Count(answered => !answered) / _probes.Count;

    /// <summary>True while quick looks are worth it: it is not known to be up, a way is being tried, or probes are lost and it is to be seen how many.</summary>
    public bool IsUnsettled => State is TunnelState.Connecting or TunnelState.Down || _returnTo is not null || _probesLost > 0 || LossPercent > LossPercentMax;

    /// <summary>Takes in what was seen.</summary>
    /// <returns>What to do, in this order.</returns>
    public IReadOnlyList<TunnelMove> Look(TunnelReading reading)
    {
        var moves = new List<TunnelMove>();
        bool heard = Hear(reading);
        TimeSpan silence = reading.Now - (_heard > _moved ? _heard.Value : _moved);
        TimeSpan most = _returnTo is not null ? TrialMax : reading.HasProbe || _heard is null || _triedInVain > 0 ? SilenceMax : SilenceUnprobedMax;
        if (reading.LinkChanged)
        {
            // Another network: what was found out no longer holds, and the preferred way may be open again.
            _failBackPause = FailBackPauseMin;
            _mtuAt = null;
            moves.Add(TunnelMove.UseWay);
        }

        if (heard)
        {
            Settle(reading.Now);
        }
        else if (silence >= most)
        {
            MoveOn(reading.Now);
            moves.Add(TunnelMove.UseWay);
        }

        // Without a probe nothing would come back in time.
        if (reading.HasProbe && _triedInVain == 0 && _returnTo is null && Way != 0 && _heard is not null && reading.Now >= _failBackAt)
        {
            TryPreferred(reading.Now);
            moves.Add(TunnelMove.UseWay);
        }

        if (heard && reading.HasProbe && _returnTo is null && (_mtuAt is null || reading.Now - _mtuAt >= MtuInterval))
        {
            _mtuAt = reading.Now;
            moves.Add(TunnelMove.FindMtu);
        }

        (State, Reason) = Judge(reading);
        return [.. moves.Distinct()];
    }

    /// <summary>Says that large packets are lost where small ones pass.</summary>
    public void MtuIsWrong() => _mtuAt = null;

    private bool Hear(TunnelReading reading)
    {
        for (int i = 0; i < reading.ProbesAnswered + reading.ProbesLost; i++)
        {
            _probes.Enqueue(i < reading.ProbesAnswered);
            if (_probes.Count > ProbeWindow)
            {
                _probes.Dequeue();
            }
        }

        TimeSpan? handshake = reading.HandshakeAge is { } age ? reading.Now - age : null;
        bool isNewHandshake = reading.HandshakeAge < SilenceUnprobedMax && (_lastHandshake is null || handshake > _lastHandshake + s_second);
        bool heard = reading.ProbesAnswered > 0 || reading.ReceivedBytes > (_received ?? reading.ReceivedBytes) || isNewHandshake;
        _probesLost = reading.ProbesAnswered > 0 ? 0 : _probesLost + reading.ProbesLost;
        (_received, _lastHandshake) = (reading.ReceivedBytes, handshake ?? _lastHandshake);
        if (!heard || (_heard is not null && reading.Now - _moved < s_settle && _moved > _begun))
        {
            return false;
        }

        _heard = reading.Now;
        return true;
    }

    // The way answers: it is the one.
    private void Settle(TimeSpan now)
    {
        _triedInVain = 0;
        if (_returnTo is not null)
        {
            (_returnTo, _failBackPause) = (null, FailBackPauseMin);
            _mtuAt = null;
        }

        if (Way == 0)
        {
            _failBackAt = now;
        }
    }

    private void MoveOn(TimeSpan now)
    {
        if (_returnTo is { } back)
        {
            // The preferred way does not answer yet: back to the one that did, and later again.
            (Way, _returnTo) = (back, null);
            _failBackPause = _failBackPause * 2 < FailBackPauseMax ? _failBackPause * 2 : FailBackPauseMax;
        }
        else
        {
            Way = (Way + 1) % _ways;
            _triedInVain++;
        }

        _failBackAt = now + _failBackPause;
        _moved = now;
        _mtuAt = null;
        _probes.Clear();
    }

    private void TryPreferred(TimeSpan now) => (_returnTo, Way, _moved) = (Way, 0, now);

    private (TunnelState State, string Reason) Judge(TunnelReading reading)
    {
        bool isInVain = _triedInVain >= Math.Max(_ways, 2);
        if (_heard is null)
        {
            return isInVain ? (TunnelState.Down, "No endpoint has answered.") : (TunnelState.Connecting, "The other end has not answered yet.");
        }

        if (_triedInVain > 0 && !isInVain)
        {
            return (TunnelState.Connecting, Number(Way, "Nothing came through any more; the way tried now is number"));
        }

        if (isInVain)
        {
            return (TunnelState.Down, _ways == 1 ? "The endpoint does not answer." : "No endpoint answers.");
        }

        if (reading.HandshakeAge is null && reading.ProbesAnswered == 0 && _lastHandshake is null)
        {
            return (TunnelState.Connecting, "There has been no handshake yet.");
        }

        if (Way != 0 || _returnTo is not null)
        {
            return (TunnelState.Degraded, Number(_returnTo ?? Way, "A preferred endpoint does not answer; in use is number"));
        }

        return reading.HasProbe && _probesLost >= ProbesLostMax ? (TunnelState.Degraded, "The other end answers, the probe inside the tunnel does not.")
            : LossPercent is { } loss && loss > LossPercentMax ? (TunnelState.Degraded, string.Create(CultureInfo.InvariantCulture, $"Of the last {_probes.Count} probes {loss} % were lost."))
            : (TunnelState.Up, "The other end answers.");
    }

    private static string Number(int way, string what) => string.Create(CultureInfo.InvariantCulture, $"{what} {way + 1}.");
}
