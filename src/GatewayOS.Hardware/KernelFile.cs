namespace GatewayOS.Hardware;

/// <summary>Small files of sysfs and procfs. Attributes come and go with what they are about, so one that cannot be read is nothing out of the ordinary.</summary>
internal static class KernelFile
{
    /// <summary>Reads a file.</summary>
    /// <returns>Its text without space around it; null when it cannot be read.</returns>
    public static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
