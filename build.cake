// Every task of the repository, called through build.sh.
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Xml.Linq;

var target = Argument("target", "build");
var arguments = EnvironmentVariable("GATEWAY_BUILD_ARGUMENTS", "");
var root = Context.Environment.WorkingDirectory.FullPath;
var artifacts = $"{root}/artifacts";
var logs = $"{artifacts}/logs";
var binaries = $"{artifacts}/bin";
var rid = RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "linux-arm64" : "linux-x64";

// Programs that build leaves in artifacts/bin, as src/Programs.proj publishes them.
var programs = new[] { "gatewayctl", "gatewayd", "gateway-agent", "gateway-control" };

// One compiler for all projects, whatever the environment says: it takes a third of the time, and ends by itself.
const string oneCompiler = "-p:UseSharedCompilation=true -p:SharedCompilationId=gatewayos";

// Seconds of simulation in an ordinary test run; 'simulate' runs at length.
const int simulationSeconds = 60;

// Runs a program with its output in a log file; on failure the log's end is shown.
int Logged(string log, string program, string args, IDictionary<string, string> environment = null)
{
    EnsureDirectoryExists(logs);
    var path = $"{logs}/{log}.log";
    var start = new ProcessStartInfo("bash", $"-c \"exec {program} {args} >'{path}' 2>&1\"") { WorkingDirectory = root };
    foreach (var (name, value) in environment ?? new Dictionary<string, string>())
    {
        start.Environment[name] = value;
    }

    using var process = Process.Start(start);
    process.WaitForExit();
    if (process.ExitCode != 0)
    {
        var end = System.IO.File.ReadLines(path).TakeLast(60).Select(line => $"\n  {line}");
        Console.Error.WriteLine($"{program} {args}\n  failed with exit code {process.ExitCode}; the end of {path}:{string.Concat(end)}");
    }

    return process.ExitCode;
}

void MustRun(string log, string program, string args)
{
    if (Logged(log, program, args) != 0)
    {
        Environment.Exit(1);
    }
}

// Runs a program on this terminal.
void Shown(string program, string args)
{
    using var process = Process.Start(new ProcessStartInfo(program, args) { WorkingDirectory = root });
    process.WaitForExit();
    if (process.ExitCode != 0)
    {
        Environment.Exit(process.ExitCode);
    }
}

// Runs test projects, some at a time: many of their tests wait for programs that they started.
(int Passed, int Failed, int Skipped) Tests(IEnumerable<string> projects, int lanes, string filter = "")
{
    var waiting = new System.Collections.Concurrent.ConcurrentQueue<string>(projects);
    var sum = (Passed: 0, Failed: 0, Skipped: 0);
    var threads = Enumerable.Range(0, lanes).Select(_ => new System.Threading.Thread(() =>
    {
        while (waiting.TryDequeue(out var project))
        {
            var (passed, failed, skipped) = TestProject(project, filter);
            lock (waiting)
            {
                sum = (sum.Passed + passed, sum.Failed + failed, sum.Skipped + skipped);
            }
        }
    })).ToList();
    threads.ForEach(thread => thread.Start());
    threads.ForEach(thread => thread.Join());
    return sum;
}

(int Passed, int Failed, int Skipped) TestProject(string project, string filter)
{
    var name = System.IO.Path.GetFileName(project);
    var trx = $"{artifacts}/test-results/{name}.trx";
    if (FileExists(trx))
    {
        DeleteFile(trx);
    }

    var watch = Stopwatch.StartNew();
    var exit = Logged($"test-{name}", "dotnet", $"test {project} -c Release --no-build --nologo {filter} --logger 'trx;LogFileName={trx}'");
    var counters = FileExists(trx) ? XDocument.Load(trx).Descendants().First(element => element.Name.LocalName == "Counters") : null;
    int Count(string attribute) => (int?)counters?.Attribute(attribute) ?? 0;
    var (passed, failed) = (Count("passed"), Count("failed"));
    var skipped = Count("total") - Count("executed");

    // A run that died without counting a failure is one.
    failed += exit != 0 && failed == 0 ? 1 : 0;
    Console.WriteLine($"{name,-34} {passed,5} passed {failed,4} failed {skipped,4} skipped  {watch.Elapsed.TotalSeconds,6:F1} s");
    return (passed, failed, skipped);
}

