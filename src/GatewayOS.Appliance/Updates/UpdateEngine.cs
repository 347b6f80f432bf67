using GatewayOS.Appliance.Alerts;
using GatewayOS.Store.Storage;

namespace GatewayOS.Appliance.Updates;

/// <summary>
/// Updates the system: installs bundles into the slot that does not run, and after the restart keeps the new system or goes back. Moves only when it is
/// pumped, by one thread; everything else may be called from any.
/// </summary>
/// <remarks>
/// Before each step stands in the ledger what is about to be done, so after a power cut the next start goes on:
/// <code>
/// Installing ─▶ Installed ─(restart)▶ Checking ─▶ Good: slot marked good, then noted
///     │             │                     ├────▶ Rejected: noted with its reason, slot marked bad, restart ─▶ RolledBack
///     ▼             └──(other slot runs)──┴────▶ FellBack: the boot loader's doing
/// Failed, Interrupted: slot marked bad, then noted
/// </code>
/// Attempts to start a slot are counted by the boot loader alone, and that count begins anew whenever a slot is marked good. Power cuts count nothing here.
/// </remarks>
public sealed class UpdateEngine
{
    /// <summary>How long a new system may take to be found good, since its check was begun by this process. Less than the half hour after which the image goes back by itself: then the reason is on record.</summary>
    public static readonly TimeSpan CheckMax = TimeSpan.FromMinutes(25);

    /// <summary>How often the check is begun in one run of the machine: a service that ends over and over does not work.</summary>
    public const int ChecksMax = 5;

    /// <summary>How often more it is restarted from a system that was found bad, before that is left running.</summary>
    public const int RestartsMax = 2;

    private const string Subject = "system";

    private readonly UpdateSurroundings _around;
    private readonly UpdateLedger _ledger;
    private readonly Lock _gate = new();
    private UpdateWish? _wish;
    private volatile UpdateStatus _status;
    private volatile InstallProgress? _progress;
    private volatile string _note = "";
    private long? _checkBegun;
    private bool _isMarked;
    private bool _isRestarting;

    /// <summary>Makes the engine.</summary>
    /// <exception cref="InvalidDataException">The ledger is damaged.</exception>
    public UpdateEngine(UpdateSurroundings around)
    {
        _around = around;
        _ledger = new UpdateLedger(around.State);
        _status = new UpdateStatus(SlotsReading.Unknown("it was not looked yet"), around.Version, _ledger.Attempts, null, "");
    }

    /// <summary>How updates stood at the last look.</summary>
    public UpdateStatus Status => _status with { Attempts = _ledger.Attempts, Progress = _progress, Note = _note };

    /// <summary>True while something is under way that is worth looking after often.</summary>
    public bool IsBusy => _ledger.Open is { State: not UpdateState.Installed };

    /// <summary>Something may be done now: pump.</summary>
    public event Action? Wanted;

    /// <summary>Says what a bundle is, and whether it may be installed. Changes nothing.</summary>
    /// <returns>The bundle, and why not; null when it may.</returns>
    public (BundleFacts Bundle, string? Refusal) Inspect(string file, bool allowsDowngrade)
    {
        SlotsReading slots = _around.Slots.Read();
        BundleFacts bundle = slots.Problem.Length > 0 ? BundleFacts.Refused($"The bundle cannot be checked: {slots.Problem}.") : _around.Slots.Inspect(file);
        return (bundle, UpdateRules.Refusal(slots, bundle, RunningOf(slots), allowsDowngrade, _around.ArrayProblem()));
    }

