using GatewayOS.Hardware.Power;
using GatewayOS.Hardware.Profiles;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Hardware.Tests.Power;

/// <summary>Hardware monitors as the kernel shows them, in a directory of a test's own.</summary>
public sealed class HwmonSensorsTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("hwmon");
    private readonly HwmonSensors _sensors;

    public HwmonSensorsTests()
    {
        _sensors = new HwmonSensors(_scratch["hwmon"]);
        Write("hwmon0/name", "acpitz");
        Write("hwmon0/temp1_input", "20000");
        Write("hwmon7/name", "coretemp");
    }

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Chips_are_found_by_name_and_values_have_their_units()
    {
        Write("hwmon7/temp1_input", "-40500");
        Write("hwmon7/fan2_input", "1234");
        Write("hwmon7/in3_alarm", "1");
        Assert.Equal(-40.5, _sensors.Temperature(new HwmonChannel("coretemp", "temp1")));
        Assert.Equal(1234, _sensors.Fan(new HwmonChannel("coretemp", "fan2")));
        Assert.True(_sensors.Alarm(new HwmonChannel("coretemp", "in3")));
    }

    [Fact]
    public void What_cannot_be_read_is_unknown_and_never_nought()
    {
        Write("hwmon7/temp1_input", "rubbish");
        Write("hwmon7/fan1_input", "0");
        Write("hwmon7/fan1_fault", "1");
        Directory.CreateDirectory(_scratch["hwmon/hwmon7/temp2_input"]);
        Assert.Null(_sensors.Temperature(new HwmonChannel("coretemp", "temp1")));
        Assert.Null(_sensors.Temperature(new HwmonChannel("coretemp", "temp2")));
        Assert.Null(_sensors.Temperature(new HwmonChannel("coretemp", "temp9")));
        Assert.Null(_sensors.Temperature(new HwmonChannel("nct6798", "temp1")));
        Assert.Null(_sensors.Fan(new HwmonChannel("coretemp", "fan1")));
        Assert.Null(_sensors.Alarm(new HwmonChannel("coretemp", "in0")));
        Assert.Null(new HwmonSensors(_scratch["nowhere"]).Temperature(new HwmonChannel("coretemp", "temp1")));
    }

    private void Write(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_scratch["hwmon/" + path])!);
        File.WriteAllText(_scratch["hwmon/" + path], content + "\n");
    }
}
