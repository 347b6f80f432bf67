namespace GatewayOS.Appliance.Raid;

/// <summary>What a replacement is asked for with.</summary>
public sealed record ReplacementWish
{
    /// <summary>Bay whose disk is replaced; null when another field says which.</summary>
    public int? Bay { get; init; }

    /// <summary>Serial number or device of the disk; empty when another field says which.</summary>
    public string Disk { get; init; } = "";

    /// <summary>True when nobody needs to confirm.</summary>
    public bool IsConfirmed { get; init; }

    /// <summary>True when a risky pull is accepted.</summary>
    public bool AcceptsRisk { get; init; }

    /// <summary>Who orders it.</summary>
    public string By { get; init; } = "";
}

/// <summary>What came of an order to replace.</summary>
/// <param name="Replacement">How it stands; null when it was refused.</param>
/// <param name="Refusal">Why it was refused, with a remedy; empty when it was not.</param>
/// <param name="Verdict">The verdict on pulling; null when it did not come to that.</param>
public sealed record ReplacementAnswer(DiskReplacement? Replacement, string Refusal, PullVerdict? Verdict);

/// <content>What operators order.</content>
public sealed partial class RaidWatch
{
    /// <summary>Judges whether a disk may be pulled, and begins to replace it unless that would lose data.</summary>
    public ReplacementAnswer Replace(ReplacementWish wish)
    {
        lock (_gate)
        {
            if (_memory.Replacement is { IsEnded: false } open)
            {
                return Refused($"The disk {(open.OldSerial.Length > 0 ? open.OldSerial : "that is missing")} of {open.ArrayName} is being replaced already. Finish that first, or call it off with 'gatewayctl raid replace --cancel'.");
            }

            Look();
            if (_status.Reading.Problem is { } problem)
            {
                return Refused($"Nothing can be replaced now: {problem}.");
            }

            (ArrayStatus? array, MemberReading? member, int slot, string refusal) = Find(wish);
            if (array is null)
            {
                return Refused(refusal);
            }

            DateTimeOffset now = _with.Time.GetUtcNow();
            var verdict = PullVerdict.Of(_status.Reading, array.Array, slot, member?.State, HealthOf, now);
            if (verdict.Answer is PullAnswer.Unsafe or PullAnswer.Unknown)
            {
                return new ReplacementAnswer(null, verdict.Sentence, verdict);
            }

            if (verdict.Answer == PullAnswer.Risky && !wish.AcceptsRisk)
            {
                return new ReplacementAnswer(null, $"{verdict.Sentence} '--accept-risk' does it all the same.", verdict);
            }

            _memory.Put(Begin(array, member, slot, verdict, wish, now));
            MoveReplacement();
            ShowLights();
            return new ReplacementAnswer(_status.Replacement, "", verdict);
        }
    }

    /// <summary>Confirms that the disk in question is the one to replace.</summary>
    public RaidAnswer Confirm(string by) => Change(open => open.Step == ReplacementStep.Confirm
        ? (open.At(ReplacementStep.AwaitingPull, _with.Time.GetUtcNow(), $"Confirmed by {by}."), "")
        : (null, "There is nothing to confirm: the replacement is on its way."));

    /// <summary>Gives up what is on a disk that is to be taken as the new one.</summary>
    public RaidAnswer Overwrite(string serial, string by) => Change(open => open.Step == ReplacementStep.AwaitingDisk && _status.Reading.DiskOf(serial) is { IsInUse: false }
        ? (open with { MayOverwrite = serial, History = [.. open.History, new ReplacementEvent(open.Step, _with.Time.GetUtcNow(), $"{by} gives up what is on the disk {serial}.")] }, "")
        : (null, $"No disk with the serial number '{serial}' waits to be taken as the new one."));

    /// <summary>Calls the replacement off. What was done stays: a disk that was taken out stays out.</summary>
    public RaidAnswer CancelReplacement(string by) => Change(open => open.Step >= ReplacementStep.Adding
        ? (null, "The new disk is in the array already; the rest needs nobody.")
        : (open.At(ReplacementStep.Cancelled, _with.Time.GetUtcNow(), $"Called off by {by}.") with { Instruction = open.Step == ReplacementStep.Confirm ? "" : $"{open.ArrayName} lacks a disk: order a replacement again when you have one." }, ""));

