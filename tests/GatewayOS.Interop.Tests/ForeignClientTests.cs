using System.Diagnostics;
using System.Globalization;

namespace GatewayOS.Interop.Tests;

/// <summary>Debian's python3-grpcio calls our server: the cases of the gRPC project's interop description.</summary>
public sealed class ForeignClientTests(OurServer server) : IClassFixture<OurServer>
{
    [Theory]
    [InlineData("empty_unary")]
    [InlineData("large_unary")]
    [InlineData("client_streaming")]
    [InlineData("server_streaming")]
    [InlineData("ping_pong")]
    [InlineData("empty_stream")]
    [InlineData("cancel_after_begin")]
    [InlineData("cancel_after_first_response")]
    [InlineData("timeout_on_sleeping_server")]
    [InlineData("status_code_and_message")]
    [InlineData("special_status_message")]
    [InlineData("unimplemented_method")]
    [InlineData("unimplemented_service")]
    [InlineData("custom_metadata")]
    [InlineData("client_compressed_unary")]
    [InlineData("server_compressed_unary")]
    [InlineData("client_compressed_streaming")]
    [InlineData("server_compressed_streaming")]
    [InlineData("compressed_flag_that_lies")]
    [InlineData("oversize_message")]
    [InlineData("very_large")]
    [InlineData("large_metadata")]
    [InlineData("health_check")]
    [InlineData("health_watch")]
    [InlineData("reflection_v1")]
    [InlineData("reflection_v1alpha")]
    [InlineData("rich_status")]
    [InlineData("many_calls_at_once")]
    public async Task A_python_client_finds_our_server_correct(string interopCase)
    {
        var start = new ProcessStartInfo("/usr/bin/python3", ["client.py", server.Port.ToString(CultureInfo.InvariantCulture), interopCase])
        {
            WorkingDirectory = Path.Join(AppContext.BaseDirectory, "python"),
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process python = Process.Start(start)!;
        Task<string> output = python.StandardOutput.ReadToEndAsync();
        string errors = await python.StandardError.ReadToEndAsync();
        await python.WaitForExitAsync();
        Assert.True(python.ExitCode == 0, $"{interopCase}: {errors}");
        Assert.StartsWith("ok", await output, StringComparison.Ordinal);
    }
}
