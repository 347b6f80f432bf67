using System.Text.Json;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.TestKit.Arrays;

/// <summary>How things stand on a machine with an array, in the words of the API.</summary>
/// <param name="Array">State of the array.</param>
/// <param name="Survives">Further failures it survives; null when not known.</param>
/// <param name="Step">Step of the newest replacement; empty for none.</param>
/// <param name="Problem">What stands in its way.</param>
/// <param name="Wrong">Serial number of a disk that was pulled by mistake; empty for none.</param>
/// <param name="Alerts">Kinds of the alerts that stand.</param>
/// <param name="Lights">Lights that are not off, by bay.</param>
/// <param name="ReadProblem">Why not all could be read; empty when it could.</param>
public sealed record ArrayFacts(string Array, int? Survives, string Step, string Problem, string Wrong, IReadOnlyCollection<string> Alerts, IReadOnlyDictionary<int, string> Lights, string ReadProblem)
{
    /// <summary>Takes them from what gatewayctl says.</summary>
    /// <param name="raid">What <c>raid status --json</c> says.</param>
    /// <param name="alerts">What <c>alert list --json</c> says.</param>
    public static ArrayFacts Of(JsonElement raid, JsonElement alerts)
    {
        JsonElement? array = raid.GetProperty("arrays").EnumerateArray().Select(one => (JsonElement?)one).FirstOrDefault();
        JsonElement replacement = raid.TryGetProperty("replacement", out JsonElement open) ? open : default;
        return new ArrayFacts(
            array?.GetProperty("state").GetString() ?? "", array is { } known && known.TryGetProperty("survives", out JsonElement survives) ? survives.GetInt32() : null, Text(replacement, "step"), Text(replacement, "problem"), Text(replacement, "wrongSerial"),
            [.. alerts.GetProperty("alerts").EnumerateArray().Where(alert => alert.GetProperty("subject").GetString() is { } subject && (subject.StartsWith("array", StringComparison.Ordinal) || subject.StartsWith("disk", StringComparison.Ordinal))).Select(alert => alert.GetProperty("kind").GetString()!)],
            raid.GetProperty("lights").EnumerateArray().ToDictionary(light => light.GetProperty("bay").GetInt32(), light => light.GetProperty("light").GetString()!), Text(raid, "problem"));
    }

    private static string Text(JsonElement element, string name) => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement text) ? text.GetString()! : "";
}

/// <summary>A machine with an array of five disks at RAID 6, D1 to D5 in the bays 1 to 5, each of 64 MiB; in memory or real.</summary>
public interface IArrayMachine : IDisposable
{
    /// <summary>How things stand. Asking may move things on.</summary>
    ArrayFacts Facts();

    /// <summary>Puts a disk into a bay; one that lay on the table keeps what is on it.</summary>
    void Plug(int bay, string serial, int mebibytes, bool isEmpty = true);

    /// <summary>Pulls a disk, ready or not.</summary>
    void Pull(int bay);

    /// <summary>Orders a confirmed replacement.</summary>
    /// <returns>Why it was refused; empty when it was not.</returns>
    string Replace(int bay);

    /// <summary>Gives up what is on a new disk.</summary>
    void Overwrite(string serial);

    /// <summary>Begins a check.</summary>
    /// <returns>Why it was refused; empty when it was not.</returns>
    string Check();

    /// <summary>Ends the service and starts it again.</summary>
    void RestartService();

    /// <summary>Takes the source of facts away for a while, as when udisksd is restarted.</summary>
    void Disturb();
}

/// <summary>What every machine with an array has to do, whatever it is made of: one long story, as a technician lives through it.</summary>
public static class ArrayConformance
{
    /// <summary>Runs it.</summary>
    /// <param name="machine">The machine, all well.</param>
    public static void Run(IArrayMachine machine)
    {
        Await(machine, facts => facts is { Array: "optimal", Survives: 2, Step: "", Alerts.Count: 0, Lights.Count: 0 }, "all is well");
        ReplaceWithEveryMistake(machine);
        RefuseWhatWouldLoseData(machine);
    }

