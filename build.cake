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

// Programs that build leaves in artifacts/bin: project and executable.
var programs = new[] { ("src/GatewayOS.Cli", "gatewayctl"), ("src/GatewayOS.Daemon", "gatewayd"), ("src/GatewayOS.Agent", "gateway-agent") };

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
(int Passed, int Failed, int Skipped) Tests(IEnumerable<string> projects, int lanes)
{
    var waiting = new System.Collections.Concurrent.ConcurrentQueue<string>(projects);
    var sum = (Passed: 0, Failed: 0, Skipped: 0);
    var threads = Enumerable.Range(0, lanes).Select(_ => new System.Threading.Thread(() =>
    {
        while (waiting.TryDequeue(out var project))
        {
            var (passed, failed, skipped) = TestProject(project);
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

(int Passed, int Failed, int Skipped) TestProject(string project)
{
    var name = System.IO.Path.GetFileName(project);
    var trx = $"{artifacts}/test-results/{name}.trx";
    if (FileExists(trx))
    {
        DeleteFile(trx);
    }

    var watch = Stopwatch.StartNew();
    var exit = Logged($"test-{name}", "dotnet", $"test {project} -c Release --no-build --nologo --logger 'trx;LogFileName={trx}'");
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

Task("compile").Does(() => MustRun("compile", "dotnet", "build GatewayOS.sln -c Release --nologo -v minimal"));

Task("build").Does(() =>
{
    EnsureDirectoryExists(binaries);
    foreach (var (project, program) in programs)
    {
        MustRun($"publish-{program}", "dotnet", $"publish {project} -c Release -r {rid} --self-contained -o {artifacts}/publish/{program} --nologo -v minimal");
        CopyFileIfNewer($"{artifacts}/publish/{program}/{program}", $"{binaries}/{program}");
    }

    Console.WriteLine($"built {string.Join(", ", programs.Select(program => "artifacts/bin/" + program.Item2))}");
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
    var sum = Tests(TestProjects(name => name != "GatewayOS.System.Tests").OrderByDescending(project => project.EndsWith("GatewayOS.Daemon.Tests")), lanes: 2);
    // Random programs, every prefix of one workload, and the proof that both would notice a bug.
    foreach (var (log, args) in new[] { ("simulation", $"--seconds {simulationSeconds}"), ("simulation-prefixes", "--prefixes"), ("simulation-plants", "--plant all") })
    {
        var exit = Logged(log, "dotnet", $"run --project tests/GatewayOS.Simulation -c Release --no-build -- {args}");
        Console.WriteLine(System.IO.File.ReadLines($"{logs}/{log}.log").LastOrDefault());
        sum = (sum.Passed + (exit == 0 ? 1 : 0), sum.Failed + (exit == 0 ? 0 : 1), sum.Skipped);
    }

    Close(sum);
});

Task("test-system").IsDependentOn("compile").IsDependentOn("build").Does(() => Close(Tests(TestProjects(name => name == "GatewayOS.System.Tests"), lanes: 1)));

// build.sh runs the demonstration itself, so that Ctrl-C reaches it; this is for those who call Cake.
Task("run").IsDependentOn("build").Does(() => Shown("tools/demo.sh", arguments));

Task("simulate").IsDependentOn("compile").Does(() =>
    Shown("dotnet", $"run --project tests/GatewayOS.Simulation -c Release --no-build -- {(arguments.Length > 0 ? arguments : "--seeds 10000")}"));

Task("bench").IsDependentOn("compile").IsDependentOn("build").Does(() =>
    Shown("dotnet", $"run --project tests/GatewayOS.Benchmarks -c Release --no-build -- {arguments}"));

Task("clean").Does(() =>
{
    foreach (var directory in GetDirectories("./src/*/{bin,obj}").Concat(GetDirectories("./tests/*/{bin,obj}")).Concat(GetDirectories("./tools/*/{bin,obj}")))
    {
        DeleteDirectory(directory, new DeleteDirectorySettings { Recursive = true, Force = true });
    }

    if (DirectoryExists(artifacts))
    {
        DeleteDirectory(artifacts, new DeleteDirectorySettings { Recursive = true, Force = true });
    }
});

RunTarget(target);
