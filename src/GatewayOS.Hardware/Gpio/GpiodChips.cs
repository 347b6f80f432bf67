using System.Runtime.InteropServices;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Gpio;

/// <summary>The machine's GPIO chips, by libgpiod 1.6. Each line has a request of its own: a chip that goes takes no other's lines with it.</summary>
public sealed class GpiodChips : IGpio
{
    private const string Consumer = "gatewayd";

    /// <inheritdoc/>
    public IGpioOutput OpenOutput(LineProfile line, bool active)
    {
        Libgpiod.ChipHandle chip = Open(line, out nint handle);
        if (Libgpiod.RequestOutput(handle, Consumer, FlagsOf(line), active ? 1 : 0) < 0)
        {
            throw Failed(chip, line, "cannot be had for output");
        }

        return new Output(chip, handle, line);
    }

    /// <inheritdoc/>
    public IGpioInputs OpenInputs(IReadOnlyList<LineProfile> lines)
    {
        var inputs = new Inputs(lines);
        try
        {
            foreach (LineProfile line in lines)
            {
                Libgpiod.ChipHandle chip = Open(line, out nint handle);
                if (Libgpiod.RequestEdges(handle, Consumer, FlagsOf(line)) < 0)
                {
                    throw Failed(chip, line, "cannot be watched");
                }

                inputs.Add(chip, handle);
            }

            return inputs;
        }
        catch
        {
            inputs.Dispose();
            throw;
        }
    }

    private static int FlagsOf(LineProfile line) => line.ActiveLow ? Libgpiod.FlagActiveLow : 0;

    private static Libgpiod.ChipHandle Open(LineProfile line, out nint handle)
    {
        Libgpiod.ChipHandle chip;
        try
        {
            chip = Libgpiod.OpenByLabel(line.ChipLabel);
        }
        catch (DllNotFoundException)
        {
            throw new GpioLostException(line.ChipLabel, "libgpiod.so.2 is missing: install the package libgpiod2.");
        }

        if (chip.IsInvalid)
        {
            int error = Marshal.GetLastPInvokeError();
            chip.Dispose();
            throw new GpioLostException(line.ChipLabel, $"There is no GPIO chip labelled '{line.ChipLabel}' ({Marshal.GetPInvokeErrorMessage(error)}). 'gpiodetect' shows all; look at its driver and plug.");
        }

        handle = Libgpiod.FindLine(chip, line.Line);
        return handle != 0 ? chip : throw Failed(chip, line, "is not there");
    }

    private static GpioLostException Failed(Libgpiod.ChipHandle chip, LineProfile line, string what)
    {
        int error = Marshal.GetLastPInvokeError();
        chip.Dispose();
        return Lost(line, what, error);
    }

    private static GpioLostException Lost(LineProfile line, string what, int error) =>
        new(line.ChipLabel, $"The GPIO line '{line.Line}' of '{line.ChipLabel}' {what} ({Marshal.GetPInvokeErrorMessage(error)}). 'gpioinfo' shows who has it.");

    private sealed class Output(Libgpiod.ChipHandle chip, nint handle, LineProfile line) : IGpioOutput
    {
        public void Set(bool active)
        {
            if (Libgpiod.SetValue(handle, active ? 1 : 0) < 0)
            {
                throw Lost(line, "cannot be set", Marshal.GetLastPInvokeError());
            }
        }

        public void Dispose() => chip.Dispose();
    }

    private sealed class Inputs(IReadOnlyList<LineProfile> lines) : IGpioInputs
    {
        private readonly List<Libgpiod.ChipHandle> _chips = [];
        private readonly nint[] _handles = new nint[lines.Count];
        private readonly Libgpiod.PollEntry[] _poll = new Libgpiod.PollEntry[lines.Count];
        private readonly GpioEdge[] _waiting = new GpioEdge[lines.Count];
        private readonly bool[] _isWaiting = new bool[lines.Count];

        public void Add(Libgpiod.ChipHandle chip, nint handle)
        {
            int at = _chips.Count;
            _chips.Add(chip);
            _handles[at] = handle;
            _poll[at] = new Libgpiod.PollEntry { Descriptor = Libgpiod.EventDescriptor(handle), Wanted = Libgpiod.PollIn | Libgpiod.PollUrgent };
        }

        public bool Read(int index)
        {
            int value = Libgpiod.GetValue(_handles[index]);
            return value >= 0 ? value != 0 : throw Lost(lines[index], "cannot be read", Marshal.GetLastPInvokeError());
        }

        public unsafe bool Wait(int timeoutMs, out int index, out GpioEdge edge)
        {
            if (TakeFirst(out index, out edge))
            {
                return true;
            }

            int came;
            fixed (Libgpiod.PollEntry* entries = _poll)
            {
                came = Libgpiod.Poll(entries, (nuint)_poll.Length, timeoutMs);
            }

            if (came < 0)
            {
                int error = Marshal.GetLastPInvokeError();
                return error == Libgpiod.Eintr ? false : throw Lost(lines[0], "cannot be watched", error);
            }

            for (int i = 0; i < _poll.Length && came > 0; i++)
            {
                if (_poll[i].Came != 0)
                {
                    Take(i);
                }
            }

            return TakeFirst(out index, out edge);
        }

        public void Dispose() => _chips.ForEach(chip => chip.Dispose());

        private void Take(int line)
        {
            if ((_poll[line].Came & Libgpiod.PollIn) == 0)
            {
                // Hang-up: the chip's driver is unbound.
                throw new GpioLostException(lines[line].ChipLabel, $"The GPIO chip '{lines[line].ChipLabel}' is gone. Look at its driver and plug.");
            }

            if (Libgpiod.ReadEvent(_handles[line], out Libgpiod.LineEvent read) < 0)
            {
                throw Lost(lines[line], "cannot be watched", Marshal.GetLastPInvokeError());
            }

            _waiting[line] = new GpioEdge(read.Kind == Libgpiod.RisingEdge, (read.Seconds * 1_000_000_000) + read.Nanoseconds);
            _isWaiting[line] = true;
        }

        // Of those read, the earliest.
        private bool TakeFirst(out int index, out GpioEdge edge)
        {
            index = -1;
            for (int i = 0; i < _waiting.Length; i++)
            {
                if (_isWaiting[i] && (index < 0 || _waiting[i].TimestampNs < _waiting[index].TimestampNs))
                {
                    index = i;
                }
            }

            edge = index < 0 ? default : _waiting[index];
            if (index >= 0)
            {
                _isWaiting[index] = false;
            }

            return index >= 0;
        }
    }
}
