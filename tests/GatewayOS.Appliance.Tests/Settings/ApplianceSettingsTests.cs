using GatewayOS.Appliance.Policies;
using GatewayOS.Appliance.Settings;
using GatewayOS.Store.Storage;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Appliance.Tests.Settings;

/// <summary>Name and time zone of an appliance.</summary>
public sealed class ApplianceSettingsTests : IDisposable
{
    private readonly ScratchDirectory _scratch = new("settings");
    private readonly StateDirectory _state;

    public ApplianceSettingsTests() => _state = new StateDirectory(_scratch["state"]);

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void What_is_set_stays_and_the_rest_is_as_it_was()
    {
        var settings = new ApplianceSettings(_state, "default");
        Assert.Equal(("default", TimeZoneInfo.Local.Id), (settings.Name, settings.Zone.Id));
        Assert.Empty(settings.Set(null, null));
        Assert.False(File.Exists(_scratch["state/appliance.json"]));
        Assert.Empty(settings.Set(null, "Asia/Tokyo"));
        Assert.Equal("default", new ApplianceSettings(_state, "default").Name);
        Assert.Empty(settings.Set("gateway-berlin 2", null));
        var again = new ApplianceSettings(_state, "default");
        Assert.Equal(("gateway-berlin 2", "Asia/Tokyo"), (again.Name, again.Zone.Id));
    }

    [Fact]
    public void Everything_wrong_is_said_at_once_and_nothing_is_kept_of_it()
    {
        var settings = new ApplianceSettings(_state, "default");
        Assert.Equal(2, settings.Set("<b>", "Europe/Atlantis").Count);
        Assert.Single(settings.Set("good", "Europe/Atlantis"));
        Assert.All((string[])["", " x", "a\nb", new string('x', ApplianceSettings.NameLengthMax + 1)], name => Assert.Single(ApplianceSettings.Problems(name, null)));
        Assert.Equal("default", settings.Name);
        File.WriteAllText(_scratch["state/appliance.json"], "{");
        Assert.Contains("appliance.json is damaged", Assert.Throws<InvalidDataException>(() => new ApplianceSettings(_state, "default")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_that_names_no_zone_goes_by_the_appliances_and_follows_its_change()
    {
        var settings = new ApplianceSettings(_state, "default");
        Assert.Empty(settings.Set(null, "Asia/Tokyo"));
        var book = new PolicyBook(_state, new ApplianceTime(new ManualClock(), settings));
        Assert.NotNull(book.Set("""{ "name": "open", "sources": ["/etc"], "schedule": { "cron": "0 3 * * *" } }""", null, "test").Entry);
        Assert.NotNull(book.Set("""{ "name": "own", "sources": ["/etc"], "schedule": { "cron": "0 3 * * *", "zone": "UTC" } }""", null, "test").Entry);
        Assert.Equal("Asia/Tokyo", book.PolicyOf("open")!.Schedule.Zone.Id);
        settings.Changed += book.Reread;
        Assert.Empty(settings.Set(null, "America/Lima"));
        Assert.Equal(("America/Lima", "UTC"), (book.PolicyOf("open")!.Schedule.Zone.Id, book.PolicyOf("own")!.Schedule.Zone.Id));
    }
}
