using System.CommandLine;
using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Cli.Secrets;
using GatewayOS.Store.Keys;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>support</c>: the bundle for somebody who is to find out what is wrong.</summary>
internal static class SupportCommands
{
    private const long BundleBytesMax = 128L * 1024 * 1024;
    private const int FilesMax = 1000;

    private static readonly Option<string> s_bundle = new("--out", "-o") { Description = "File to write; there must be none", HelpName = "FILE", Required = true };
    private static readonly Option<string> s_directory = new("--out", "-o") { Description = "Directory to write into; made when there is none, else it must be empty", HelpName = "DIR", Required = true };
    private static readonly Argument<string> s_file = new("FILE") { Description = "The bundle" };

    public static Command Build() => ApplianceVerb.Group(
        "support",
        "The support bundle: what somebody elsewhere needs to find out what is wrong, encrypted, without secrets",
        Verb.Make("preview", "Show what a bundle would hold now", [], Preview),
        Verb.Make("bundle", "Make one, which opens with a passphrase", [s_bundle, SecretSource.PassphraseFileOption], Make),
        Verb.Make("open", "Open one. Needs no appliance", [s_file, s_directory, SecretSource.PassphraseFileOption], Open));

    private static int Preview(VerbContext context)
    {
        PreviewSupportReply reply = Call(context, (client, options) => client.Preview(new PreviewSupportRequest(), options));
        var table = new TextTable("file", ">size", "what");
        foreach (SupportFile file in reply.Files)
        {
            table.Add(file.Name, Sizes.Bytes(file.Bytes), file.What + (file.IsCut ? " Cut off: there is more." : ""));
        }

        table.Write(context.Out);
        context.WriteJson(new SupportPreviewJson(true, [.. reply.Files.Select(file => new SupportFileJson(file.Name, file.What, file.Bytes, file.IsCut))]), SupportJson.Default.SupportPreviewJson);
        return ExitCode.Good;
    }

    private static int Make(VerbContext context)
    {
        string path = context.Arguments.GetValue(s_bundle)!;
        if (Path.Exists(path))
        {
            throw new UsageException($"There is a {path} already. Name another file.");
        }

        string passphrase = SecretSource.GetNewPassphrase(context.Arguments);
        if (PassphraseBox.Problem(passphrase) is { } problem)
        {
            throw new UsageException(problem);
        }

        byte[] bundle = Call(context, (client, options) => Receive(client, passphrase, options));
        SecretSource.WriteNewFile(path, bundle, "support bundle");
        context.Out.WriteLine($"{path}: {Sizes.Bytes(bundle.Length)}. Send it, and tell the passphrase another way; 'gatewayctl support open' opens it.");
        context.WriteJson(new SupportBundleJson(true, Path.GetFullPath(path), bundle.Length), SupportJson.Default.SupportBundleJson);
        return ExitCode.Good;
    }

    private static byte[] Receive(Support.SupportClient client, string passphrase, CallOptions options)
    {
        using var bundle = new MemoryStream();
        using AsyncServerStreamingCall<SupportBytes> call = client.Make(new MakeSupportRequest { Passphrase = passphrase }, options);
        while (call.ResponseStream.MoveNext(options.CancellationToken).GetAwaiter().GetResult())
        {
            call.ResponseStream.Current.Content.WriteTo(bundle);
        }

        return bundle.ToArray();
    }

    private static int Open(VerbContext context)
    {
        string file = context.Arguments.GetValue(s_file)!, directory = Path.GetFullPath(context.Arguments.GetValue(s_directory)!);
        if (Directory.Exists(directory) && Directory.EnumerateFileSystemEntries(directory).Any())
        {
            throw new UsageException($"{directory} is not empty. Name a directory that is, or that is not there yet.");
        }

        byte[] content = PassphraseBox.Open(Read(file), SecretSource.GetPassphrase(context.Arguments, "Passphrase of the bundle: "), file);
        (string Name, byte[] Content)[] files = [.. Unpack(file, content)];
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach ((string name, byte[] bytes) in files)
        {
            SecretSource.WriteNewFile(Path.Join(directory, name), bytes, "file");
        }

        context.Out.WriteLine($"{files.Length} files in {directory}.");
        context.WriteJson(new SupportOpenJson(true, directory, [.. files.Select(one => one.Name)]), SupportJson.Default.SupportOpenJson);
        return ExitCode.Good;
    }

    private static byte[] Read(string file)
    {
        try
        {
            var info = new FileInfo(file);
            return info.Length <= BundleBytesMax ? File.ReadAllBytes(file) : throw new StoreUnusableException($"{file} has {info.Length} bytes: no bundle has more than {BundleBytesMax}.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException($"The bundle {file} cannot be read: {error.Message}", error);
        }
    }

    // Whoever made it knew the passphrase, and may still mean ill: names stay names, and what it blows up to has a limit.
    private static IEnumerable<(string Name, byte[] Content)> Unpack(string file, byte[] archive)
    {
        using var packed = new MemoryStream(archive);
        using var tar = new TarReader(new GZipStream(packed, CompressionMode.Decompress));
        long bytes = 0;
        for (int count = 1; Next(file, tar) is { } entry; count++)
        {
            bytes += entry.Length;
            if (entry.EntryType != TarEntryType.RegularFile || entry.Name.Length == 0 || entry.Name.StartsWith('.') || entry.Name.Any(letter => !char.IsAsciiLetterOrDigit(letter) && letter is not ('.' or '-' or '_')) || bytes > BundleBytesMax || count > FilesMax)
            {
                throw new StoreUnusableException($"{file} holds what no support bundle does ('{Encoding.ASCII.GetString(Encoding.ASCII.GetBytes(entry.Name))}'). Nothing was written.");
            }

            using var content = new MemoryStream();
            entry.DataStream?.CopyTo(content);
            yield return (entry.Name, content.ToArray());
        }
    }

    private static TarEntry? Next(string file, TarReader tar)
    {
        try
        {
            return tar.GetNextEntry();
        }
        catch (Exception error) when (error is InvalidDataException or IOException)
        {
            throw new StoreUnusableException($"What {file} holds is no archive: {error.Message}", error);
        }
    }

    private static T Call<T>(VerbContext context, Func<Support.SupportClient, CallOptions, T> call) => ApplianceVerb.Call(context, channel => new Support.SupportClient(channel), call, isLong: true);
}