    private static void ReplaceWithEveryMistake(IArrayMachine machine)
    {
        Require(machine.Replace(2) == "", "replacing a disk of a whole array is not refused");
        Await(machine, facts => facts.Step == "awaiting-pull" && facts.Lights.GetValueOrDefault(2) == "locate" && facts.Array == "optimal", "bay 2 is lit, and the disk still works");

        // The wrong one.
        machine.Pull(3);
        Await(machine, facts => facts.Wrong == "D3" && facts.Alerts.Contains("WrongDiskPulled") && facts.Lights.GetValueOrDefault(3) == "locate", "the wrong pull is noticed");
        machine.Plug(3, "D3", 64);
        Await(machine, facts => facts is { Wrong: "", Array: "optimal", Survives: 2, Step: "awaiting-pull", Problem: "" } && !facts.Alerts.Contains("WrongDiskPulled"), "the wrong disk is taken in again");

        // The right one; and the service ends meanwhile.
        machine.Pull(2);
        Await(machine, facts => facts is { Step: "awaiting-disk", Array: "degraded", Survives: 1 } && facts.Alerts.Contains("RaidDegraded"), "the pull is noticed");
        machine.RestartService();
        Await(machine, facts => facts is { Step: "awaiting-disk", Array: "degraded" } && facts.Lights.GetValueOrDefault(2) == "locate", "it goes on after a restart");
        Require(machine.Check().Contains("degraded", StringComparison.Ordinal), "no check begins on a degraded array");

        // Too small, the same again, not empty.
        machine.Plug(2, "SMALL", 32);
        Await(machine, facts => facts.Problem.Contains("too small", StringComparison.Ordinal), "a disk too small is caught");
        machine.Pull(2);
        machine.Plug(2, "D2", 64);
        Await(machine, facts => facts.Problem.Contains("the one that is to be replaced", StringComparison.Ordinal), "the same disk is caught");
        machine.Pull(2);
        machine.Plug(2, "USED", 64, isEmpty: false);
        Await(machine, facts => facts.Problem.Contains("not empty", StringComparison.Ordinal) && facts.Array == "degraded", "a disk with content is caught");
        machine.Disturb();
        machine.Overwrite("USED");
        Await(machine, facts => facts.Step is "rebuilding" && facts.Array == "rebuilding" || facts.Step is "checking" or "done", "the rebuild is seen");
        Await(machine, facts => facts is { Step: "done", Array: "optimal", Survives: 2, Problem: "" } && !facts.Alerts.Contains("RaidDegraded") && facts.Lights.Count == 0, "all is well again");
    }

    private static void RefuseWhatWouldLoseData(IArrayMachine machine)
    {
        machine.Pull(1);
        machine.Pull(4);
        Await(machine, facts => facts is { Array: "degraded", Survives: 0 }, "two disks are missing");
        string refusal = machine.Replace(5);
        Require(refusal.Contains("Do not pull it", StringComparison.Ordinal) && refusal.Contains("slot", StringComparison.Ordinal), $"pulling a third disk is refused with its proof; it says: {refusal}");
    }

    private static void Await(IArrayMachine machine, Func<ArrayFacts, bool> condition, string what)
    {
        ArrayFacts? last = null;
        try
        {
            Until.Holds(() => condition(last = machine.Facts()), what);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException($"{error.Message} It is {last}, alerts {string.Join(' ', last?.Alerts ?? [])}, lights {string.Join(' ', last?.Lights ?? new Dictionary<int, string>())}.", error);
        }
    }

    private static void Require(bool isSo, string what)
    {
        if (!isSo)
        {
            throw new InvalidOperationException($"It has to be that {what}.");
        }
    }
}
