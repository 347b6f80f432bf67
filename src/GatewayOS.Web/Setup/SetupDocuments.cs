namespace GatewayOS.Web.Setup;

/// <summary>Whether the appliance is nobody's yet.</summary>
/// <param name="Needed">True when it is.</param>
/// <param name="ApplianceName">Its name.</param>
/// <param name="Model">Its model.</param>
/// <param name="Fingerprint">SHA-256 of the certificate the page comes with, hexadecimal.</param>
/// <param name="Zone">The zone its clocks show, by its IANA name.</param>
internal sealed record SetupStateDocument(bool Needed, string ApplianceName, string Model, string Fingerprint, string Zone);

/// <summary>A claim.</summary>
/// <param name="ClaimCode">The code on the display.</param>
internal sealed record ClaimDocument(string ClaimCode);

/// <summary>A claim that was taken.</summary>
/// <param name="SetupToken">Shows it.</param>
internal sealed record ClaimedDocument(string SetupToken);

/// <summary>The first administrator.</summary>
/// <param name="SetupToken">Shows the claim.</param>
/// <param name="Account">Name of the account.</param>
/// <param name="Password">Its password.</param>
/// <param name="ApplianceName">The appliance's name; absent to leave it.</param>
/// <param name="Zone">The zone its clocks are to show, by its IANA name; absent to leave it.</param>
internal sealed record SetupDocument(string SetupToken, string Account, string Password, string? ApplianceName = null, string? Zone = null);
