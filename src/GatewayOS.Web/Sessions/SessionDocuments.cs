namespace GatewayOS.Web.Sessions;

/// <summary>A login.</summary>
/// <param name="Account">The account.</param>
/// <param name="Password">Its password.</param>
/// <param name="Code">The second factor's code, for an account that has one.</param>
internal sealed record LoginDocument(string Account, string Password, string? Code = null);

/// <summary>Who is logged in.</summary>
/// <param name="Account">The account.</param>
/// <param name="Role">Its role.</param>
/// <param name="Csrf">What requests that are no GET show as <c>X-CSRF-Token</c>.</param>
/// <param name="IdleSeconds">After so many seconds in which the user does nothing, the session ends.</param>
/// <param name="HasSecondFactor">Whether the account has a second factor.</param>
/// <param name="RecoveryKey">At the first start, this once: the key that opens the store when everything else is lost.</param>
internal sealed record SessionDocument(string Account, string Role, string Csrf, int IdleSeconds, bool HasSecondFactor, string? RecoveryKey = null);

/// <summary>Sets a second factor up, in two steps, or takes it off.</summary>
/// <param name="Code">The authenticator's code; absent to begin.</param>
internal sealed record SecondFactorDocument(string? Code = null);

/// <summary>A second factor to be confirmed.</summary>
/// <param name="Secret">For typing: base32.</param>
/// <param name="Uri">For a QR code.</param>
internal sealed record SecondFactorOffer(string Secret, string Uri);
