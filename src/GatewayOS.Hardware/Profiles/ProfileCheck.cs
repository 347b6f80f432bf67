namespace GatewayOS.Hardware.Profiles;

/// <summary>What a schema cannot say: names that have to be there, numbers that have to fit each other. Notes everything that is wrong.</summary>
internal sealed class ProfileCheck
{
    private static readonly string[] s_shedOrder = ["gc", "scrub", "backups"];

    private readonly HardwareProfile _profile;
    private readonly List<ProfileError> _errors = [];

    private ProfileCheck(HardwareProfile profile) => _profile = profile;

    public static IReadOnlyList<ProfileError> Run(HardwareProfile profile)
    {
        var check = new ProfileCheck(profile);
        check.Storage();
        check.Power();
        check.Leds();
        check.Panel();
        check.Thermal();
        check.Machine();
        check.Lines();
        check.Chips();
        return check._errors;
    }

    private void Wrong(string path, string problem, string remedy) => _errors.Add(new ProfileError(path, problem, remedy));

    private void Storage()
    {
        if (_profile.Storage is not { } storage)
        {
            return;
        }

        Unique("storage.bays", ".no", storage.Bays.Select(bay => bay.No), "Two bays overlap: both have the number");
        Unique("storage.bays", ".label", storage.Bays.Select(bay => bay.Label), "Two bays are labelled");
        Unique("storage.bays", ".byPath", storage.Bays.Select(bay => bay.ByPath), "Two bays overlap: both are at");
        Unique("storage.bays", ".identify", storage.Bays.Select(bay => bay.Identify), "Two bays share the LED");
        for (int i = 0; i < storage.Bays.Count; i++)
        {
            if (storage.Bays[i].Identify is { } led && !HasLed(led))
            {
                Wrong($"storage.bays[{i}].identify", $"There is no LED '{led}'.", "Name one of leds.lines, or leave 'identify' out.");
            }
        }

        if (storage.Mode == StorageMode.HardwareRaid && _profile.Controller is null)
        {
            Wrong("controller", "Hardware RAID has a controller, and none is described.", "Add 'controller', or write \"mode\": \"md\".");
        }

        if (storage.Mode == StorageMode.Md && _profile.Controller is not null)
        {
            Wrong("controller", "An md array has no controller.", "Leave it out, or write \"mode\": \"hwraid\".");
        }

        int least = storage.Level switch { "raid1" => 2, "raid5" => 3, "raid6" or "raid10" => 4, _ => 0 };
        if (storage.Bays.Count > 0 && storage.Bays.Count < least + storage.Spares)
        {
            Wrong("storage.spares", $"{storage.Level} needs {least} disks, and with {storage.Spares} spares there are only {storage.Bays.Count} bays.", "Take fewer spares, another level, or add the missing bays.");
        }
    }

    private void Power()
    {
        PowerProfile power = _profile.Power;
        Unique("power.psus", ".name", power.Psus.Select(psu => psu.Name), "Two supplies are called");
        if (power.Redundancy == "1+1" && power.Psus.Count != 2)
        {
            Wrong("power.redundancy", $"1+1 is two supplies, and {power.Psus.Count} are described.", "Describe two in power.psus, or write \"none\".");
        }

        for (int i = 0; i < power.Psus.Count; i++)
        {
            if (power.Psus[i] is { Good: null, Hwmon: null } or { Good: not null, Hwmon: not null })
            {
                Wrong($"power.psus[{i}]", "A supply is read from one place.", "Give it either 'good' or 'hwmon'.");
            }
        }

        if (power.Signals.Count > 0 && power.HoldUpMs is null)
        {
            Wrong("power.holdUpMs", "There is a power-fail line, and how long the machine runs on is not said.", "Give the hold-up that the supply's data sheet promises, in ms.");
        }

        if (power.Signals.Count > 0 && power.BudgetMs is null)
        {
            Wrong("power.budgetMs", "There is a power-fail line, and what may be spent on flushing is not said.", "Give a budget below holdUpMs, in ms.");
        }

        if (power.BudgetMs >= power.HoldUpMs)
        {
            Wrong("power.budgetMs", $"A budget of {power.BudgetMs} ms does not end before the hold-up of {power.HoldUpMs} ms.", $"Write less than {power.HoldUpMs}: the record is written after the flushing.");
        }
    }

