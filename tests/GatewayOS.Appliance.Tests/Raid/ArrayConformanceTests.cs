using GatewayOS.TestKit.Arrays;

namespace GatewayOS.Appliance.Tests.Raid;

/// <summary>The story that the system test lives through with a real kernel, here with an array in memory.</summary>
public sealed class ArrayConformanceTests
{
    [Fact]
    public void A_technician_gets_a_disk_replaced_whatever_goes_wrong()
    {
        using var machine = new FakeMachine();
        ArrayConformance.Run(machine);
    }
}
