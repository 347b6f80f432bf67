using GatewayOS.System.Tests.Guest;
using GatewayOS.TestKit.Arrays;

namespace GatewayOS.System.Tests;

/// <summary>Arrays of a real kernel through a real udisksd, in a guest whose disks are pulled and plugged.</summary>
public sealed class ArrayTests
{
    [Fact]
    public void A_technician_gets_a_disk_replaced_whatever_goes_wrong()
    {
        using var machine = new RealMachine();
        ArrayConformance.Run(machine);
    }
}
