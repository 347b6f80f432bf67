using System.Text.RegularExpressions;
using GatewayOS.TestKit.Programs;
using Microsoft.Playwright;

namespace GatewayOS.Web.Browser.Tests;

/// <summary>A day with a new appliance, as an administrator spends it before a browser: a real gatewayd, a real agent, a real Chromium.</summary>
public sealed partial class StoryTests : IDisposable
{
    private const string Password = "the first of its kind";
    private const string Markup = "<img src=x onerror=alert(1)>";
    private const int SlowBytesPerSecond = 350_000;

    private readonly ScratchDirectory _scratch = new("story");
    private readonly string _gateway = $"127.0.0.1:{Appliance.FreePort()}";
    private readonly string _web = $"127.0.0.1:{Appliance.FreePort()}";
    private readonly List<BuiltProgram> _programs = [];

    public void Dispose()
    {
        foreach (BuiltProgram program in Enumerable.Reverse(_programs))
        {
            program.Dispose();
        }

        _scratch.Dispose();
    }

    [Fact]
    public async Task From_the_first_start_to_a_restored_file()
    {
        MakeSource();
        BuiltProgram daemon = Start(new BuiltProgram("gatewayd", ["--state", _scratch["state"], "--store", _scratch["store"], "--listen", _gateway, "--web", _web, "--metrics", "off", "--profile", "dev", "--tpm", "off"]));
        daemon.WaitFor("serves on");
        await using Chromium chromium = await Chromium.StartAsync();
        BrowserWindow window = await chromium.OpenAsync($"https://{_web}");

        await ClaimAsync(window, daemon);
        await EnrolAsync(window);
        await MakePolicyAsync(window);
        await BackUpAndWatchAsync(window);
        await FindAndDownloadAsync(window);
        await RestoreToTheNodeAsync(window);
        await ChangeThePolicyAsync(window);
        await AcknowledgeAsync(window);
        await PressAsync(window);
        Authenticator authenticator = await AddSecondFactorAsync(window);
        await SignInAgainAsync(window, authenticator);
        Assert.Empty(window.Complaints);
    }

    private void MakeSource()
    {
        Directory.CreateDirectory(_scratch["source/letters"]);
        byte[] content = new byte[5_000_000];
        new Random(3).NextBytes(content);
        File.WriteAllBytes(_scratch["source/archive.bin"], content);
        File.WriteAllText(_scratch["source/letters/needle-42.txt"], "It was in the last place where anybody looked.\n");
        File.WriteAllText(_scratch[$"source/letters/{Markup}"], "a name that would be markup");
    }

    private BuiltProgram Start(BuiltProgram program)
    {
        _programs.Add(program);
        return program;
    }

