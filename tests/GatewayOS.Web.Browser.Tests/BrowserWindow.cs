using GatewayOS.TestKit.Programs;
using Microsoft.Playwright;

namespace GatewayOS.Web.Browser.Tests;

/// <summary>A window of the browser, as somebody before it uses it.</summary>
internal sealed class BrowserWindow
{
    private readonly List<string> _complaints = [];

    public BrowserWindow(IPage page)
    {
        Page = page;
        page.Console += (_, message) =>
        {
            // Chromium itself notes every answer above 399, which are expected here and shown on the page.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                _complaints.Add(message.Text);
            }
        };
        page.PageError += (_, error) => _complaints.Add(error);
        page.Dialog += (_, dialog) =>
        {
            _complaints.Add($"A script has opened a dialog: {dialog.Message}");
            _ = dialog.DismissAsync();
        };
    }

    /// <summary>The page.</summary>
    public IPage Page { get; }

    /// <summary>What went wrong in the page: errors of scripts, and what the content security policy has stopped.</summary>
    public IReadOnlyList<string> Complaints => _complaints;

    /// <summary>Signs in.</summary>
    public async Task SignInAsync(string account, string password)
    {
        await Page.GotoAsync("/");
        await FillAsync("Account", account);
        await FillAsync("Password", password);
        await PressAsync("Sign in");
    }

    /// <summary>Goes to a page by its address and waits until all of it is there.</summary>
    public async Task GoAsync(string hash)
    {
        await Page.GotoAsync($"/#/{hash}");
        await SettleAsync();
    }

    /// <summary>Waits until nothing is being loaded any more.</summary>
    public async Task SettleAsync()
    {
        await Assertions.Expect(Page.Locator("h1").First).ToBeVisibleAsync();
        await Assertions.Expect(Page.Locator(".loading")).ToHaveCountAsync(0);
    }

    /// <summary>Types into the field of a name.</summary>
    public Task FillAsync(string label, string text) => Page.GetByLabel(label, new PageGetByLabelOptions { Exact = true }).FillAsync(text);

    /// <summary>Presses the button of a name.</summary>
    public Task PressAsync(string name) => Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name, Exact = true }).ClickAsync();

    /// <summary>Waits until a text is to be seen.</summary>
    public Task SeeAsync(string text) => Assertions.Expect(Page.GetByText(text).First).ToBeVisibleAsync();

    /// <summary>Waits until the page's title is so.</summary>
    public Task SeeTitleAsync(string text) => Assertions.Expect(Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Level = 1 }).First).ToContainTextAsync(text);

    /// <summary>What axe finds that is serious or worse: rule, element and what is wrong, a line each.</summary>
    public async Task<string[]> SeriousAccessibilityFindingsAsync()
    {
        // By evaluation, as the page's policy lets no foreign script in.
        await Page.EvaluateAsync(await File.ReadAllTextAsync(Path.Join(Gatewayctl.Root, "src/GatewayOS.Web/ui/node_modules/axe-core/axe.min.js")));
        return await Page.EvaluateAsync<string[]>(
            """
            async () => (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] })).violations
              .filter((violation) => violation.impact === 'serious' || violation.impact === 'critical')
              .flatMap((violation) => violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 200)}: ${node.failureSummary.replaceAll('\n', ' ')}`))
            """);
    }
}
