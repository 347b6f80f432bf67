using System.Globalization;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.Power;

/// <summary>Hardware monitors of the kernel (Documentation/hwmon/sysfs-interface): chips found by the content of their <c>name</c>, for numbers change.</summary>
/// <param name="root"><c>/sys/class/hwmon</c>; another directory in tests and for virtual sensors.</param>
public sealed class HwmonSensors(string root)
{
    /// <summary>Reads a temperature.</summary>
    /// <returns>°C; null when it cannot be read, or the chip says that the sensor is faulty.</returns>
    public double? Temperature(HwmonChannel channel) => ReadNumber(channel, "_fault") is 1 ? null : ReadNumber(channel, "_input") / 1000.0;

    /// <summary>Reads a fan.</summary>
    /// <returns>Revolutions a minute; null when it cannot be read, or the chip says that the sensor is faulty.</returns>
    public double? Fan(HwmonChannel channel) => ReadNumber(channel, "_fault") is 1 ? null : ReadNumber(channel, "_input");

    /// <summary>Reads an alarm.</summary>
    /// <returns>Null when it cannot be read.</returns>
    public bool? Alarm(HwmonChannel channel) => ReadNumber(channel, "_alarm") is { } alarm ? alarm != 0 : null;

    private long? ReadNumber(HwmonChannel channel, string attribute)
    {
        try
        {
            string[] chips = Directory.Exists(root) ? Directory.GetDirectories(root) : [];
            foreach (string chip in chips.Order(StringComparer.Ordinal))
            {
                if (File.Exists(Path.Join(chip, "name")) && File.ReadAllText(Path.Join(chip, "name")).Trim() == channel.Chip)
                {
                    string path = Path.Join(chip, channel.Input + attribute);
                    return File.Exists(path) && long.TryParse(File.ReadAllText(path).Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) ? value : null;
                }
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A chip on a bus that does not answer: EIO, ENODEV, EAGAIN.
        }

        return null;
    }
}