    /// <summary>Orders an installation. Whatever comes of it is in the ledger.</summary>
    /// <returns>The attempt: <see cref="UpdateState.Refused"/> with the reason, or <see cref="UpdateState.Installing"/>.</returns>
    /// <exception cref="StoreIoException">The ledger cannot be written; nothing was begun.</exception>
    public UpdateAttempt Install(UpdateWish wish)
    {
        lock (_gate)
        {
            SlotsReading slots = _around.Slots.Read();
            BundleFacts bundle = slots.Problem.Length > 0 ? BundleFacts.Refused("") : _around.Slots.Inspect(wish.File);
            string running = RunningOf(slots);
            string? refusal = _ledger.Open is { } open ? OpenRefusal(open) : UpdateRules.Refusal(slots, bundle, running, wish.AllowsDowngrade, _around.ArrayProblem());
            DateTimeOffset now = _around.Time.GetUtcNow();
            var attempt = new UpdateAttempt
            {
                Number = _ledger.NextNumber,
                Version = bundle.Version,
                VersionBefore = running,
                Slot = refusal is null ? slots.Other!.Name : "",
                Origin = wish.Origin,
                By = wish.By,
                Begun = now,
                State = refusal is null ? UpdateState.Installing : UpdateState.Refused,
                Since = now,
                Reason = refusal ?? "",
                BootId = _around.BootId,
                InstallsBefore = slots.Other?.Installs ?? 0,
            };
            if (_ledger.Open is { } unended)
            {
                // The ledger's last line is what is under way; that somebody wanted more is in the audit log.
                return attempt with { Number = unended.Number };
            }

            _ledger.Put(attempt);
            if (refusal is null)
            {
                (_wish, _progress) = (wish, new InstallProgress(0, "waiting"));
                Wanted?.Invoke();
            }

            return attempt;
        }
    }

    /// <summary>Looks at the slots, and does the next thing that is to be done.</summary>
    /// <exception cref="StoreIoException">The ledger cannot be written: then nothing was done that is not in it.</exception>
    public void Pump(CancellationToken cancellation)
    {
        SlotsReading slots = Look();
        if (slots.Problem.Length > 0 || slots.Booted is not { } booted)
        {
            // Without the slots there is nothing to go by. What is under way waits.
            return;
        }

        _note = "";
        switch (_ledger.Open)
        {
            case null:
                Settle(booted);
                break;
            case { State: UpdateState.Installing } attempt:
                UpdateWish? wish = TakeWish();
                if (wish is not null)
                {
                    Write(attempt, wish, cancellation);
                }
                else if (!slots.IsInstalling)
                {
                    Recover(attempt, slots, booted);
                }

                break;
            case { State: UpdateState.Installed } attempt:
                TakeUp(attempt, slots, booted);
                break;
            case { State: UpdateState.Checking } attempt:
                Check(attempt, slots, booted, cancellation);
                break;
            case { State: UpdateState.Rejected } attempt:
                GoBack(attempt, booted);
                break;
        }

        Look();
    }

    private static string OpenRefusal(UpdateAttempt open) => open.State switch
    {
        UpdateState.Installed => $"Version {open.Version} is installed and was not started yet. Restart the machine first ('gatewayctl power shutdown --reboot').",
        UpdateState.Installing => $"Version {open.Version} is being installed. Wait until that has ended.",
        _ => $"Version {open.Version} is being checked. Wait until that has ended.",
    };

    private SlotsReading Look()
    {
        SlotsReading slots = _around.Slots.Read();
        _status = new UpdateStatus(slots, RunningOf(slots), _ledger.Attempts, _progress, _note);
        return slots;
    }

    private UpdateWish? TakeWish()
    {
        lock (_gate)
        {
            UpdateWish? wish = _wish;
            _wish = null;
            return wish;
        }
    }

    private string RunningOf(SlotsReading slots) => slots.Booted is { Version.Length: > 0 } booted ? booted.Version : _around.Version;

    private UpdateAttempt Note(UpdateAttempt attempt, UpdateState state, string reason)
    {
        UpdateAttempt noted = attempt with { State = state, Since = _around.Time.GetUtcNow(), Reason = reason };
        _ledger.Put(noted);
        _around.Log($"Update {noted.Number} to {noted.Version}: {state}.{(reason.Length > 0 ? $" {reason}" : "")}");
        return noted;
    }

