using GatewayOS.TestKit.Programs;
using Microsoft.Playwright;

namespace GatewayOS.Web.Browser.Tests;

/// <summary>Debian's Chromium, driven by Playwright.</summary>
internal sealed class Chromium : IAsyncDisposable
{
    private const string Program = "/usr/bin/chromium";

    // How long something may take to appear. Not measured: it only ends a test that waits in vain.
    private const float PatienceMs = 60_000;

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private Chromium(IPlaywright playwright, IBrowser browser) => (_playwright, _browser) = (playwright, browser);

    /// <summary>Starts it.</summary>
    public static async Task<Chromium> StartAsync()
    {
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Program,
            Args = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        });
        return new Chromium(playwright, browser);
    }

    /// <summary>A window of its own, with its own cookies, on a page that it refuses nothing of: what goes wrong in it is kept in <see cref="BrowserWindow.Complaints"/>.</summary>
    /// <param name="address">Where the appliance serves its page.</param>
    /// <param name="theme">Light or dark.</param>
    /// <param name="width">In CSS pixels; below 900 the page is laid out for a phone.</param>
    /// <param name="height">In CSS pixels.</param>
    public async Task<BrowserWindow> OpenAsync(string address, ColorScheme theme = ColorScheme.Light, int width = 1360, int height = 900)
    {
        // The certificate is the appliance's own, made at its first start.
        IBrowserContext context = await _browser.NewContextAsync(new BrowserNewContextOptions
        {
            IgnoreHTTPSErrors = true,
            BaseURL = address,
            ColorScheme = theme,
            ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new ViewportSize { Width = width, Height = height },
            AcceptDownloads = true,
        });
        context.SetDefaultTimeout(PatienceMs);
        Assertions.SetDefaultExpectTimeout(PatienceMs);
        return new BrowserWindow(await context.NewPageAsync());
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
