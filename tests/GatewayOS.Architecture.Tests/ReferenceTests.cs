using System.Xml.Linq;

namespace GatewayOS.Architecture.Tests;

/// <summary>Holds the directions in which projects may refer to each other.</summary>
public sealed class ReferenceTests
{
    // Who may refer to whom: Store ← Backup ← Appliance ← (Hardware, Web) ← Daemon, Store ← Cloud ← Daemon, Pages ← (Web, ControlPlane); Api and Grpc are leaves; Cli and Agent never see
    // Appliance, and so Cloud does not either: a machine without an appliance backs up to a vault and restores from there. Daemon joins the two. A new project gets its line here before its first reference.
    private static readonly Dictionary<string, string[]> s_allowed = new()
    {
        ["GatewayOS.Store"] = [],
        ["GatewayOS.Grpc"] = [],
        ["GatewayOS.Terminal"] = [],
        ["GatewayOS.Sqlite"] = [],
        ["GatewayOS.Certificates"] = ["GatewayOS.Store"],
        ["GatewayOS.Api"] = ["GatewayOS.Grpc"],
        ["GatewayOS.Backup"] = ["GatewayOS.Store"],
        ["GatewayOS.Appliance"] = ["GatewayOS.Store", "GatewayOS.Backup", "GatewayOS.Certificates", "GatewayOS.Sqlite"],
        ["GatewayOS.Hardware"] = ["GatewayOS.Appliance"],
        ["GatewayOS.Cloud"] = ["GatewayOS.Store", "GatewayOS.Backup", "GatewayOS.Api", "GatewayOS.Grpc"],
        ["GatewayOS.Pages"] = ["GatewayOS.Store", "GatewayOS.Grpc"],
        ["GatewayOS.Web"] = ["GatewayOS.Pages", "GatewayOS.Store", "GatewayOS.Backup", "GatewayOS.Appliance", "GatewayOS.Api", "GatewayOS.Grpc"],
        ["GatewayOS.Daemon"] = ["GatewayOS.Store", "GatewayOS.Backup", "GatewayOS.Appliance", "GatewayOS.Hardware", "GatewayOS.Cloud", "GatewayOS.Web", "GatewayOS.Api", "GatewayOS.Grpc"],
        ["GatewayOS.Agent"] = ["GatewayOS.Store", "GatewayOS.Backup", "GatewayOS.Cloud", "GatewayOS.Api", "GatewayOS.Grpc", "GatewayOS.Terminal"],
        ["GatewayOS.Cli"] = ["GatewayOS.Store", "GatewayOS.Backup", "GatewayOS.Cloud", "GatewayOS.Api", "GatewayOS.Grpc", "GatewayOS.Terminal"],
        ["GatewayOS.ControlPlane"] = ["GatewayOS.Store", "GatewayOS.Certificates", "GatewayOS.Pages", "GatewayOS.Sqlite", "GatewayOS.Api", "GatewayOS.Grpc"],
    };

    public static TheoryData<string> Projects => [.. Directory.GetFiles(Path.Join(Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_refers_only_to_those_it_may(string project)
    {
        string name = Path.GetFileNameWithoutExtension(project);
        Assert.True(s_allowed.ContainsKey(name), $"{name} is new: say in {nameof(ReferenceTests)} what it may refer to.");
        IEnumerable<string> references = XDocument.Load(project).Descendants("ProjectReference").Select(element => Path.GetFileNameWithoutExtension((string)element.Attribute("Include")!));
        Assert.All(references, reference => Assert.True(s_allowed[name].Contains(reference), $"{name} must not refer to {reference}."));
    }

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_says_what_it_is_for(string project) => Assert.True(File.Exists(Path.Join(Path.GetDirectoryName(project), "README.md")), $"{project} has no README.md beside it.");

    // Not even through a package or a file link: what the compiler saw counts.
    [Fact]
    public void The_store_refers_to_nothing_of_ours()
    {
        string assembly = Path.Join(AppContext.BaseDirectory, "GatewayOS.Store.dll");
        Assert.DoesNotContain(global::System.Reflection.Assembly.LoadFrom(assembly).GetReferencedAssemblies(), reference => reference.Name!.StartsWith("GatewayOS", StringComparison.Ordinal));
    }
}

/// <summary>Where the repository is.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Join(directory, "GatewayOS.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("The tests run outside the repository.");
    }
}