    private void Leds()
    {
        LedProfile leds = _profile.Leds;
        Unique("leds.lines", ".name", leds.Lines.Select(led => led.Name), "Two LEDs are called");
        Unique("leds.groups", ".signal", leds.Groups.Select(group => group.Signal), "Two groups show");
        foreach ((string name, LedPatternProfile pattern) in leds.Patterns)
        {
            Pattern($"leds.patterns.{name}", name, pattern);
        }

        for (int i = 0; i < leds.Groups.Count; i++)
        {
            for (int j = 0; j < leds.Groups[i].Members.Count; j++)
            {
                Member($"leds.groups[{i}].members[{j}]", leds.Groups[i], leds.Groups[i].Members[j]);
            }

            int other = leds.Groups.Take(i).ToList().FindIndex(before => before.Priority == leds.Groups[i].Priority && before.Members.Select(member => member.Led).Intersect(leds.Groups[i].Members.Select(member => member.Led), StringComparer.Ordinal).Any());
            if (other >= 0)
            {
                Wrong($"leds.groups[{i}].priority", $"It shares an LED with '{leds.Groups[other].Signal}', and both have the priority {leds.Groups[i].Priority}.", "Give the more urgent one the higher priority.");
            }
        }
    }

    private void Pattern(string path, string name, LedPatternProfile pattern)
    {
        if (name is LedProfile.On or LedProfile.Off)
        {
            Wrong(path, $"'{name}' is there without entry.", "Give the pattern another name.");
        }

        if (pattern is not ({ PeriodMs: not null, DutyPercent: not null, StepsMs: null } or { PeriodMs: null, DutyPercent: null, StepsMs: not null }))
        {
            Wrong(path, "A pattern is a period with its lit share, or steps.", "Give it 'periodMs' and 'dutyPercent', or 'stepsMs' alone.");
        }
        else if (pattern.StepsMs is { } steps && steps.Count % 2 != 0)
        {
            Wrong($"{path}.stepsMs", $"{steps.Count} steps do not end with a dark one.", "Write an even number of durations: lit, dark, lit, dark …");
        }
        else if (pattern.ToSteps().Any(step => step < 1))
        {
            Wrong($"{path}.dutyPercent", "A part of the period is shorter than 1 ms.", "Take a longer period, or a share nearer to 50.");
        }
    }

    private void Member(string path, LedGroupProfile group, LedMemberProfile member)
    {
        bool isOfBay = group.Signal.StartsWith("bay-", StringComparison.Ordinal);
        if (isOfBay != (member.Led == LedProfile.Bay))
        {
            Wrong($"{path}.led", isOfBay ? $"'{group.Signal}' is about one bay, and '{member.Led}' is not a bay's LED as such." : $"'{group.Signal}' is not about a bay.", isOfBay ? "Write \"@bay\"." : "Name one of leds.lines.");
        }
        else if (!isOfBay && !HasLed(member.Led))
        {
            Wrong($"{path}.led", $"There is no LED '{member.Led}'.", "Name one of leds.lines, or add it there.");
        }

        if (member.Pattern is not (LedProfile.On or LedProfile.Off) && !_profile.Leds.Patterns.ContainsKey(member.Pattern))
        {
            Wrong($"{path}.pattern", $"There is no pattern '{member.Pattern}'.", $"Write one of {string.Join(", ", (string[])[LedProfile.On, LedProfile.Off, .. _profile.Leds.Patterns.Keys])}, or add it to leds.patterns.");
        }
    }

