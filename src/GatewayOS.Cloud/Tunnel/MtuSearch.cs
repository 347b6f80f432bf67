namespace GatewayOS.Cloud.Tunnel;

/// <summary>
/// Finds the largest packet that passes, where nobody says so: routers that drop what is too large and whose ICMP messages do not arrive (black holes, RFC 2923). As RFC 4821 and 8899 have it, sizes are
/// tried with packets that ask for an answer: the ceiling first, then the floor, then halves of what is between, in steps of 16 because WireGuard pads to that. Pure: it says a size, and is told whether it passed.
/// </summary>
public sealed class MtuSearch
{
    /// <summary>Attempts for a size before it counts as lost: where one packet in twenty is lost each way otherwise, one size in 10000 is judged wrongly.</summary>
    public const int AttemptsMax = 4;

    private const int StepBytes = 16;

    private readonly int _ceiling;
    private int _passes;
    private int _fails;
    private int _attempts;

    /// <summary>Begins.</summary>
    /// <param name="floorBytes">Smallest size to be had.</param>
    /// <param name="ceilingBytes">Largest, at least the floor.</param>
    public MtuSearch(int floorBytes, int ceilingBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(ceilingBytes, floorBytes);
        (_ceiling, SizeBytes, Floor) = (ceilingBytes, ceilingBytes, floorBytes);
    }

    /// <summary>Where it ends below.</summary>
    public int Floor { get; }

    /// <summary>The size to try now.</summary>
    public int SizeBytes { get; private set; }

    /// <summary>True when it has ended.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>What was found; null when not even the floor passed: then the tunnel carries nothing, and nothing is known.</summary>
    public int? FoundBytes => IsEnded && _passes > 0 ? _passes : null;

    /// <summary>Says whether a packet of <see cref="SizeBytes"/> was answered.</summary>
    public void Report(bool passed)
    {
        if (!passed && ++_attempts < AttemptsMax)
        {
            return;
        }

        _attempts = 0;
        if (passed)
        {
            _passes = SizeBytes;
        }
        else
        {
            _fails = SizeBytes;
        }

        Next(passed);
    }

    private void Next(bool passed)
    {
        if ((passed && SizeBytes == _ceiling) || (!passed && SizeBytes == Floor))
        {
            IsEnded = true;
            return;
        }

        if (_passes == 0)
        {
            SizeBytes = Floor;
            return;
        }

        int middle = (_passes + _fails) / 2 / StepBytes * StepBytes;
        middle = middle <= _passes ? ((_passes / StepBytes) + 1) * StepBytes : middle;
        IsEnded = middle >= _fails;
        SizeBytes = IsEnded ? SizeBytes : middle;
    }
}
