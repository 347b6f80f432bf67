namespace GatewayOS.TestKit;

/// <summary>What code allocates on the managed heap, measured so that the rest of the process cannot disturb it.</summary>
public static class Allocations
{
    private const int Attempts = 5;

    /// <summary>
    /// The bytes that a piece of work allocates on this thread once it has run before: the least of several attempts. A collection that another
    /// test brings about empties the shared array pools, and the next attempt then fills them anew; what the work itself costs, each attempt pays.
    /// </summary>
    public static long OfSteady(Action work)
    {
        work();
        return Enumerable.Range(0, Attempts).Min(_ => Of(work));
    }

    private static long Of(Action work)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        work();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
