using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Terminal;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>hw</c>: the appliance's model and its sensors.</summary>
internal static class HardwareCommands
{
    private const int ProfileBytesMax = 1024 * 1024;

    private static readonly Argument<string> s_file = new("FILE") { Description = "The profile's .json file" };

    public static Command Build() => ApplianceVerb.Group(
        "hw",
        "The appliance's hardware: its profile and its sensors",
        Verb.Make("show", "Show the profile that holds, and what the firmware says the machine is", [], Show),
        Verb.Make("validate", "Check a profile: every error at once, with its place and what to write instead", [s_file], Validate),
        Verb.Make("sensors", "Show power supplies, temperatures and fans", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Sensors(context))));

    private static T Call<T>(VerbContext context, Func<Hardware.HardwareClient, CallOptions, T> call) => ApplianceVerb.Call(context, channel => new Hardware.HardwareClient(channel), call);

    private static int Show(VerbContext context)
    {
        HardwareProfileMessage profile = Call(context, (client, options) => client.GetProfile(new GetProfileRequest(), options));
        context.Out.WriteLine($"Profile  {profile.Model} ({profile.Title}){(profile.VirtualPanel ? ", with a virtual panel" : "")}");
        context.Out.WriteLine($"Machine  vendor '{profile.DmiVendor}', product '{profile.DmiProduct}', SKU '{profile.DmiSku}': {(profile.Fits ? "the profile is of this machine" : "the profile was chosen by hand, or the machine is virtual")}");
        context.Out.WriteLine($"Known    {string.Join(", ", profile.Known)}");
        context.Out.WriteLine(profile.Document);
        context.WriteJson(
            new HardwareJson(true, profile.Model, profile.Title, profile.Fits, profile.VirtualPanel, new MachineJson(profile.DmiVendor, profile.DmiProduct, profile.DmiSku), [.. profile.Known], JsonDocument.Parse(profile.Document).RootElement),
            BodyJson.Default.HardwareJson);
        return ExitCode.Good;
    }

    private static int Validate(VerbContext context)
    {
        string path = context.Arguments.GetValue(s_file)!;
        if (new FileInfo(path) is { Exists: true, Length: > ProfileBytesMax })
        {
            throw new UsageException($"{path} is larger than {Sizes.Bytes(ProfileBytesMax)}: that is no profile.");
        }

        byte[] document = File.ReadAllBytes(path);
        ValidateProfileReply reply = Call(context, (client, options) => client.ValidateProfile(new ValidateProfileRequest { Document = ByteString.CopyFrom(document) }, options));
        foreach (ProfileErrorMessage error in reply.Errors)
        {
            context.Out.WriteLine($"{(error.Path.Length > 0 ? error.Path : "the document")}: {error.Problem} {error.Remedy}");
        }

        bool isRight = reply.Errors.Count == 0;
        context.Out.WriteLine(isRight ? $"{path} is a profile of the model {reply.Model}." : $"{path} has {Sizes.Count(reply.Errors.Count)} error{(reply.Errors.Count > 1 ? "s" : "")}.");
        int code = isRight ? ExitCode.Good : ExitCode.Failed;
        context.WriteJson(new ProfileValidityJson(isRight, code, isRight ? reply.Model : null, [.. reply.Errors.Select(error => new ProfileErrorJson(error.Path, error.Problem, error.Remedy))]), BodyJson.Default.ProfileValidityJson);
        return code;
    }

    private static int Sensors(VerbContext context)
    {
        GetSensorsReply reply = Call(context, (client, options) => client.GetSensors(new GetSensorsRequest(), options));
        var table = new TextTable("kind", "name", ">value", "verdict", "detail", "read");
        foreach (SensorMessage sensor in reply.Sensors)
        {
            table.Add(sensor.Kind, sensor.Name, sensor.HasValue ? string.Create(CultureInfo.InvariantCulture, $"{sensor.Value:0.#} {sensor.Unit}") : "-", Word(sensor.Verdict), sensor.Detail, ApplianceVerb.LocalTime(ApplianceVerb.Time(sensor.ReadUnixMs)));
        }

        table.Write(context.Out);
        if (reply.Resting.Count > 0)
        {
            context.Out.WriteLine($"Because of heat rest: {string.Join(", ", reply.Resting)}.");
        }

        context.WriteJson(
            new SensorsJson(true, [.. reply.Sensors.Select(sensor => new SensorJson(sensor.Kind, sensor.Name, sensor.HasValue ? sensor.Value : null, sensor.Unit, Word(sensor.Verdict), sensor.Detail, DateTimeOffset.FromUnixTimeMilliseconds(sensor.ReadUnixMs)))], [.. reply.Resting]),
            BodyJson.Default.SensorsJson);
        return ExitCode.Good;
    }

    private static string Word(SensorMessage.Types.Verdict verdict) => verdict.ToString().ToLowerInvariant();
}