void Close((int Passed, int Failed, int Skipped) sum)
{
    Console.WriteLine(sum.Skipped > 0 ? $"{sum.Passed} passed, {sum.Failed} failed, {sum.Skipped} skipped" : $"{sum.Passed} passed, {sum.Failed} failed");
    Environment.Exit(sum.Failed == 0 && sum.Passed > 0 ? 0 : 1);
}

IEnumerable<string> TestProjects(Func<string, bool> chosen) =>
    System.IO.Directory.GetDirectories($"{root}/tests", "*.Tests").Where(project => chosen(System.IO.Path.GetFileName(project))).Order();

// The web page is embedded where it was built. It is built anew only when one of its files changed.
var ui = $"{root}/src/GatewayOS.Web/ui";
Task("ui").Does(() =>
{
    var packages = HashOf(new[] { $"{ui}/package.json", $"{ui}/package-lock.json", $"{ui}/.npmrc" });
    if (!IsMarked("ui-packages", packages) || !DirectoryExists($"{ui}/node_modules"))
    {
        MustRun("ui-packages", "npm", $"ci --prefix {ui}");
        Mark("ui-packages", packages);
    }

    var sources = HashOf(System.IO.Directory.GetFiles(ui).Concat(new[] { "src", "console", "public" }.SelectMany(folder => System.IO.Directory.GetFiles($"{ui}/{folder}", "*", System.IO.SearchOption.AllDirectories))));
    if (!IsMarked("ui", sources) || !FileExists($"{ui}/dist/index.html") || !FileExists($"{ui}/dist-console/index.html"))
    {
        MustRun("ui", "npm", $"run build --prefix {ui}");
        Mark("ui", sources);
    }
});

string HashOf(IEnumerable<string> files)
{
    using var hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
    foreach (var file in files.Order(StringComparer.Ordinal))
    {
        hash.AppendData(System.Text.Encoding.UTF8.GetBytes(file));
        hash.AppendData(System.IO.File.ReadAllBytes(file));
    }

    return Convert.ToHexString(hash.GetHashAndReset());
}

bool IsMarked(string what, string hash) => FileExists($"{artifacts}/{what}.sha256") && System.IO.File.ReadAllText($"{artifacts}/{what}.sha256") == hash;

void Mark(string what, string hash)
{
    EnsureDirectoryExists(artifacts);
    System.IO.File.WriteAllText($"{artifacts}/{what}.sha256", hash);
}

// The tests of the page's logic, counted as the others are.
(int Passed, int Failed, int Skipped) PageTests()
{
    var report = $"{artifacts}/test-results/ui.json";
    EnsureDirectoryExists($"{artifacts}/test-results");
    if (FileExists(report))
    {
        DeleteFile(report);
    }

    var watch = Stopwatch.StartNew();
    var exit = Logged("test-ui", "npm", $"test --prefix {ui} -- --reporter=json --outputFile={report}");
    using var counters = FileExists(report) ? System.Text.Json.JsonDocument.Parse(System.IO.File.ReadAllText(report)) : null;
    int Count(string name) => counters?.RootElement.GetProperty(name).GetInt32() ?? 0;
    var (passed, failed, skipped) = (Count("numPassedTests"), Count("numFailedTests"), Count("numPendingTests"));
    failed += exit != 0 && failed == 0 ? 1 : 0;
    Console.WriteLine($"{"GatewayOS.Web/ui",-34} {passed,5} passed {failed,4} failed {skipped,4} skipped  {watch.Elapsed.TotalSeconds,6:F1} s");
    return (passed, failed, skipped);
}

Task("compile").IsDependentOn("ui").Does(() => MustRun("compile", "dotnet", $"build GatewayOS.sln -c Release --nologo -v minimal {oneCompiler}"));

Task("build").IsDependentOn("ui").Does(() =>
{
    EnsureDirectoryExists(binaries);
    MustRun("publish", "dotnet", $"msbuild src/Programs.proj -m -nologo -v:minimal -p:RuntimeIdentifier={rid} {oneCompiler}");
    foreach (var program in programs)
    {
        CopyFileIfNewer($"{artifacts}/publish/{program}/{program}", $"{binaries}/{program}");
    }

    Console.WriteLine($"built {string.Join(", ", programs.Select(program => "artifacts/bin/" + program))}");
});

