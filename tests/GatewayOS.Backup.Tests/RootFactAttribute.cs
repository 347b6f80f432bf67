namespace GatewayOS.Backup.Tests;

/// <summary>A test that needs root: devices, owners, capabilities, inode flags. Skipped visibly elsewhere; the project's CI runs as root.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!Rig.IsRoot)
        {
            Skip = "needs root";
        }
    }
}
