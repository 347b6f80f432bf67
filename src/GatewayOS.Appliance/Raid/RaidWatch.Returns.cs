namespace GatewayOS.Appliance.Raid;

/// <content>Disks that were pulled by mistake, and put back.</content>
public sealed partial class RaidWatch
{
    /// <summary>How often a disk that is back is put into its array before somebody has to look.</summary>
    private const int ReturnsMax = 3;

    // A disk that is pulled fails first and goes then; one that stays was thrown out.
    private static readonly TimeSpan s_thrownOutAfter = TimeSpan.FromSeconds(5);

    // Members that worked until they went, with how often their return was tried; and since when others have failed and are still there. Those that the array threw out are not taken back.
    private readonly Dictionary<string, int> _gone = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _faultySince = new(StringComparer.Ordinal);
    private readonly HashSet<string> _thrownOut = new(StringComparer.Ordinal);

    // While a disk of the array is replaced, the replacement knows better which one is missed.
    private void TakeBack(ArrayStatus status)
    {
        ArrayReading array = status.Array;
        foreach (MemberReading member in array.Members.Where(member => member is { State: MemberState.Faulty, Serial.Length: > 0 }))
        {
            _faultySince.TryAdd(member.Serial, _status.Reading.Time);
            if (_status.Reading.Time - _faultySince[member.Serial] >= s_thrownOutAfter)
            {
                _thrownOut.Add(member.Serial);
            }
        }

        foreach (RememberedMember held in status.Missing.Select(one => one.Held).OfType<RememberedMember>().Where(held => !_thrownOut.Contains(held.Serial)))
        {
            if (_status.Reading.DiskOf(held.Serial) is not { } disk)
            {
                _gone.TryAdd(held.Serial, 0);
            }
            else if (_status.Replacement is not { IsEnded: false } && IsBack(held.Serial, disk, array))
            {
                _gone[held.Serial]++;
                _port.Add(array, disk.Device);
            }
        }
    }

    private bool IsBack(string serial, DiskReading disk, ArrayReading array) =>
        _gone.TryGetValue(serial, out int tries) && tries < ReturnsMax
        && disk.Superblock == array.Id && !disk.IsInUse && HealthOf(serial)?.State != DiskState.Failing
        && array.Members.All(member => member.Serial != serial);
}
