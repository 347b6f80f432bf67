using GatewayOS.Appliance.Alerts;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Raid;

/// <summary>What the watch over arrays works with.</summary>
public sealed record RaidSurroundings
{
    /// <summary>Where alerts go; borrowed.</summary>
    public required IAlertSink Alerts { get; init; }

    /// <summary>Lights of the bays; borrowed.</summary>
    public required IBayLights Lights { get; init; }

    /// <summary>Where things are kept that survive a restart.</summary>
    public required StateDirectory State { get; init; }

    /// <summary>The hardware's limits of the pace of rebuilds.</summary>
    public required RebuildRate Rate { get; init; }

    /// <summary>True while backups run or their window is open. From any thread.</summary>
    public required Func<bool> BackupsExpected { get; init; }

    /// <summary>Has the whole store read and checked. From any thread.</summary>
    public required Action VerifyStore { get; init; }

    /// <summary>The clock.</summary>
    public required TimeProvider Time { get; init; }
}

/// <summary>
/// Watches over arrays and disks: reads them, says what is wrong, moves a replacement on, begins checks, sets the pace of rebuilds. What is to be done is
/// decided by pure code (<see cref="ReplacementMachine"/>, <see cref="CheckPlan"/>, <see cref="RebuildGovernor"/>); here it is done. Thread-safe; it moves
/// only when it is pumped.
/// </summary>
public sealed partial class RaidWatch
{
    private static readonly TimeSpan s_smartEvery = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_considerationKept = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly IRaidHealth _port;
    private readonly RaidSurroundings _with;
    private readonly RaidMemory _memory;
    private readonly RaidAlerts _alerts;
    private readonly Dictionary<string, RebuildRate> _rates = [];
    private readonly Dictionary<string, string> _rateProblems = [];
    private readonly Dictionary<string, string> _checkWaits = [];
    private readonly Dictionary<int, BayLight> _lights = [];
    private string _told = "";
    private DateTimeOffset _smartRefreshed;
    private volatile RaidStatus _status;

    /// <summary>Makes the watch; it has not looked yet.</summary>
    /// <param name="port">Arrays and disks; borrowed.</param>
    /// <param name="with">What it works with.</param>
    /// <exception cref="InvalidDataException">What was kept is damaged.</exception>
    public RaidWatch(IRaidHealth port, RaidSurroundings with)
    {
        (_port, _with) = (port, with);
        _memory = new RaidMemory(with.State);
        _alerts = new RaidAlerts(with.Alerts);
        _status = new RaidStatus(new RaidReading { Time = with.Time.GetUtcNow(), Source = "", Problem = "arrays were not looked at yet" }, [], [], _memory.Replacement);
    }

    /// <summary>As of the last look.</summary>
    public RaidStatus Status => _status;

    /// <summary>True while something goes on that is to be followed closely.</summary>
    public bool IsBusy => _status.Replacement is { IsEnded: false } || _status.Arrays.Any(array => array.Health.Progress is not null || array.Health.Disagreements.Count > 0);

    /// <summary>Looks, and does what is due.</summary>
    /// <exception cref="StoreIoException">What has to survive cannot be kept; nothing was done to an array.</exception>
    public void Pump()
    {
        lock (_gate)
        {
            DateTimeOffset now = _with.Time.GetUtcNow();
            if (now - _smartRefreshed >= s_smartEvery || now < _smartRefreshed)
            {
                _smartRefreshed = now;
                _port.RefreshSmart();
            }

            Look();
            MoveReplacement();
            if (_status.Reading.Problem is null)
            {
                Array.ForEach([.. _status.Arrays], TakeBack);
                Array.ForEach([.. _status.Arrays], array => LookAfterCheck(array, now));
                Array.ForEach([.. _status.Arrays], Govern);
            }

            _alerts.Look(_status);
            ShowLights();
        }
    }

    // Reads, and says what it means.
    private void Look()
    {
        RaidReading reading = _port.Read();
        DateTimeOffset now = _with.Time.GetUtcNow();
        if (reading.Problem is null)
        {
            _memory.Note(reading);
        }

        DiskStatus[] disks = [.. reading.Disks.Select(disk => StatusOf(disk, reading))];
        ArrayStatus[] arrays = [.. reading.Arrays.Select(array => StatusOf(array, now))];
        _status = new RaidStatus(reading, arrays, disks, _memory.Replacement);
    }

    private DiskStatus StatusOf(DiskReading disk, RaidReading reading)
    {
        (ArrayReading? array, MemberReading? member) = reading.Arrays
            .SelectMany(array => array.Members.Where(member => disk.Serial.Length > 0 ? member.Serial == disk.Serial : member.Device == disk.Device).Select(member => ((ArrayReading?)array, (MemberReading?)member)))
            .FirstOrDefault();
        return new DiskStatus(disk, DiskHealth.Of(disk, _memory.SamplesOf(disk.Serial), member), array?.Name ?? "", member);
    }

