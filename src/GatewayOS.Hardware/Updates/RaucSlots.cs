using System.Globalization;
using GatewayOS.Appliance.Updates;
using GatewayOS.Hardware.DBus;

namespace GatewayOS.Hardware.Updates;

/// <summary>Slots and bundles by RAUC's service on the system bus (RAUC 1.8, interface <c>de.pengutronix.rauc.Installer</c>).</summary>
public sealed class RaucSlots : ISystemSlots
{
    private const string Service = "de.pengutronix.rauc";
    private const string Root = "/";
    private const string Installer = Service + ".Installer";

    // Looks at an idle service before it counts that no signal came.
    private const int IdleLooksMin = 3;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    // The boot loader's variables and the bundle's signature are on disks, which may be busy.
    private static readonly TimeSpan s_callMax = TimeSpan.FromSeconds(60);

    private readonly DBusConnection _bus;
    private readonly string _notes;
    private readonly SemaphoreSlim _signalled = new(0);
    private readonly Lock _installing = new();
    private readonly Lock _gate = new();
    private int? _completed;

    /// <summary>Makes the adapter.</summary>
    /// <param name="bus">The system bus; the adapter's from then on.</param>
    /// <param name="notes">Where the image notes why a slot was given up before this start: <c>why-A</c>, <c>why-B</c>.</param>
    public RaucSlots(DBusConnection bus, string notes = "/run/gatewayos")
    {
        (_bus, _notes) = (bus, notes);
        bus.Signal += OnSignal;
        bus.Match($"type='signal',sender='{Service}',interface='{Installer}'");
    }

    /// <inheritdoc/>
    public SlotsReading Read()
    {
        DBusReply properties = _bus.Properties(Service, Root, Installer);
        if (properties.Error is { } error)
        {
            return SlotsReading.Unknown(WordsOf(error));
        }

        bool isInstalling = properties.First["Operation"].Text != "idle";
        DBusReply status = Call("GetSlotStatus");
        if (status.Error is { } unknown)
        {
            return SlotsReading.Unknown(WordsOf(unknown));
        }

        // Without a boot loader's word there is still much to show.
        string primary = Call("GetPrimary").First.Text;
        return new SlotsReading("", properties.First["Compatible"].Text, isInstalling, primary, [.. status.First.Items.Where(static slot => slot.Items.Count == 2 && slot.Items[1]["bootname"].Text.Length > 0).Select(SlotOf).OrderBy(static slot => slot.Name, StringComparer.Ordinal)]);
    }

    /// <inheritdoc/>
    public BundleFacts Inspect(string file)
    {
        DBusReply reply = Call("Info", new DBusArgument.Text(file));
        if (reply.Error is { } error)
        {
            // RAUC says why only in its own log, whatever it is.
            return BundleFacts.Refused(error.Name == DBusError.Disconnected || error.IsServiceMissing
                ? $"The bundle cannot be checked: {WordsOf(error)}."
                : $"The bundle is not taken: it is not signed by a key that this machine trusts, or it was altered, or is no whole bundle ({error.Message}). 'journalctl -u rauc' says more. Fetch it again from where it was published.");
        }

        return new BundleFacts(reply.First.Text, reply.Values.Count > 1 ? reply.Values[1].Text : "", "");
    }

    /// <inheritdoc/>
    public SlotAnswer Install(string file, Action<InstallProgress> progress, CancellationToken cancellation)
    {
        lock (_installing)
        {
            lock (_gate)
            {
                _completed = null;
            }

            if (Call("InstallBundle", new DBusArgument.Text(file), new DBusArgument.Options()).Error is { } refused)
            {
                return SlotAnswer.Failed(Sentence(refused.Message));
            }

            return Follow(progress, cancellation);
        }
    }

    /// <inheritdoc/>
    public SlotAnswer Mark(SlotMark mark, string slot) =>
        Call("Mark", new DBusArgument.Text(mark == SlotMark.Good ? "good" : "bad"), new DBusArgument.Text(slot)).Error is { } error ? SlotAnswer.Failed(Sentence(error.Message)) : SlotAnswer.Done;

    /// <summary>Ends the connection to the bus.</summary>
    public void Dispose()
    {
        _bus.Signal -= OnSignal;
        _bus.Dispose();
        _signalled.Dispose();
    }

    private static string WordsOf(DBusError error) => error switch
    {
        { Name: DBusError.Disconnected } => "there is no system bus",
        { IsServiceMissing: true } => "no RAUC on the system bus",
        _ => $"RAUC does not answer ({error.Message})",
    };

    private static string Sentence(string message) => message.EndsWith('.') ? message : message + ".";

    private SystemSlot SlotOf(DBusValue slot)
    {
        DBusValue facts = slot.Items[1];
        string health = facts["boot-status"].Text;
        return new SystemSlot(
            slot.Items[0].Text,
            facts["bootname"].Text,
            facts["state"].Text == "booted",
            health switch { "good" => true, "bad" => false, _ => null },
            facts["bundle.version"].Text,
            facts["bundle.compatible"].Text,
            facts["status"].Text == "ok",
            facts["installed.count"].Whole,
            DateTimeOffset.TryParse(facts["installed.timestamp"].Text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out DateTimeOffset installed) ? installed : null)
        {
            Why = KernelFile.Read(Path.Join(_notes, $"why-{facts["bootname"].Text}")) ?? "",
        };
    }

    // The signal says how it ended. Where it is missed, as when the bus went meanwhile, the service's being idle does.
    private SlotAnswer Follow(Action<InstallProgress> progress, CancellationToken cancellation)
    {
        int idle = 0;
        while (true)
        {
            // Before the properties: those that are read once it has ended say why.
            int? completed;
            lock (_gate)
            {
                completed = _completed;
            }

            DBusReply state = _bus.Properties(Service, Root, Installer);
            if (state.Error is { } error && (error.IsServiceMissing || completed is not null))
            {
                return SlotAnswer.Failed($"RAUC went away while it installed: {Sentence(error.Message)}");
            }

            DBusValue facts = state.First;
            idle = state.Error is null && facts["Operation"].Text == "idle" ? idle + 1 : 0;
            if (state.Error is null && (completed is not null || idle >= IdleLooksMin))
            {
                string problem = facts["LastError"].Text;
                return completed is 0 || (completed is null && problem.Length == 0) ? SlotAnswer.Done : SlotAnswer.Failed(problem.Length > 0 ? Sentence(problem) : "RAUC did not install it, and does not say why.");
            }

            if (facts["Progress"].Items is [{ } percent, { } step, ..])
            {
                progress(new InstallProgress((int)Math.Clamp(percent.Whole, 0, 100), step.Text));
            }

            try
            {
                _signalled.Wait(s_interval, cancellation);
            }
            catch (OperationCanceledException)
            {
                return SlotAnswer.Failed("It is waited for no more.");
            }
        }
    }

    private void OnSignal(DBusSignal signal)
    {
        if (signal is { Interface: Installer, Member: "Completed", Values: [{ } result, ..] })
        {
            lock (_gate)
            {
                _completed = (int)result.Whole;
            }

            _signalled.Release();
        }
    }

    private DBusReply Call(string method, params DBusArgument[] arguments) => _bus.Call(new DBusCall(Service, Root, Installer, method) { Arguments = arguments, Timeout = s_callMax });
}