    /// <summary>Begins or stops a check.</summary>
    /// <param name="array">Name of the array; empty for the only one.</param>
    /// <param name="isStop">True to stop.</param>
    public RaidAnswer Check(string array, bool isStop)
    {
        lock (_gate)
        {
            Look();
            if (_status.Reading.Problem is { } problem)
            {
                return RaidAnswer.Failed($"Nothing can be checked now: {problem}.");
            }

            ArrayStatus[] found = [.. _status.Arrays.Where(one => array.Length == 0 || one.Array.Name == array)];
            if (found.Length != 1)
            {
                return RaidAnswer.Failed(found.Length == 0 ? $"There is no array{(array.Length > 0 ? $" '{array}'" : "")}. 'gatewayctl raid status' shows all." : "There are several arrays: name one.");
            }

            if (isStop)
            {
                return found[0].Health.State == ArrayState.Checking ? _port.Request(found[0].Array, SyncRequest.Idle) : RaidAnswer.Failed($"{found[0].Array.Name} is not being checked.");
            }

            if (CheckPlan.WhyNot(found[0].Array, found[0].Health) is { } why)
            {
                return RaidAnswer.Failed(why);
            }

            if (_status.Replacement is { IsEnded: false } replacement)
            {
                return RaidAnswer.Failed($"A disk of {replacement.ArrayName} is being replaced, which ends with a check.");
            }

            RaidAnswer answer = BeginCheck(found[0].Array, _with.Time.GetUtcNow());
            Look();
            return answer;
        }
    }

    private static ReplacementAnswer Refused(string why) => new(null, why, null);

    // The disk that is meant: by bay, by serial number or device, or, when nothing was named, the one that stands out.
    private (ArrayStatus? Array, MemberReading? Member, int Slot, string Refusal) Find(ReplacementWish wish)
    {
        if (wish is { Bay: null, Disk.Length: 0 })
        {
            return FindTheOne();
        }

        foreach (ArrayStatus array in _status.Arrays)
        {
            MemberReading? member = array.Array.Members.FirstOrDefault(member => IsMeant(member, wish));
            if (member is not null)
            {
                return member.Serial.Length == 0
                    ? (null, null, 0, $"The disk {member.Device} is no whole disk with a serial number of its own. Replace it by hand with mdadm.")
                    : (array, member, member.Slot >= 0 ? member.Slot : FirstMissing(array), "");
            }

            foreach ((int slot, RememberedMember? held) in array.Missing)
            {
                if (held is not null && (held.Bay == wish.Bay && wish.Bay is not null || held.Serial == wish.Disk))
                {
                    return (array, null, slot, "");
                }
            }
        }

        string what = wish.Bay is { } bay ? $"No disk of an array is or was in bay {bay}" : $"No disk '{wish.Disk}' belongs to an array";
        return (null, null, 0, $"{what}. 'gatewayctl raid status' shows all.");
    }

    private bool IsMeant(MemberReading member, ReplacementWish wish) => wish.Bay is { } bay
        ? _status.Reading.DiskOf(member.Serial)?.Bay == bay
        : member.Serial == wish.Disk || member.Device == wish.Disk.Replace("/dev/", "", StringComparison.Ordinal);

    private (ArrayStatus? Array, MemberReading? Member, int Slot, string Refusal) FindTheOne()
    {
        var faulty = _status.Arrays.SelectMany(array => array.Array.Members.Where(member => member.Serial.Length > 0).Where(member => member.State == MemberState.Faulty || HealthOf(member.Serial)?.State == DiskState.Failing).Select(member => (array, member))).ToArray();
        var missing = _status.Arrays.SelectMany(array => array.Missing.Select(one => (array, one.Slot))).ToArray();
        return (faulty.Length, missing.Length) switch
        {
            (1, <= 1) => (faulty[0].array, faulty[0].member, faulty[0].member.Slot >= 0 ? faulty[0].member.Slot : FirstMissing(faulty[0].array), ""),
            (0, 1) => (missing[0].array, null, missing[0].Slot, ""),
            (0, 0) => (null, null, 0, "No disk is missing, has failed or is likely to. Name the one to replace with --bay or --disk; 'gatewayctl raid status' shows all."),
            _ => (null, null, 0, "More than one disk is missing or failing. Name the one to replace with --bay or --disk; 'gatewayctl raid status' shows all."),
        };
    }

