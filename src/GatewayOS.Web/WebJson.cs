using System.Text.Json.Serialization;
using GatewayOS.Web.Certificates;
using GatewayOS.Web.Endpoints;
using GatewayOS.Web.Events;
using GatewayOS.Web.Logs;
using GatewayOS.Web.Overview;
using GatewayOS.Web.Panel;
using GatewayOS.Web.Sessions;
using GatewayOS.Web.Setup;
using GatewayOS.Web.Snapshots;

namespace GatewayOS.Web;

/// <summary>The documents of the page's own endpoints.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(ErrorDocument))]
[JsonSerializable(typeof(LoginDocument))]
[JsonSerializable(typeof(SessionDocument))]
[JsonSerializable(typeof(SecondFactorDocument))]
[JsonSerializable(typeof(SecondFactorOffer))]
[JsonSerializable(typeof(SetupStateDocument))]
[JsonSerializable(typeof(ClaimDocument))]
[JsonSerializable(typeof(ClaimedDocument))]
[JsonSerializable(typeof(SetupDocument))]
[JsonSerializable(typeof(OverviewDocument))]
[JsonSerializable(typeof(ChangeDocument))]
[JsonSerializable(typeof(BrowseDocument))]
[JsonSerializable(typeof(CompareDocument))]
[JsonSerializable(typeof(PanelDocument))]
[JsonSerializable(typeof(CertificateDocument))]
[JsonSerializable(typeof(NewCertificateDocument))]
[JsonSerializable(typeof(LogDocument))]
internal sealed partial class WebJson : JsonSerializerContext;
