using GatewayOS.Api;
using GatewayOS.Appliance.Power;
using GatewayOS.Daemon.Hosting;
using GatewayOS.Hardware.Profiles;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Tells which model it is and what its sensors say.</summary>
internal sealed class HardwareService(ApplianceHost appliance, ApplianceBody body) : Api.Hardware.HardwareBase
{
    private const int DocumentBytesMax = 1024 * 1024;

    public override Task<HardwareProfileMessage> GetProfile(GetProfileRequest request, ServerCallContext context)
    {
        DmiStrings machine = appliance.Machine;
        return Task.FromResult(new HardwareProfileMessage
        {
            Model = appliance.Profile.Model,
            Title = appliance.Profile.Title,
            Document = appliance.Profile.ToJson(),
            DmiVendor = machine.Vendor,
            DmiProduct = machine.Product,
            DmiSku = machine.Sku,
            Fits = machine.Fits(appliance.Profile.Match),
            VirtualPanel = appliance.Profile.IsVirtual,
            Known = { HardwareProfile.Known },
        });
    }

    public override Task<ValidateProfileReply> ValidateProfile(ValidateProfileRequest request, ServerCallContext context)
    {
        if (request.Document.Length > DocumentBytesMax)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, $"A profile of {request.Document.Length} bytes is none: the most is {DocumentBytesMax}."));
        }

        HardwareProfile? profile = HardwareProfile.Parse(request.Document.Memory, out IReadOnlyList<ProfileError> errors);
        return Task.FromResult(new ValidateProfileReply
        {
            Model = profile?.Model ?? "",
            Errors = { errors.Select(error => new ProfileErrorMessage { Path = error.Path, Problem = error.Problem, Remedy = error.Remedy }) },
        });
    }

    public override Task<GetSensorsReply> GetSensors(GetSensorsRequest request, ServerCallContext context) => Task.FromResult(new GetSensorsReply
    {
        Sensors = { body.Sensors.Select(Message) },
        Resting = { appliance.Jobs.Resting.Select(JobMessages.Word) },
    });

    private static SensorMessage Message(SensorReading reading)
    {
        var message = new SensorMessage
        {
            Kind = reading.Kind,
            Name = reading.Name,
            Unit = reading.Unit,
            Verdict = reading.Verdict switch { Verdict.Good => SensorMessage.Types.Verdict.Good, Verdict.Bad => SensorMessage.Types.Verdict.Bad, _ => SensorMessage.Types.Verdict.Unknown },
            Detail = reading.Detail,
            ReadUnixMs = reading.Read.ToUnixTimeMilliseconds(),
        };
        if (reading.Value is { } value)
        {
            message.Value = value;
        }

        return message;
    }
}
