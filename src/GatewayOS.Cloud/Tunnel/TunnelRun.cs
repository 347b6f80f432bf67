using System.Net;

namespace GatewayOS.Cloud.Tunnel;

/// <summary>A configuration at work on a device. Not thread-safe: it belongs to the tunnel's thread.</summary>
internal sealed class TunnelRun
{
    // Whether the MTU still holds is seen from a large probe a minute; so many lost ones beside small ones that were answered say that it does not.
    private static readonly TimeSpan s_largeInterval = TimeSpan.FromMinutes(1);
    private const int LargeLostMax = 3;

    private readonly TunnelSurroundings _around;
    private readonly EndpointResolver _resolver;
    private readonly IReadOnlyList<TunnelWay> _ways;
    private readonly TunnelMachine _machine;
    private readonly EchoProbe _probe;
    private readonly string _privateKey;
    private MtuSearch? _search;
    private int _mtu;
    private bool _isMtuFound;
    private TimeSpan? _roundTrip;
    private TimeSpan _largeAt;
    private int _largeLost;

    public TunnelRun(TunnelConfig config, TunnelSurroundings around, WireGuardDevice device, TimeSpan now, TunnelRun? before)
    {
        (Config, _around, Device, _ways) = (config, around, device, config.Ways);
        _machine = new TunnelMachine(_ways.Count, now);
        _resolver = before?._resolver ?? new EndpointResolver();
        _probe = new EchoProbe(config.Device, (ushort)(Environment.ProcessId & 0x7fff));
        _privateKey = around.File.Key.Private();
        PublicKey = TunnelKey.PublicOf(_privateKey);
        (_mtu, _isMtuFound) = before is { } known && known._mtu <= config.MtuBytes ? (known._mtu, known._isMtuFound) : (config.MtuBytes, false);
        (AppliedAt, _largeAt) = (now, now);
    }

    public TunnelConfig Config { get; }

    public WireGuardDevice Device { get; }

    public string PublicKey { get; }

    public TimeSpan AppliedAt { get; }

    public bool IsBusy => _machine.IsUnsettled || _search is not null || _largeLost > 0;

    private TunnelWay Way => _ways[_machine.Way];

    public void Apply()
    {
        Device.Open();
        Device.Use(Config, _privateKey, Way, _resolver.Resolve(Way));
        Device.Address(Config, _mtu);
    }

    public TunnelStatus Look(TimeSpan now, bool linkChanged)
    {
        (int answered, int lost) = ProbeOnce();
        DeviceReading device = Device.Read(Way.Peer.PublicKey);
        TimeSpan? age = device.Handshake is { } handshake ? _around.Time.GetUtcNow() - handshake : null;
        foreach (TunnelMove move in _machine.Look(new TunnelReading(now, age, device.ReceivedBytes, answered, lost, linkChanged, Config.ProbeTarget is not null)))
        {
            Do(move);
        }

        if (answered > 0)
        {
            LookAtMtu(now);
        }

        return StatusOf(device);
    }

    private void Do(TunnelMove move)
    {
        if (move == TunnelMove.UseWay)
        {
            IPEndPoint? address = _resolver.Resolve(Way);
            _around.Log($"The tunnel tries the endpoint {Way.Endpoint}{(address is null ? "" : $" at {address}")}{(_resolver.Problem(Way) is { } problem ? $": {problem}" : ".")}");
            Device.Use(Config, _privateKey, Way, address);
        }
        else
        {
            _search = new MtuSearch(Math.Min(Config.MtuBytes, Config.Addresses.Any(address => address.IsV6) ? TunnelConfig.MtuBytesMinV6 : TunnelConfig.MtuBytesMin), Config.MtuBytes);
        }
    }

    private (int Answered, int Lost) ProbeOnce()
    {
        if (Config.ProbeTarget is not { } target)
        {
            if (_machine.IsUnsettled)
            {
                // Nobody need answer: what goes in makes WireGuard shake hands.
                _probe.Ping(Config.Peers[0].AllowedIps[0].Network.BaseAddress, WireGuardTunnel.ProbeBytes, TimeSpan.Zero);
            }

            return (0, 0);
        }

        TimeSpan? answer = _probe.Ping(target, WireGuardTunnel.ProbeBytes, WireGuardTunnel.ProbeLimit);
        _roundTrip = answer ?? _roundTrip;
        return answer is null ? (0, 1) : (1, 0);
    }

    // Only beside a small probe that was just answered does the loss of a large one say something.
    private void LookAtMtu(TimeSpan now)
    {
        if (_search is { } search)
        {
            search.Report(_probe.Ping(Config.ProbeTarget!, search.SizeBytes, WireGuardTunnel.ProbeLimit) is not null);
            if (search.IsEnded)
            {
                Settle(search);
            }
        }
        else if (now - _largeAt >= s_largeInterval || _largeLost > 0)
        {
            _largeAt = now;
            _largeLost = _probe.Ping(Config.ProbeTarget!, _mtu, WireGuardTunnel.ProbeLimit) is null ? _largeLost + 1 : 0;
            if (_largeLost >= LargeLostMax)
            {
                _largeLost = 0;
                _machine.MtuIsWrong();
            }
        }
    }

    private void Settle(MtuSearch search)
    {
        _search = null;
        if (search.FoundBytes is not { } found)
        {
            return;
        }

        if (found != _mtu)
        {
            _around.Log($"Packets of up to {found} bytes pass through the tunnel; so far the routes allowed {_mtu}.");
            Device.Route(Config, found);
        }

        (_mtu, _isMtuFound) = (found, true);
    }

    private TunnelStatus StatusOf(DeviceReading device) => new()
    {
        State = _machine.State,
        Reason = _machine.State == TunnelState.Down && _resolver.Problem(Way) is { } problem ? $"{_machine.Reason} {problem}" : _machine.Reason,
        Since = _around.Time.GetUtcNow(),
        Device = Config.Device,
        Engine = Device.Engine,
        PublicKey = PublicKey,
        Addresses = Config.Addresses,
        Dns = Config.Dns,
        Ways = [.. _ways.Select((way, number) => new TunnelWayStatus(way.Endpoint.ToString(), (number == _machine.Way ? device.Endpoint : null) ?? _resolver.Last(way)?.ToString(), number == _machine.Way, _resolver.Problem(way)))],
        Handshake = device.Handshake,
        ReceivedBytes = device.ReceivedBytes,
        SentBytes = device.SentBytes,
        MtuBytes = _mtu,
        IsMtuFound = _isMtuFound,
        Probe = Config.ProbeTarget,
        ProbeUs = _roundTrip is { } time ? (long)time.TotalMicroseconds : null,
        LossPercent = _machine.LossPercent,
    };
}