    private static int FirstMissing(ArrayStatus array) => array.Missing.Select(one => one.Slot).FirstOrDefault(-1);

    private DiskReplacement Begin(ArrayStatus array, MemberReading? member, int slot, PullVerdict verdict, ReplacementWish wish, DateTimeOffset now)
    {
        RememberedMember? held = array.Missing.FirstOrDefault(one => one.Slot == slot).Held;
        DiskReading? disk = member is null ? null : _status.Reading.DiskOf(member.Serial);
        ReplacementStep first = member is null || wish.IsConfirmed ? ReplacementStep.AwaitingPull : ReplacementStep.Confirm;
        return new DiskReplacement
        {
            Id = (_memory.Replacement?.Id ?? 0) + 1,
            ArrayId = array.Array.Id,
            ArrayName = array.Array.Name,
            Slot = slot,
            OldSerial = member?.Serial ?? held?.Serial ?? "",
            OldModel = disk?.Model ?? held?.Model ?? "",
            OldDevice = member?.Device ?? "",
            Bay = disk?.Bay ?? held?.Bay,
            Others = [.. array.Array.Members.Where(other => other.State == MemberState.InSync && other.Serial.Length > 0 && other.Serial != member?.Serial).Select(other => new KeptDisk(other.Serial, other.Slot, _status.Reading.DiskOf(other.Serial)?.Bay))],
            SerialsBefore = [.. _status.Reading.Disks.Select(one => one.Serial)],
            BytesMin = array.Array.Kernel!.MemberBytesMin,
            Verdict = verdict.Sentence,
            Proof = verdict.Proof,
            OrderedBy = wish.By,
        }.At(first, now, verdict.Sentence);
    }

    private RaidAnswer Change(Func<DiskReplacement, (DiskReplacement? Next, string Refusal)> change)
    {
        lock (_gate)
        {
            if (_memory.Replacement is not { IsEnded: false } open)
            {
                return RaidAnswer.Failed("No disk is being replaced. 'gatewayctl raid replace' begins.");
            }

            (DiskReplacement? next, string refusal) = change(open);
            if (next is null)
            {
                return RaidAnswer.Failed(refusal);
            }

            _memory.Put(next);
            Look();
            MoveReplacement();
            ShowLights();
            return RaidAnswer.Done;
        }
    }

    // What is ordered is on record before it is done.
    private void MoveReplacement()
    {
        // A step may lead to the next at once; each leads on, so there are no more looks than steps.
        for (int steps = 0; steps <= (int)ReplacementStep.Done && _memory.Replacement is { IsEnded: false } open; steps++)
        {
            DateTimeOffset now = _with.Time.GetUtcNow();
            ReplacementMove move = ReplacementMachine.Advance(open, _status.Reading, HealthOf, now);
            if (move.Next != open)
            {
                _memory.Put(move.Next);
            }

            if (move.Order is { } order)
            {
                Carry(order, move.Next, now);
                Look();
                break;
            }

            if (move.Next.Step == open.Step)
            {
                break;
            }
        }

        _status = _status with { Replacement = _memory.Replacement };
    }

    private void Carry(ReplacementOrder order, DiskReplacement at, DateTimeOffset now)
    {
        ArrayReading array = _status.Reading.Arrays.First(array => array.Id == at.ArrayId);
        RaidAnswer answer = order switch
        {
            ReplacementOrder.Remove remove => _port.Remove(array, remove.Device),
            ReplacementOrder.Add add => _port.Add(array, add.Device),
            ReplacementOrder.Return back => _port.Add(array, back.Device),
            _ => BeginCheck(array, now),
        };
        if (!answer.IsDone)
        {
            _memory.Put(ReplacementMachine.Failed(at, answer.Problem, now));
        }
        else if (order is ReplacementOrder.Check)
        {
            _memory.Put(at with { CheckBegun = true });
        }
    }
}