    private void Panel()
    {
        Unique("panel.buttons", ".name", _profile.Panel.Buttons.Select(button => button.Name), "Two buttons are called");
        string[] missing = [.. ((string[])["up", "down", "enter"]).Except(_profile.Panel.Buttons.Select(button => button.Name), StringComparer.Ordinal)];
        if (_profile.Panel.Lcd is not null && missing.Length > 0)
        {
            Wrong("panel.buttons", $"The display's menu cannot be used without {string.Join(", ", missing.Select(name => $"'{name}'"))}.", "Add the missing buttons, or leave 'lcd' out.");
        }
    }

    private void Thermal()
    {
        ThermalProfile thermal = _profile.Thermal;
        Unique("thermal.sensors", ".name", thermal.Sensors.Select(sensor => sensor.Name), "Two temperatures are called");
        Unique("fans", ".name", _profile.Fans.Select(fan => fan.Name), "Two fans are called");
        for (int i = 0; i < thermal.Sensors.Count; i++)
        {
            TemperatureProfile sensor = thermal.Sensors[i];
            if (sensor.WarnC >= sensor.ShutdownC)
            {
                Wrong($"thermal.sensors[{i}].warnC", $"A warning from {sensor.WarnC} °C on comes no sooner than the shutdown at {sensor.ShutdownC} °C.", $"Write less than {sensor.ShutdownC}.");
            }
            else if (sensor.HysteresisC >= sensor.ShutdownC - sensor.WarnC)
            {
                Wrong($"thermal.sensors[{i}].hysteresisC", $"The hysteresis is upside down: what begins at {sensor.ShutdownC} °C would end below the warning at {sensor.WarnC} °C.", $"Write less than {sensor.ShutdownC - sensor.WarnC}.");
            }
        }

        for (int i = 0; i < thermal.Shed.Count; i++)
        {
            if (i > 0 && (Array.IndexOf(s_shedOrder, thermal.Shed[i].Pause) <= Array.IndexOf(s_shedOrder, thermal.Shed[i - 1].Pause) || thermal.Shed[i].BelowShutdownC >= thermal.Shed[i - 1].BelowShutdownC))
            {
                Wrong($"thermal.shed[{i}]", $"'{thermal.Shed[i].Pause}' does not come after '{thermal.Shed[i - 1].Pause}' at a higher temperature.", "Order them gc, scrub, backups, each nearer to the shutdown than the one before.");
            }
        }
    }

    private void Machine()
    {
        Unique("nics", ".name", _profile.Nics.Select(nic => nic.Name), "Two network ports are called");
        if (_profile.Rebuild is { } rebuild && rebuild.MinMBs > rebuild.MaxMBs)
        {
            Wrong("rebuild.minMBs", $"The least rate of {rebuild.MinMBs} MB/s is above the most, {rebuild.MaxMBs} MB/s.", $"Write {rebuild.MaxMBs} or less.");
        }
    }

    // One line does one thing.
    private void Lines()
    {
        var used = new Dictionary<(string, string), string>();
        foreach ((string path, LineProfile line) in _profile.PlacedLines())
        {
            if (!used.TryAdd((line.ChipLabel, line.Line), path))
            {
                Wrong(path, $"The line '{line.Line}' of '{line.ChipLabel}' is {used[(line.ChipLabel, line.Line)]} already.", "Correct the name of one.");
            }
        }
    }

    // A panel is real or it is not.
    private void Chips()
    {
        if (!_profile.IsVirtual && _profile.PlacedLines().FirstOrDefault(line => line.Line.ChipLabel == HardwareProfile.Virtual) is { Path: { } path })
        {
            Wrong($"{path}.chipLabel", "The chip 'virtual' is in memory, and other lines are on real chips.", "Name the real chip, or 'virtual' for all lines.");
        }
    }

    private bool HasLed(string name) => _profile.Leds.Lines.Any(led => led.Name == name);

    private void Unique<T>(string path, string field, IEnumerable<T> values, string problem)
    {
        var seen = new HashSet<T>();
        int i = 0;
        foreach (T value in values)
        {
            if (value is not null && !seen.Add(value))
            {
                Wrong($"{path}[{i}]{field}", $"{problem} '{value}'.", "Correct one of them.");
            }

            i++;
        }
    }
}