    private static async Task ClaimAsync(BrowserWindow window, BuiltProgram daemon)
    {
        await window.Page.GotoAsync("/");
        await window.SeeTitleAsync("yours");
        await window.FillAsync("Claim code", "WRONG-CODES");
        await window.PressAsync("Continue");
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Alert)).ToBeVisibleAsync();
        daemon.WaitFor("Claim code for the web page: ");
        await window.FillAsync("Claim code", ClaimCode().Match(daemon.Log).Groups[1].Value);
        await window.PressAsync("Continue");
        await window.SeeTitleAsync("The first administrator");
        await window.FillAsync("Account", "maria");
        await window.FillAsync("Password", Password);
        await window.FillAsync("Password again", Password + "!");
        await window.PressAsync("Create account");
        await window.SeeAsync("The two passwords differ.");
        await window.FillAsync("Password again", Password);
        await window.PressAsync("Create account");
        await window.SeeTitleAsync("Keep the recovery key");
        await window.Page.GetByLabel("I keep it in a safe place").CheckAsync();
        await window.PressAsync("Go to the overview");
        await window.SeeTitleAsync("No node is enrolled");
    }

    private async Task EnrolAsync(BrowserWindow window)
    {
        await window.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Enrol a node" }).ClickAsync();
        await window.PressAsync("Make the command");
        string command = await window.Page.GetByLabel("Command").First.InnerTextAsync();
        Assert.StartsWith("gateway-agent enroll --gateway 127.0.0.1 --token GW1-", command, StringComparison.Ordinal);
        var agent = new Agent(_scratch, "node1");
        agent.Run("enroll", "--gateway", _gateway, "--token", command.Split(' ')[^1], "--name", "node1").Expect(0);
        await window.SeeAsync("node1 is enrolled");
        await window.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Close" }).Last.ClickAsync();
        Start(agent.Start("run"));
    }

    private async Task MakePolicyAsync(BrowserWindow window)
    {
        await window.GoAsync("policies");
        await window.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "New policy" }).First.ClickAsync();
        await window.FillAsync("Name", "Everything!");
        await window.FillAsync("Every", "1s");
        await window.PressAsync("Save");

        // Everything that is wrong, at once.
        await window.SeeAsync("is no name of a policy");
        await window.SeeAsync("is out of range");
        await window.FillAsync("Name", "everything");
        await window.FillAsync("Every", "365d");
        await window.FillAsync("Directories and files", _scratch["source"]);

        // What no field shows is set in the document, and stays beside the fields.
        await window.Page.GetByLabel("As document").CheckAsync();
        ILocator document = window.Page.GetByLabel("Document", new PageGetByLabelOptions { Exact = true });
        await document.FillAsync((await document.InputValueAsync()).Replace("\"sources\"", $"\"bandwidthBytesPerSecond\": {SlowBytesPerSecond}, \"sources\"", StringComparison.Ordinal));
        await window.Page.GetByLabel("As document").UncheckAsync();
        await Assertions.Expect(window.Page.Locator(".runs li").First).ToBeVisibleAsync();
        await window.PressAsync("Save");
        await window.SeeTitleAsync("everything");
        await window.Page.GetByRole(AriaRole.Checkbox, new PageGetByRoleOptions { Name = "node1" }).ClickAsync();
        await Assertions.Expect(window.Page.GetByText("next 20").First).ToBeVisibleAsync();
    }

    private static async Task BackUpAndWatchAsync(BrowserWindow window)
    {
        await window.GoAsync("nodes/node1");
        await window.SeeAsync("everything");
        await Assertions.Expect(window.Page.Locator(".lead")).ToContainTextAsync("Connected ·");
        await window.PressAsync("Back up now");
        ILocator job = window.Page.GetByRole(AriaRole.Article, new PageGetByRoleOptions { Name = "Backup" });
        await Assertions.Expect(job.GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();
        await Assertions.Expect(job.Locator(".job-line")).ToContainTextAsync("reads");

        // The page is left and come back to while it runs.
        await window.GoAsync("overview");
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Article, new PageGetByRoleOptions { Name = "Backup · node1" }).GetByRole(AriaRole.Progressbar)).ToBeVisibleAsync();
        await window.GoAsync("nodes/node1");
        await Assertions.Expect(window.Page.Locator("table").GetByText("Done").First).ToBeVisibleAsync();
        await Assertions.Expect(window.Page.GetByText("3 files").First).ToBeVisibleAsync();
        await window.GoAsync("overview");
        await window.SeeTitleAsync("node1 is protected");
    }

    private async Task FindAndDownloadAsync(BrowserWindow window)
    {
        await window.GoAsync("restore");
        await window.FillAsync("Search all restore points", "needle*");
        await window.PressAsync("Search");
        IDownload download = await window.Page.RunAndWaitForDownloadAsync(() => window.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Download needle-42.txt" }).ClickAsync());
        await download.SaveAsAsync(_scratch["downloaded"]);
        Assert.Equal(File.ReadAllBytes(_scratch["source/letters/needle-42.txt"]), File.ReadAllBytes(_scratch["downloaded"]));

        await window.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Open folder" }).ClickAsync();
        await Assertions.Expect(window.Page.Locator(".trail [aria-current]")).ToHaveTextAsync("letters");
        await window.SeeAsync(Markup);
        Assert.Equal(0, await window.Page.Locator("main img").CountAsync());
        await window.Page.Locator(".trail a").Last.ClickAsync();
        await window.SeeAsync("archive.bin");
        IDownload folder = await window.Page.RunAndWaitForDownloadAsync(() => window.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Download folder" }).ClickAsync());
        await folder.SaveAsAsync(_scratch["folder.zip"]);
        System.IO.Compression.ZipFile.ExtractToDirectory(_scratch["folder.zip"], _scratch["unpacked"]);
        string unpacked = Directory.GetFiles(_scratch["unpacked"], "archive.bin", SearchOption.AllDirectories).Single();
        Assert.Equal(File.ReadAllBytes(_scratch["source/archive.bin"]), File.ReadAllBytes(unpacked));
    }

    private async Task RestoreToTheNodeAsync(BrowserWindow window)
    {
        await window.PressAsync("Restore folder to a node");
        await window.FillAsync("Into directory", _scratch["restored"]);
        await window.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Restore", Exact = true }).ClickAsync();
        await Assertions.Expect(window.Page.Locator("section", new PageLocatorOptions { HasText = "Restores" }).Locator("table").GetByText("Done").First).ToBeVisibleAsync();
        string restored = Directory.GetFiles(_scratch["restored"], "archive.bin", SearchOption.AllDirectories).Single();
        Assert.Equal("", Shell.Differences(_scratch["source"], Path.GetDirectoryName(restored)!));
    }

    private static async Task ChangeThePolicyAsync(BrowserWindow window)
    {
        await window.GoAsync("policies/everything");
        await window.SeeAsync("Version 1");
        await window.FillAsync("Daily", "30");
        await window.Page.GetByLabel("For node").SelectOptionAsync("node1");
        await window.SeeAsync("1 of 1 restore points would stay.");
        await window.PressAsync("Save");
        await window.SeeAsync("Version 2");
        await window.Page.ReloadAsync();
        await Assertions.Expect(window.Page.GetByLabel("Daily", new PageGetByLabelOptions { Exact = true })).ToHaveValueAsync("30");
    }

    private static async Task AcknowledgeAsync(BrowserWindow window)
    {
        await window.GoAsync("alerts");
        await window.PressAsync("Test the receivers");
        await window.SeeAsync("A test of alerts");
        await window.PressAsync("Acknowledge");
        await window.SeeAsync("Seen by");
    }

    private static async Task PressAsync(BrowserWindow window)
    {
        await window.GoAsync("panel");
        ILocator display = window.Page.GetByLabel("Display");
        await Assertions.Expect(display).Not.ToContainTextAsync("Network");
        await window.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Down" }).ClickAsync();
        await Assertions.Expect(display).ToContainTextAsync("Network");

        // By keyboard, too.
        await window.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Down" }).FocusAsync();
        await window.Page.Keyboard.PressAsync("Space");
        await Assertions.Expect(display).ToContainTextAsync("Alerts");
    }

    private static async Task<Authenticator> AddSecondFactorAsync(BrowserWindow window)
    {
        await window.GoAsync("account");
        await window.PressAsync("Set up");
        var authenticator = new Authenticator(await window.Page.GetByLabel("Secret of the second factor").InnerTextAsync(), TimeProvider.System);

        // No code is taken twice: this one was shown before the one that signs in.
        await window.FillAsync("Code of the second factor", authenticator.Code(stepsAway: -1));
        await window.PressAsync("Turn on");
        await window.SeeAsync("Signing in asks for a code.");
        return authenticator;
    }

    private static async Task SignInAgainAsync(BrowserWindow window, Authenticator authenticator)
    {
        await window.PressAsync("Sign out");
        await window.SeeTitleAsync("Sign in");
        await window.SignInAsync("maria", "not that one at all");
        await window.SeeAsync("Account or password is wrong.");
        await window.FillAsync("Password", Password);
        await window.PressAsync("Sign in");
        await window.FillAsync("Code of the second factor", "000000");
        await window.PressAsync("Sign in");
        await window.SeeAsync("That code is wrong or too old.");
        await window.FillAsync("Code of the second factor", authenticator.Code());
        await window.PressAsync("Sign in");
        await window.SeeTitleAsync("node1 is protected");
        await window.GoAsync("audit");
        await window.PressAsync("Verify");
        await window.SeeAsync("each as it was written");
    }

    [GeneratedRegex("Claim code for the web page: (\\S+)")]
    private static partial Regex ClaimCode();
}
