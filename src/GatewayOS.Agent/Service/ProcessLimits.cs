using System.Runtime.InteropServices;
using GatewayOS.Agent.Connection;

namespace GatewayOS.Agent.Service;

/// <summary>Keeps the agent out of the machine's way: CPU and I/O priority of the calling thread and of those it starts.</summary>
internal static partial class ProcessLimits
{
    private const int PriorityOfProcess = 0;
    private const int IoPriorityOfProcess = 1;
    private const int IoClassBestEffort = 2;
    private const int IoClassIdle = 3;
    private const int IoClassShift = 13;
    private const int IoLevelLowest = 7;

    /// <summary>Applies the limits. A system that refuses them is none the worse for it.</summary>
    public static void Apply(AgentConfig config)
    {
        _ = SetPriority(PriorityOfProcess, 0, config.Nice);
        int ioPriority = config.IdleIo ? IoClassIdle << IoClassShift : (IoClassBestEffort << IoClassShift) | (config.Nice > 0 ? IoLevelLowest : IoLevelLowest / 2);
        long call = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 30 : 251;
        _ = SystemCall(call, IoPriorityOfProcess, 0, ioPriority);
    }

    // setpriority(2): with 0 it is about the calling thread on Linux, and threads inherit it.
    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int SetPriority(int which, uint who, int priority);

    // ioprio_set(2) has no wrapper in libc.
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long which, long who, long priority);
}
