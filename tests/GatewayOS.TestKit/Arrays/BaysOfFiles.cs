using System.Globalization;
using System.Text.Json.Nodes;

namespace GatewayOS.TestKit.Arrays;

/// <summary>Bays of a gatewayd that runs with <c>--virtual-array</c>: what hands do there is moving files.</summary>
/// <param name="state">The appliance's state directory.</param>
public sealed class BaysOfFiles(string state)
{
    private string Root => Path.Join(state, "virtual-bays");

    /// <summary>Puts a disk into a bay: one that lies on the table as it is, else a new one.</summary>
    /// <param name="bay">The bay.</param>
    /// <param name="serial">The disk's serial number.</param>
    /// <param name="sizeBytes">Its size.</param>
    /// <param name="content">What is on it, in words; empty for nothing.</param>
    public void Plug(int bay, string serial, long sizeBytes, string content = "")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(OnTable(serial))!);
        if (!File.Exists(OnTable(serial)))
        {
            File.WriteAllText(OnTable(serial), new JsonObject { ["serial"] = serial, ["sizeBytes"] = sizeBytes, ["content"] = content }.ToJsonString());
        }

        File.Move(OnTable(serial), InBay(bay));
    }

    /// <summary>Pulls the disk of a bay, ready or not.</summary>
    public void Pull(int bay) => File.Move(InBay(bay), OnTable((string)Disk(bay)["serial"]!));

    /// <summary>Has the disk of a bay say something of itself.</summary>
    /// <param name="bay">The bay.</param>
    /// <param name="property">What, as <c>isFailing</c>.</param>
    /// <param name="value">How it is.</param>
    public void Say(int bay, string property, JsonNode value)
    {
        JsonObject disk = Disk(bay);
        disk[property] = value;
        Write(bay, disk);
    }

    /// <summary>Has the disk of a bay say nothing more of something.</summary>
    public void Forget(int bay, string property)
    {
        JsonObject disk = Disk(bay);
        disk.Remove(property);
        Write(bay, disk);
    }

    // Whole at once: a reader never sees half of it.
    private void Write(int bay, JsonObject disk)
    {
        File.WriteAllText(OnTable("written"), disk.ToJsonString());
        File.Move(OnTable("written"), InBay(bay), overwrite: true);
    }

    private JsonObject Disk(int bay) => JsonNode.Parse(File.ReadAllText(InBay(bay)))!.AsObject();

    private string InBay(int bay) => Path.Join(Root, $"bay-{bay.ToString(CultureInfo.InvariantCulture)}.json");

    private string OnTable(string serial) => Path.Join(Root, "table", serial + ".json");
}
