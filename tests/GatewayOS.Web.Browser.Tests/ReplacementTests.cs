using GatewayOS.TestKit.Arrays;
using GatewayOS.TestKit.Programs;
using Microsoft.Playwright;

namespace GatewayOS.Web.Browser.Tests;

/// <summary>A disk that is replaced by somebody with a browser and two hands, on the virtual hardware: the code that runs is that for real arrays.</summary>
[Trait("Category", "Pages")]
public sealed class ReplacementTests : IDisposable
{
    // Filled within seconds at the development profile's pace, and slowly enough to be seen.
    private const long DiskBytes = 5_000_000_000;
    private const int Bays = 4;

    private readonly ScratchDirectory _scratch = new("replacement");

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public async Task A_failing_disk_is_replaced_whatever_hands_do_wrong()
    {
        var bays = new BaysOfFiles(_scratch["appliance/state"]);
        for (int bay = 1; bay <= Bays; bay++)
        {
            bays.Plug(bay, $"D{bay}", DiskBytes);
        }

        string address = $"127.0.0.1:{Appliance.FreePort()}";
        using var appliance = new Appliance(_scratch, "--web", address, "--virtual-array");
        File.WriteAllText(_scratch["password"], BrowsedAppliance.Password);
        appliance.Operator("user", "add", "admin", "--role", "administrator", "--password-file", _scratch["password"]).Expect(0);
        await using Chromium chromium = await Chromium.StartAsync();
        BrowserWindow window = await chromium.OpenAsync($"https://{address}");
        await window.SignInAsync("admin", BrowsedAppliance.Password);
        await window.SeeTitleAsync("No node is enrolled");
        await window.GoAsync("storage");
        await window.SeeAsync("Optimal");

        // The disk says so, and its bay shows it.
        bays.Say(2, "isFailing", true);
        ILocator bayTwo = window.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { NameRegex = new("^Bay 2 .*Failing") });
        await bayTwo.ClickAsync();
        await window.SeeAsync("The disk itself expects to fail.");
        await window.PressAsync("Replace this disk");
        await SeeStepAsync(window, "Confirm");
        await window.SeeAsync("It is safe to pull, but until its successor is filled md0 survives no failure.");
        await window.SeeAsync("slot 1: vd2 (D2) in sync, to be pulled");
        await Assertions.Expect(window.Page.Locator(".bay-light.is-locate")).ToHaveCountAsync(1);
        await window.PressAsync("It is the right disk: go on");
        await SeeStepAsync(window, "Pull the disk");

        // The wrong one is pulled, and put back.
        bays.Pull(3);
        await window.SeeAsync("The wrong disk was pulled (D3).");
        await window.SeeAsync("put the one with the serial number D3 back in bay 3, at once");
        bays.Plug(3, "D3", DiskBytes);
        await window.SeeAsync("Pull the disk with the serial number D2 out of bay 2");

        // The right one; and one is put in that somebody may still need.
        bays.Pull(2);
        await SeeStepAsync(window, "Put in the new one");
        bays.Plug(2, "USED", DiskBytes, "ext4 'photos'");
        await window.SeeAsync("is not empty: it has ext4 'photos'");
        await window.PressAsync("Give up what is on it");
        await window.FillAsync("Type USED to confirm", "USED");
        await window.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = "Give up what is on it" }).ClickAsync();

        // It is filled by a time that was promised, and read once as a whole.
        await window.SeeAsync("at the latest");
        await Assertions.Expect(window.Page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Replacement · Bay 2" }).Locator("..")).ToContainTextAsync("Done");
        await Assertions.Expect(window.Page.Locator(".history")).ToContainTextAsync("The check is over: everything fits together.");
        await window.SeeAsync("Optimal");
        Assert.Equal("optimal", appliance.Operator("raid", "status", "--json").Expect(0).Json.GetProperty("arrays")[0].GetProperty("state").GetString());
        Assert.Empty(window.Complaints);
    }

    private static Task SeeStepAsync(BrowserWindow window, string step) => Assertions.Expect(window.Page.Locator(".steps [aria-current=step]")).ToContainTextAsync(step);
}