    // A slot that was proven, or came with the image, is told good once in each run of the service: what the boot loader counted is void then.
    private void Settle(SystemSlot booted)
    {
        if (_isMarked)
        {
            return;
        }

        if (_ledger.Attempts.LastOrDefault(attempt => attempt.Slot == booted.Name) is { HasFailed: true } failed)
        {
            _isMarked = true;
            Alarm(AlertSeverity.Critical, $"The machine was started from slot {booted.BootName}, whose system (version {failed.Version}) was not found good: {failed.Reason}", "The other slot does not start, or somebody chose this one. Install a bundle that is known to work: 'gatewayctl update install'.");
            return;
        }

        SlotAnswer marked = _around.Slots.Mark(SlotMark.Good, booted.Name);
        _isMarked = marked.IsDone;
        _note = marked.Problem;
    }

    private void Write(UpdateAttempt attempt, UpdateWish wish, CancellationToken cancellation)
    {
        SlotAnswer answer;
        try
        {
            answer = _around.Slots.Install(wish.File, progress => _progress = progress, cancellation);
        }
        finally
        {
            _progress = null;
        }

        if (cancellation.IsCancellationRequested)
        {
            // It goes on without this process. The next one looks what became of it.
            return;
        }

        SlotsReading slots = _around.Slots.Read();
        if (slots.Problem.Length > 0 || slots.IsInstalling)
        {
            // The adapter lost sight of it. What became of it shows later.
            return;
        }

        wish.Release?.Invoke();
        if (!answer.IsDone || !IsWritten(attempt, slots))
        {
            GiveUp(attempt, UpdateState.Failed, answer.IsDone ? $"It was said to be installed, and slot {attempt.Slot} does not hold it." : answer.Problem);
            return;
        }

        Note(attempt, UpdateState.Installed, "");
        if (wish.Restarts)
        {
            Restart($"version {attempt.Version} is installed");
        }
    }

    private static bool IsWritten(UpdateAttempt attempt, SlotsReading slots) =>
        slots.Find(attempt.Slot) is { IsWhole: true } slot && slot.Version == attempt.Version && slot.Installs > attempt.InstallsBefore && slots.Primary == attempt.Slot;

    // Marked before it is noted: once it is noted nobody looks after the slot any more.
    private void GiveUp(UpdateAttempt attempt, UpdateState state, string reason)
    {
        if (MarkBad(attempt))
        {
            Note(attempt, state, reason);
            Alarm(AlertSeverity.Warning, $"The update to {attempt.Version} was not installed: {reason}", "The system that runs goes on. 'gatewayctl update history' shows the attempt; try again with a bundle that is whole.");
        }
    }

    private bool MarkBad(UpdateAttempt attempt)
    {
        SlotAnswer marked = _around.Slots.Mark(SlotMark.Bad, attempt.Slot);
        _note = marked.IsDone ? "" : $"Slot {attempt.Slot} cannot be marked bad: {marked.Problem} It is tried again.";
        return marked.IsDone;
    }

    // This process does not write it: it was ended meanwhile, or the machine was.
    private void Recover(UpdateAttempt attempt, SlotsReading slots, SystemSlot booted)
    {
        if (booted.Name == attempt.Slot || IsWritten(attempt, slots))
        {
            Note(attempt, UpdateState.Installed, "It was written whole before gatewayd was ended.");
            return;
        }

        GiveUp(attempt, UpdateState.Interrupted, attempt.BootId == _around.BootId ? "gatewayd was ended while the bundle was written." : "Power went, or the machine was restarted, while the bundle was written.");
    }

    private void TakeUp(UpdateAttempt attempt, SlotsReading slots, SystemSlot booted)
    {
        if (booted.Name == attempt.Slot)
        {
            Note(attempt with { BootId = _around.BootId, Checks = 0 }, UpdateState.Checking, "");
        }
        else if (attempt.BootId != _around.BootId)
        {
            FallBack(attempt, slots, booted, "It never came as far as to run gatewayd: it did not start, or power went while it did and the boot loader's attempts were used up.");
        }
    }

    private void FallBack(UpdateAttempt attempt, SlotsReading slots, SystemSlot booted, string known)
    {
        if (MarkBad(attempt))
        {
            string noted = slots.Find(attempt.Slot) is { Why.Length: > 0 } slot ? $"The machine gave it up: {slot.Why}." : known;
            string reason = $"The boot loader started slot {booted.BootName} though {attempt.Slot} holds version {attempt.Version}. {noted}";
            Note(attempt, UpdateState.FellBack, reason);
            Alarm(AlertSeverity.Critical, $"The update to {attempt.Version} is not running. {reason}", "The system before runs, and backups go on. 'gatewayctl update history' shows what is known; ask for a newer bundle before trying again.");
        }
    }

