using GatewayOS.TestKit.Programs;
using Microsoft.Playwright;

namespace GatewayOS.Web.Browser.Tests;

/// <summary>
/// Every page of an appliance in use, light and dark, wide and narrow: axe finds nothing serious, no script fails, the policy stops nothing, nothing is wider than the window. What is seen is left in
/// artifacts/screenshots.
/// </summary>
[Trait("Category", "Pages")]
public sealed class PagesTests(BrowsedAppliance appliance) : IClassFixture<BrowsedAppliance>
{
    /// <summary>The pages that are looked at, by name and address; those of a restore point are gone through by hand.</summary>
    internal static readonly (string Name, string Hash)[] Pages =
    [
        ("overview", "overview"), ("nodes", "nodes"), ("node", "nodes/files"), ("enrol", "nodes?enrol=1"), ("policies", "policies"), ("policy", "policies/servers"),
        ("storage", "storage"), ("cloud", "cloud"), ("panel", "panel"), ("alerts", "alerts"), ("audit", "audit"), ("users", "users"), ("tokens", "tokens"), ("system", "system"), ("logs", "logs"), ("account", "account"), ("search", "restore?find=budget"),
    ];

    /// <summary>The address from which a restore point is gone through.</summary>
    internal const string Restore = "restore/files";

    // What opens over a page: the page, the button's name, words that are there when it is whole.
    private static readonly (string Name, string Hash, string Button, string Words)[] s_dialogs =
    [
        ("disk", "storage", "Bay 1", "Over time"), ("vault-add", "cloud", "Add a vault", "The place is tried"), ("tunnel-set", "cloud", "Set up a tunnel", "wg-quick"),
        ("settings", "system", "Change name and time zone", "Time zone"), ("support", "system", "Show what it holds", "log.txt"),
    ];

    private static readonly string s_screenshots = Directory.CreateDirectory(Path.Join(Gatewayctl.Root, "artifacts/screenshots")).FullName;

    [Theory]
    [InlineData(ColorScheme.Light, 1360, 900)]
    [InlineData(ColorScheme.Dark, 1360, 900)]
    [InlineData(ColorScheme.Light, 390, 844)]
    [InlineData(ColorScheme.Dark, 390, 844)]
    public async Task Every_page_is_sound(ColorScheme theme, int width, int height)
    {
        string look = $"{(theme == ColorScheme.Dark ? "dark" : "light")}-{(width < 900 ? "phone" : "desktop")}";
        await using Chromium chromium = await Chromium.StartAsync();
        BrowserWindow window = await chromium.OpenAsync(appliance.Url, theme, width, height);
        var findings = new List<string>();
        await window.Page.GotoAsync("/");
        await window.SeeTitleAsync("Sign in");
        await LookAsync(window, "sign-in", look, findings);
        await window.SignInAsync("admin", BrowsedAppliance.Password);
        await window.SeeTitleAsync("protected");
        foreach ((string name, string hash) in Pages)
        {
            await window.GoAsync(hash);
            await LookAsync(window, name, look, findings);
        }

        foreach ((string name, string hash, string button, string words) in s_dialogs)
        {
            await window.GoAsync(hash);
            await window.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = button, Exact = true }).First.ClickAsync();
            await Assertions.Expect(window.Page.Locator("dialog").GetByText(words).First).ToBeVisibleAsync();
            await window.SettleAsync();
            await LookAsync(window, name, look, findings);
            await window.Page.Keyboard.PressAsync("Escape");
            await Assertions.Expect(window.Page.Locator("dialog")).ToHaveCountAsync(0);
        }

        await window.GoAsync(Restore);
        foreach (string folder in appliance.Source.Split('/', StringSplitOptions.RemoveEmptyEntries).Append("reports"))
        {
            await window.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = folder, Exact = true }).Last.ClickAsync();
            await Assertions.Expect(window.Page.Locator(".trail [aria-current]")).ToHaveTextAsync(folder);
        }

        await window.SeeAsync("budget-2026.txt");
        await window.SeeAsync("<img src=x onerror=alert(1)>\\xff");
        Assert.Equal(0, await window.Page.Locator("main img").CountAsync());
        await window.Page.GetByLabel("What changed since").SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await window.SeeAsync("Added");
        await LookAsync(window, "restore", look, findings);
        Assert.True(findings.Count == 0, string.Join('\n', findings));
        Assert.Empty(window.Complaints);
    }

    [Fact]
    public async Task An_appliance_without_anything_says_what_to_do_next()
    {
        using var scratch = new ScratchDirectory("bare");
        string address = $"127.0.0.1:{Appliance.FreePort()}";
        using var bare = new Appliance(scratch, "--web", address);
        File.WriteAllText(scratch["password"], BrowsedAppliance.Password);
        bare.Operator("user", "add", "admin", "--role", "administrator", "--password-file", scratch["password"]).Expect(0);
        await using Chromium chromium = await Chromium.StartAsync();
        BrowserWindow window = await chromium.OpenAsync($"https://{address}");
        await window.SignInAsync("admin", BrowsedAppliance.Password);
        var findings = new List<string>();
        foreach ((string hash, string words) in ((string, string)[])
        [
            ("overview", "Enrol the first machine"), ("nodes", "Enrol the first machine"), ("policies", "Make one, and assign it to nodes"), ("restore", "There is nothing to restore yet"), ("tokens", "signs in with a token"), ("cloud", "Add a bucket of an S3 service"),
            ("alerts", "Nothing needs anybody"), ("system", "None on record"), ("nowhere", "There is no such page"),
        ])
        {
            await window.GoAsync(hash);
            await window.SeeAsync(words);
            await LookAsync(window, $"{hash}-empty", "light-desktop", findings);
        }

        Assert.True(findings.Count == 0, string.Join('\n', findings));
        Assert.Empty(window.Complaints);
    }

    private static async Task LookAsync(BrowserWindow window, string name, string look, List<string> findings)
    {
        await window.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Join(s_screenshots, $"{name}-{look}.png"), FullPage = true });
        findings.AddRange((await window.SeriousAccessibilityFindingsAsync()).Select(finding => $"{name}, {look}: {finding}"));
        int over = await window.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
        if (over > 0)
        {
            findings.Add($"{name}, {look}: {over} pixels wider than the window");
        }
    }
}
