namespace GatewayOS.Daemon.Hosting;

/// <summary>What the boot loader told the kernel (proc(5), <c>/proc/cmdline</c>): the appliance's image is known by it.</summary>
internal static class KernelCommandLine
{
    private static readonly Lazy<string[]> s_words = new(() => File.ReadAllText("/proc/cmdline").Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));

    /// <summary>True when the machine was started from a slot of the appliance's image: then it is ours to restart.</summary>
    public static bool IsOfImage => Value("rauc.slot") is not null;

    /// <summary>Value of a parameter; null when it is not there.</summary>
    public static string? Value(string name) => s_words.Value.FirstOrDefault(word => word.StartsWith(name + '=', StringComparison.Ordinal))?[(name.Length + 1)..];
}
