using System.Runtime.InteropServices;

namespace GatewayOS.Hardware.Power;

/// <summary>Real-time scheduling of the calling thread (sched_setscheduler(2)).</summary>
internal static partial class RealTime
{
    private const int Fifo = 1;
    private const int Priority = 50;

    /// <summary>Puts the calling thread before all that are not real-time ones.</summary>
    /// <returns>False where that is not allowed: it takes CAP_SYS_NICE, or LimitRTPRIO in the unit.</returns>
    public static unsafe bool TryEnter()
    {
        int priority = Priority;
        return SetScheduler(0, Fifo, &priority) == 0;
    }

    [LibraryImport("libc", EntryPoint = "sched_setscheduler")]
    private static unsafe partial int SetScheduler(int thread, int policy, int* priority);
}