void CopyFileIfNewer(string from, string to)
{
    // Through a rename, so that a running program keeps its own file.
    System.IO.File.Copy(from, to + ".new", overwrite: true);
    System.IO.File.Move(to + ".new", to, overwrite: true);
}

Task("format").Does(() => MustRun("format", "dotnet", "format GatewayOS.sln"));

Task("format-check").Does(() => MustRun("format", "dotnet", "format GatewayOS.sln --verify-no-changes"));

Task("test").IsDependentOn("compile").IsDependentOn("build").Does(() =>
{
    // The longest first, so that no lane is left with it at the end.
    var sum = Tests(TestProjects(name => name != "GatewayOS.System.Tests").OrderByDescending(project => project.EndsWith("GatewayOS.Daemon.Tests")), lanes: 2, filter: "--filter 'Category!=Pages&Category!=Slow'");
    // Random programs, every prefix of one workload, and the proof that both would notice a bug.
    foreach (var (log, args) in new[] { ("simulation", $"--seconds {simulationSeconds}"), ("simulation-prefixes", "--prefixes"), ("simulation-plants", "--plant all") })
    {
        var exit = Logged(log, "dotnet", $"run --project tests/GatewayOS.Simulation -c Release --no-build -- {args}");
        Console.WriteLine(System.IO.File.ReadLines($"{logs}/{log}.log").LastOrDefault());
        sum = (sum.Passed + (exit == 0 ? 1 : 0), sum.Failed + (exit == 0 ? 0 : 1), sum.Skipped);
    }

    Close(sum);
});

// With every page of the appliance in every look, and what is too slow for the ordinary run.
Task("test-system").IsDependentOn("compile").IsDependentOn("build").Does(() =>
{
    var (passed, failed, skipped) = Tests(TestProjects(name => name == "GatewayOS.Web.Browser.Tests"), lanes: 1, filter: "--filter 'Category=Pages|Category=Slow'");
    var system = Tests(TestProjects(name => name == "GatewayOS.System.Tests"), lanes: 1);
    var slow = Tests(TestProjects(name => name is "GatewayOS.Daemon.Tests" or "GatewayOS.ControlPlane.Tests"), lanes: 1, filter: "--filter Category=Slow");
    Close((passed + slow.Passed + system.Passed, failed + slow.Failed + system.Failed, skipped + slow.Skipped + system.Skipped));
});

Task("screenshots").IsDependentOn("compile").IsDependentOn("build").Does(() =>
{
    MustRun("screenshots", "dotnet", "test tests/GatewayOS.Web.Browser.Tests -c Release --no-build --nologo --filter Category=Pages");
    Console.WriteLine("the pages are in artifacts/screenshots");
});

// build.sh runs the demonstration itself, so that Ctrl-C reaches it; this is for those who call Cake.
Task("run").IsDependentOn("build").Does(() => Shown("tools/demo.sh", arguments));

// build.sh runs these two itself as well: the one asks for packages first, the other has this terminal as its console.
Task("image").IsDependentOn("build").Does(() => Shown("image/make/image.sh", arguments));

Task("twin").Does(() => Shown("image/twin/twin.sh", arguments));

Task("simulate").IsDependentOn("compile").Does(() =>
    Shown("dotnet", $"run --project tests/GatewayOS.Simulation -c Release --no-build -- {(arguments.Length > 0 ? arguments : "--seeds 10000")}"));

Task("bench").IsDependentOn("compile").IsDependentOn("build").Does(() =>
    Shown("dotnet", $"run --project tests/GatewayOS.Benchmarks -c Release --no-build -- {arguments}"));

Task("clean").Does(() =>
{
    foreach (var directory in GetDirectories("./src/GatewayOS.Web/ui/{dist,dist-console,node_modules}").Concat(GetDirectories("./src/*/{bin,obj}")).Concat(GetDirectories("./tests/*/{bin,obj}")).Concat(GetDirectories("./tools/*/{bin,obj}")))
    {
        DeleteDirectory(directory, new DeleteDirectorySettings { Recursive = true, Force = true });
    }

    if (DirectoryExists(artifacts))
    {
        DeleteDirectory(artifacts, new DeleteDirectorySettings { Recursive = true, Force = true });
    }
});

RunTarget(target);