    private ArrayStatus StatusOf(ArrayReading array, DateTimeOffset now)
    {
        var health = ArrayHealth.Of(array);
        RememberedArray remembered = _memory.Of(array.Id, now);
        GovernorAnswer governor = RebuildGovernor.Decide(array, health, _with.Rate, _with.BackupsExpected(), remembered.Promised, now);
        governor = _rateProblems.TryGetValue(array.Id, out string? problem) ? governor with { Reason = problem } : governor;
        DateTimeOffset? next = array.Controller is null ? CheckPlan.Next(remembered.Considered, _with.Time.LocalTimeZone, now) : null;
        return new ArrayStatus(array, health, remembered, next, _checkWaits.GetValueOrDefault(array.Id, ""), governor);
    }

    private DiskHealth? HealthOf(string serial) => _status.Disks.FirstOrDefault(disk => disk.Disk.Serial == serial && serial.Length > 0)?.Health;

    // A check that ended is looked at once: what it counted decides whether the store is read.
    private void LookAfterCheck(ArrayStatus status, DateTimeOffset now)
    {
        if (status.Array.Kernel is not { } kernel)
        {
            return;
        }

        RememberedArray remembered = _memory.Of(status.Array.Id, now);
        if (remembered.CheckBegun is null || remembered.CheckEnded is not null)
        {
            if (kernel.SyncAction == "check")
            {
                // Begun by somebody else, as by mdadm's own timer: it counts all the same.
                _memory.Put(remembered with { CheckBegun = now, CheckEnded = null });
                return;
            }
        }
        else if (kernel.SyncAction != "check")
        {
            _memory.Put(remembered with { CheckEnded = now, CheckMismatchSectors = kernel.MismatchSectors });
            if (kernel.MismatchSectors > 0)
            {
                _with.VerifyStore();
            }

            return;
        }

        bool isBusy = _status.Replacement is { IsEnded: false } replacement && replacement.ArrayId == status.Array.Id;
        (CheckMove move, DateTimeOffset considered, string reason) = CheckPlan.Decide(status.Array, status.Health, remembered.Considered, isBusy, _with.Time.LocalTimeZone, now);
        _checkWaits[status.Array.Id] = move == CheckMove.Wait ? $"A check is due and waits: {reason}." : "";
        if (considered != remembered.Considered && (move == CheckMove.Begin || considered - remembered.Considered > s_considerationKept))
        {
            _memory.Put(_memory.Of(status.Array.Id, now) with { Considered = considered });
        }

        if (move == CheckMove.Begin)
        {
            BeginCheck(status.Array, now);
        }
        else if (move == CheckMove.Stop)
        {
            _port.Request(status.Array, SyncRequest.Idle);
        }
    }

    private RaidAnswer BeginCheck(ArrayReading array, DateTimeOffset now)
    {
        RaidAnswer answer = _port.Request(array, SyncRequest.Check);
        if (answer.IsDone)
        {
            _memory.Put(_memory.Of(array.Id, now) with { CheckBegun = now, CheckEnded = null });
        }

        return answer;
    }

    private void Govern(ArrayStatus status)
    {
        RememberedArray remembered = _memory.Of(status.Array.Id, _status.Reading.Time);
        if (remembered.Promised != status.Governor.PromisedFinish)
        {
            _memory.Put(remembered with { Promised = status.Governor.PromisedFinish });
        }

        if (status.Array.Kernel is not null && _rates.GetValueOrDefault(status.Array.Id) != status.Governor.Rate)
        {
            RaidAnswer answer = _port.SetRate(status.Array, status.Governor.Rate);
            if (answer.IsDone)
            {
                _rates[status.Array.Id] = status.Governor.Rate;
                _rateProblems.Remove(status.Array.Id);
            }
            else
            {
                _rateProblems[status.Array.Id] = answer.Problem;
            }
        }
    }

    private void ShowLights()
    {
        var wished = new Dictionary<int, BayLight>();
        foreach (DiskStatus disk in _status.Disks)
        {
            Wish(disk.Disk.Bay, disk.Health.State == DiskState.Failing ? BayLight.Fault : disk.Member?.State == MemberState.Rebuilding ? BayLight.Rebuild : BayLight.Off);
        }

        // A bay that lost its disk shows where the next one belongs.
        foreach ((_, RememberedMember? held) in _status.Arrays.SelectMany(array => array.Missing))
        {
            Wish(held?.Bay, BayLight.Fault);
        }

        DiskReplacement? replacement = _status.Replacement is { IsEnded: false } open ? open : null;
        Wish(replacement?.Wrong?.Bay, BayLight.Locate);
        Wish(replacement is { Wrong: null, Step: ReplacementStep.Removing or ReplacementStep.AwaitingDisk } or { Wrong: null, Problem: "", Step: ReplacementStep.Confirm or ReplacementStep.AwaitingPull } ? replacement.Bay : null, BayLight.Locate);
        foreach (int bay in _lights.Keys.Union(wished.Keys).ToArray())
        {
            BayLight light = wished.GetValueOrDefault(bay);
            if (_lights.GetValueOrDefault(bay) != light)
            {
                _lights[bay] = light;
                _with.Lights.Set(bay, light);
            }
        }

        string text = replacement is null ? "" : replacement.Problem.Length > 0 && replacement.Wrong is null ? replacement.Problem : replacement.Instruction;
        if (text != _told)
        {
            _told = text;
            _with.Lights.Tell(text);
        }

        void Wish(int? bay, BayLight light)
        {
            if (bay is { } number)
            {
                BayLight before = wished.GetValueOrDefault(number);
                wished[number] = light > before ? light : before;
            }
        }
    }
}
