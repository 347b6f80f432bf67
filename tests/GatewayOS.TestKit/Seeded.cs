namespace GatewayOS.TestKit;

/// <summary>Generators from seeds.</summary>
public static class Seeded
{
    /// <summary>
    /// A generator for a seed. Mixed first (the finaliser of SplitMix64): generators of neighbouring plain seeds begin with related numbers, and
    /// a thousand seeds then see only a few of the possible beginnings.
    /// </summary>
    public static Random Random(int seed)
    {
        ulong mixed = (uint)seed + 0x9e3779b97f4a7c15;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return new Random((int)(mixed ^ (mixed >> 31)));
    }
}
