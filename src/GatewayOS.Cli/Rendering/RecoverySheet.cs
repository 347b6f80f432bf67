using System.Text;
using GatewayOS.Cli.Errors;
using QRCoder;

namespace GatewayOS.Cli.Rendering;

/// <summary>A recovery key to print: text and QR code.</summary>
internal static class RecoverySheet
{
    private const int ModulePixels = 8;
    private const int QuietModules = 4;

    /// <summary>Whether a sheet can have this name.</summary>
    /// <exception cref="UsageException">Its ending says neither text nor picture.</exception>
    public static void CheckName(string? file)
    {
        if (file is not null && Path.GetExtension(file) is not (".svg" or ".txt"))
        {
            throw new UsageException($"{file}: a recovery sheet is written as .svg or .txt.");
        }
    }

    /// <summary>The sheet as its file's name asks for.</summary>
    public static byte[] Of(string file, string storeId, string key) => Encoding.UTF8.GetBytes(file.EndsWith(".svg", StringComparison.Ordinal) ? Svg(storeId, key) : Text(storeId, key));

    /// <summary>Shows a new key, which is not shown again.</summary>
    public static void Show(TextWriter output, string storeId, string slotId, string key)
    {
        output.WriteLine($"Recovery key of store {storeId} (slot {slotId[..12]}). Whoever has it can read every backup. Print it and lock it away; it is not shown again.");
        output.WriteLine();
        output.WriteLine($"  {key}");
        output.WriteLine();
        output.Write(Blocks(key));
    }

    /// <summary>The QR code in half blocks, two modules a character; light on dark terminals, with its quiet zone.</summary>
    private static string Blocks(string key)
    {
        List<System.Collections.BitArray> modules = Modules(key);
        int size = modules.Count;
        var text = new StringBuilder();
        for (int y = -QuietModules; y < size + QuietModules; y += 2)
        {
            text.Append("  ");
            for (int x = -QuietModules; x < size + QuietModules; x++)
            {
                text.Append((IsDark(modules, x, y), IsDark(modules, x, y + 1)) switch
                {
                    (true, true) => ' ',
                    (true, false) => '\u2584',
                    (false, true) => '\u2580',
                    _ => '\u2588',
                });
            }

            text.Append('\n');
        }

        return text.ToString();
    }

    private static string Text(string storeId, string key) =>
        $"GatewayOS recovery key\n\nStore: {storeId}\n\n{key}\n\nWhoever has this key can read every backup in the store. Keep it under lock.\nTo use it: gatewayctl store snapshots --store DIR --recovery-key\n\n{Blocks(key)}";

    private static string Svg(string storeId, string key)
    {
        List<System.Collections.BitArray> modules = Modules(key);
        int size = (modules.Count + (2 * QuietModules)) * ModulePixels;
        int width = Math.Max(size, 900);
        var svg = new StringBuilder();
        svg.Append($"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{size + 180}\" font-family=\"monospace\" font-size=\"18\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        svg.Append($"<text x=\"32\" y=\"40\" font-size=\"26\">GatewayOS recovery key</text>\n<text x=\"32\" y=\"72\">Store {storeId}</text>\n<text x=\"32\" y=\"104\">{key}</text>\n");
        svg.Append("<text x=\"32\" y=\"136\">Whoever has this key can read every backup in the store. Keep it under lock.</text>\n<path fill=\"#000\" d=\"");
        for (int y = 0; y < modules.Count; y++)
        {
            for (int x = 0; x < modules.Count; x++)
            {
                if (IsDark(modules, x, y))
                {
                    svg.Append($"M{(x + QuietModules) * ModulePixels} {160 + (y * ModulePixels)}h{ModulePixels}v{ModulePixels}h-{ModulePixels}z");
                }
            }
        }

        return svg.Append("\"/>\n</svg>\n").ToString();
    }

    private static List<System.Collections.BitArray> Modules(string key)
    {
        using QRCodeData data = QRCodeGenerator.GenerateQrCode(key, QRCodeGenerator.ECCLevel.M);

        // The library adds a quiet zone of four modules of its own; ours is drawn, so that one rule holds everywhere.
        List<System.Collections.BitArray> all = data.ModuleMatrix;
        return [.. all.Skip(QuietModules).Take(all.Count - (2 * QuietModules)).Select(row => new System.Collections.BitArray([.. Enumerable.Range(QuietModules, all.Count - (2 * QuietModules)).Select(x => row[x])]))];
    }

    private static bool IsDark(List<System.Collections.BitArray> modules, int x, int y) => y >= 0 && y < modules.Count && x >= 0 && x < modules.Count && modules[y][x];
}