    private void Check(UpdateAttempt attempt, SlotsReading slots, SystemSlot booted, CancellationToken cancellation)
    {
        if (booted.Name != attempt.Slot)
        {
            FallBack(attempt, slots, booted, $"Its check was begun at {attempt.Since:yyyy-MM-dd HH:mm:ss} UTC and had not ended when the machine was restarted.");
            return;
        }

        if (_checkBegun is null)
        {
            int checks = attempt.BootId == _around.BootId ? attempt.Checks + 1 : 1;
            attempt = attempt with { BootId = _around.BootId, Checks = checks };
            _ledger.Put(attempt);
            _checkBegun = _around.Time.GetTimestamp();
            if (checks > ChecksMax)
            {
                Reject(attempt, booted, $"gatewayd was ended {ChecksMax} times while it checked the new system.");
                return;
            }
        }

        CheckVerdict verdict = _around.Check(cancellation);
        cancellation.ThrowIfCancellationRequested();
        if (verdict.IsGood)
        {
            Keep(attempt, verdict.Detail);
        }
        else if (verdict.IsFinal || _around.Time.GetElapsedTime(_checkBegun.Value) > CheckMax)
        {
            Reject(attempt, booted, verdict.Detail);
        }
        else
        {
            _note = $"The new system is not found good yet: {verdict.Detail}";
        }
    }

    private void Keep(UpdateAttempt attempt, string detail)
    {
        SlotAnswer marked = _around.Slots.Mark(SlotMark.Good, attempt.Slot);
        if (!marked.IsDone)
        {
            _note = $"Slot {attempt.Slot} cannot be marked good: {marked.Problem} It is tried again.";
            return;
        }

        _isMarked = true;
        Note(attempt, UpdateState.Good, detail);
        _around.Alerts.Clear(AlertKind.Update, Subject);
    }

    // The reason is on record before the machine goes back, where nobody could find it out any more.
    private void Reject(UpdateAttempt attempt, SystemSlot booted, string reason) => GoBack(Note(attempt, UpdateState.Rejected, reason), booted);

    private void GoBack(UpdateAttempt attempt, SystemSlot booted)
    {
        if (booted.Name != attempt.Slot)
        {
            if (MarkBad(attempt))
            {
                Note(attempt, UpdateState.RolledBack, attempt.Reason);
                Alarm(AlertSeverity.Critical, $"The update to {attempt.Version} was taken back: {attempt.Reason}", "The system before runs, and backups go on. 'gatewayctl update history' shows the attempt; ask for a newer bundle before trying again.");
            }
        }
        else if (attempt.BootId != _around.BootId && attempt.Restarts == RestartsMax)
        {
            // A machine that restarts for ever backs nothing up.
            Note(attempt, UpdateState.Stranded, $"{attempt.Reason} The machine started it all the same.");
            _isMarked = true;
            Alarm(AlertSeverity.Critical, $"The machine runs version {attempt.Version}, whose check failed, for the other slot does not start: {attempt.Reason}", "Install a bundle that is known to work: 'gatewayctl update install'.");
        }
        else if (!_isRestarting && MarkBad(attempt))
        {
            if (attempt.BootId != _around.BootId)
            {
                // Power went before the slot was marked, or the boot loader starts it all the same.
                _ledger.Put(attempt with { BootId = _around.BootId, Restarts = attempt.Restarts + 1 });
            }

            Restart($"version {attempt.Version} was found bad: {attempt.Reason}");
        }
    }

    private void Restart(string why)
    {
        _isRestarting = true;
        _around.Log($"Restarting: {why}");
        _around.Machine.Reboot();
    }

    private void Alarm(AlertSeverity severity, string summary, string remedy) => _around.Alerts.Raise(new AlertEvent(AlertKind.Update, severity, Subject, summary, remedy));
}
