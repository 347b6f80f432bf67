using GatewayOS.Cloud.Tunnel;

namespace GatewayOS.Cloud.Tests.Tunnel;

/// <summary>What the tunnel makes of what it sees, second by second.</summary>
public sealed class TunnelMachineTests
{
    private TimeSpan _now;
    private long _received = 1000;

    // Each letter is a look, a second after the last: a = probe answered, x = lost, l = the link changed and the probe was lost.
    [Theory]
    [InlineData(1, "", TunnelState.Connecting, 0, "")]
    [InlineData(1, "a", TunnelState.Up, 0, "m")]
    [InlineData(1, "aaaaa", TunnelState.Up, 0, "m")]
    [InlineData(1, "xxxxxxxxxx", TunnelState.Connecting, 0, "")]
    [InlineData(1, "xxxxxxxxxxxxxxx", TunnelState.Connecting, 0, "u")]
    [InlineData(1, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", TunnelState.Down, 0, "uu")]
    [InlineData(1, "axxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", TunnelState.Down, 0, "muu")]
    [InlineData(1, "axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxa", TunnelState.Up, 0, "muum")]
    [InlineData(2, "axxxxxxxxxxxxxxx", TunnelState.Connecting, 1, "mu")]
    [InlineData(2, "axxxxxxxxxxxxxxxaaaa", TunnelState.Degraded, 1, "mum")]
    [InlineData(2, "axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", TunnelState.Down, 0, "muu")]
    [InlineData(3, "axxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", TunnelState.Connecting, 2, "muu")]
    [InlineData(1, "aaaxx", TunnelState.Up, 0, "m")]
    [InlineData(1, "aaaxxx", TunnelState.Degraded, 0, "m")]
    [InlineData(1, "aaal", TunnelState.Up, 0, "mu")]
    [InlineData(1, "aaalaa", TunnelState.Up, 0, "mum")]
    public void It_is(int ways, string looks, TunnelState state, int way, string moves)
    {
        var machine = new TunnelMachine(ways, TimeSpan.Zero);
        Assert.Equal(moves, Look(machine, looks));
        Assert.Equal((state, way), (machine.State, machine.Way));
    }

    [Fact]
    public void It_goes_back_to_the_preferred_way_and_returns_when_that_is_still_silent()
    {
        var machine = new TunnelMachine(2, TimeSpan.Zero);
        Look(machine, "a" + new string('x', 15) + "aaaa");
        Assert.Equal(1, machine.Way);
        LookUntilMoved(machine, 'a');
        Assert.Equal(0, machine.Way);

        // Silent: back within seconds, and the next try comes later.
        Look(machine, "xxxxxx");
        Assert.Equal(1, machine.Way);
        TimeSpan back = _now;
        Look(machine, "aaa");
        LookUntilMoved(machine, 'a');
        Assert.True(_now - back >= 2 * TunnelMachine.FailBackPauseMin);
        Look(machine, "xaaa");
        Assert.Equal((0, TunnelState.Up), (machine.Way, machine.State));
    }

    [Fact]
    public void Without_a_probe_it_is_as_patient_as_a_session_lasts()
    {
        var machine = new TunnelMachine(1, TimeSpan.Zero);
        See(machine, TimeSpan.FromSeconds(1), handshake: TimeSpan.Zero, probe: null);
        Assert.Equal(TunnelState.Up, machine.State);
        See(machine, TimeSpan.FromSeconds(150), handshake: TimeSpan.FromSeconds(150), probe: null);
        Assert.Equal(TunnelState.Up, machine.State);
        See(machine, TimeSpan.FromSeconds(50), handshake: TimeSpan.FromSeconds(200), probe: null);
        See(machine, TunnelMachine.SilenceMax, handshake: TimeSpan.FromSeconds(215), probe: null);
        Assert.Equal(TunnelState.Down, machine.State);
    }

    [Fact]
    public void A_handshake_that_is_older_than_sessions_last_is_no_sign_of_life()
    {
        var machine = new TunnelMachine(1, TimeSpan.Zero);
        See(machine, TimeSpan.FromSeconds(1), handshake: TimeSpan.FromHours(1), probe: null);
        Assert.Equal(TunnelState.Connecting, machine.State);
    }

    [Fact]
    public void Loss_and_a_silent_probe_make_it_degraded()
    {
        var machine = new TunnelMachine(1, TimeSpan.Zero);
        Look(machine, "aaxaaxaaxaaxaaxaa");
        Assert.Equal((TunnelState.Degraded, 29), (machine.State, machine.LossPercent));
        Assert.Contains("29 % were lost", machine.Reason, StringComparison.Ordinal);

        var other = new TunnelMachine(1, TimeSpan.Zero);
        for (int i = 0; i < 5; i++)
        {
            _received += 100;
            See(other, TimeSpan.FromSeconds(1), handshake: TimeSpan.Zero, probe: false);
        }

        Assert.Equal(TunnelState.Degraded, other.State);
        Assert.Contains("the probe inside the tunnel does not", other.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void The_mtu_is_looked_for_every_hour_and_when_it_is_wrong()
    {
        var machine = new TunnelMachine(1, TimeSpan.Zero);
        Assert.Equal("m", Look(machine, "a"));
        Assert.Equal("", Look(machine, "aaa"));
        machine.MtuIsWrong();
        Assert.Equal("m", Look(machine, "a"));
        _now += TunnelMachine.MtuInterval;
        Assert.Equal("m", Look(machine, "a"));
    }

    [Theory]
    [InlineData(576, 1420, 1420)]
    [InlineData(576, 1420, 1300)]
    [InlineData(576, 1420, 1280)]
    [InlineData(576, 1420, 576)]
    [InlineData(576, 1420, 580)]
    [InlineData(1280, 1420, 1419)]
    [InlineData(1280, 1280, 1280)]
    public void The_search_finds_what_passes(int floor, int ceiling, int passes)
    {
        var search = new MtuSearch(floor, ceiling);
        int tries = 0;
        for (; !search.IsEnded; tries++)
        {
            // Of those that pass every other one is lost to something else.
            search.Report(search.SizeBytes <= passes && tries % 2 == 1);
        }

        Assert.True(search.FoundBytes <= passes && search.FoundBytes > passes - 16, $"found {search.FoundBytes} of {passes}");
        Assert.True(tries <= 50, $"{tries} tries");
    }

    [Fact]
    public void The_search_says_nothing_where_nothing_passes()
    {
        var search = new MtuSearch(576, 1420);
        while (!search.IsEnded)
        {
            search.Report(passed: false);
        }

        Assert.Null(search.FoundBytes);
    }

    private void LookUntilMoved(TunnelMachine machine, char look)
    {
        int way = machine.Way;
        for (int i = 0; i < 4000 && machine.Way == way; i++)
        {
            Look(machine, look.ToString());
        }
    }

    // Moves as letters: u = use the way, m = find the MTU.
    private string Look(TunnelMachine machine, string looks) =>
        string.Concat(looks.Select(look => See(machine, TimeSpan.FromSeconds(1), look == 'a' ? TimeSpan.Zero : null, look == 'a', look == 'l')));

    private string See(TunnelMachine machine, TimeSpan after, TimeSpan? handshake, bool? probe, bool linkChanged = false)
    {
        _now += after;
        IReadOnlyList<TunnelMove> moves = machine.Look(new TunnelReading(_now, handshake, _received, probe == true ? 1 : 0, probe == false ? 1 : 0, linkChanged, probe is not null));
        return string.Concat(moves.Select(move => move == TunnelMove.UseWay ? 'u' : 'm'));
    }
}
