namespace GatewayOS.Cloud.Tunnel;

/// <summary>The tunnel cannot be set up, or its configuration makes no sense. The message names the remedy; no secret is in it.</summary>
/// <param name="message">What is wrong, and what to do.</param>
/// <param name="inner">The cause, if any.</param>
public sealed class TunnelException(string message, Exception? inner = null) : IOException(message, inner);
