using System.CommandLine;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>settings</c>: the appliance's name, time zone and clock.</summary>
internal static class SettingsCommand
{
    private static readonly Option<string?> s_name = new("--name") { Description = "Give the appliance this name", HelpName = "NAME" };
    private static readonly Option<string?> s_zone = new("--zone") { Description = "Have the clocks of this time zone count: an IANA name, as Europe/Berlin", HelpName = "ZONE" };

    public static Command Build() => Verb.Make("settings", "Show or set the appliance's name and time zone, and show whether its clock is kept right", [ApplianceVerb.GatewayOption, s_name, s_zone, Verb.JsonOption], Run);

    private static int Run(VerbContext context)
    {
        string? name = context.Arguments.GetValue(s_name), zone = context.Arguments.GetValue(s_zone);
        ApplianceSettingsMessage settings = ApplianceVerb.Call(context, (client, options) => name is null && zone is null ? client.GetSettings(new GetSettingsRequest(), options) : client.SetSettings(Request(name, zone), options));
        string clock = settings.Clock switch
        {
            ApplianceSettingsMessage.Types.Clock.Kept => $"kept right, off by {Sizes.Time(TimeSpan.FromMicroseconds(settings.ClockErrorMaxUs))} at most",
            ApplianceSettingsMessage.Types.Clock.Free => "nothing keeps it right: install chrony, or switch systemd-timesyncd on",
            _ => "not known whether it is kept right",
        };
        context.Out.WriteLine($"Name       {settings.Name}");
        context.Out.WriteLine($"Time zone  {settings.Zone}");
        context.Out.WriteLine($"Clock      {clock}");
        context.WriteJson(new SettingsJson(true, settings.Name, settings.Zone, settings.Clock.ToString().ToLowerInvariant(), settings.Clock == ApplianceSettingsMessage.Types.Clock.Kept ? settings.ClockErrorMaxUs : null), SettingsContractJson.Default.SettingsJson);
        return ExitCode.Good;
    }

    private static SetSettingsRequest Request(string? name, string? zone)
    {
        var request = new SetSettingsRequest();
        if (name is not null)
        {
            request.Name = name;
        }

        if (zone is not null)
        {
            request.Zone = zone;
        }

        return request;
    }
}
