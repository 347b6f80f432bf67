using System.CommandLine;
using System.Globalization;
using GatewayOS.Api;
using GatewayOS.Cli.Errors;
using GatewayOS.Cli.Json;
using GatewayOS.Store.Storage;
using GatewayOS.Terminal;
using Google.Protobuf;
using Grpc.Core;

namespace GatewayOS.Cli.Commands.Appliance;

/// <summary><c>update</c>: the appliance's system, its two slots, and bundles for them.</summary>
internal static class UpdateCommands
{
    private const int PieceBytes = 1024 * 1024;

    private static readonly TimeSpan s_lookInterval = TimeSpan.FromSeconds(1);

    private static readonly Argument<string> s_file = new("FILE") { Description = "The bundle (.raucb); with --stick the name of one on a USB stick that is plugged into the appliance; with --sha256 an address (https or http) that the appliance fetches it from" };
    private static readonly Option<bool> s_stick = new("--stick") { Description = "The bundle is on a USB stick in the appliance: nothing is sent" };
    private static readonly Option<string?> s_sha256 = new("--sha256") { Description = "FILE is an address, and this the SHA-256 of the bundle there", HelpName = "HEX" };
    private static readonly Option<bool> s_downgrade = new("--allow-downgrade") { Description = "Take a version that is earlier than the one that runs" };
    private static readonly Option<bool> s_reboot = new("--reboot") { Description = "Restart the appliance when it is installed" };
    private static readonly Option<bool> s_noWait = new("--no-wait") { Description = "Do not wait until it is installed" };

    public static Command Build() => ApplianceVerb.Group(
        "update",
        "Updates of the appliance's system",
        Verb.Make("status", "Show slots, versions and what is under way", [ApplianceVerb.WatchOption], context => ApplianceVerb.Show(context, () => Status(context))),
        Verb.Make("check", "Check a bundle's signature, and whether it may be installed", [s_file, s_stick, s_downgrade], Check),
        Verb.Make("install", "Install a bundle into the slot that does not run", [s_file, s_stick, s_sha256, s_downgrade, s_reboot, s_noWait], Install),
        Verb.Make("history", "List every attempt to update, and what came of it", [], History));

    private static T Call<T>(VerbContext context, Func<Updates.UpdatesClient, CallOptions, T> call, bool isLong = false) => ApplianceVerb.Call(context, static channel => new Updates.UpdatesClient(channel), call, isLong);

    private static int Status(VerbContext context)
    {
        UpdateStatusReply reply = Call(context, (client, options) => client.GetStatus(new GetUpdateStatusRequest(), options));
        context.Out.WriteLine($"Version {reply.Running} runs.{(reply.Problem.Length > 0 ? $" Slots: unknown, {reply.Problem}." : "")}");
        if (reply.Slots.Count > 0)
        {
            var table = new TextTable("slot", "name", "", "boot loader", "version", "installed");
            foreach (SlotInfo slot in reply.Slots)
            {
                table.Add(
                    slot.BootName, slot.Name, string.Join(", ", ((string[])[slot.IsBooted ? "runs" : "", slot.Name == reply.Primary ? "starts next" : ""]).Where(static word => word.Length > 0)), !slot.HasIsGood ? "unknown" : slot.IsGood ? "good" : "BAD",
                    slot.Version.Length > 0 ? slot.Version + (slot.IsWhole ? "" : " (not whole)") : "as delivered", slot.InstalledUnixMs > 0 ? ApplianceVerb.LocalTime(ApplianceVerb.Time(slot.InstalledUnixMs)) : "");
            }

            table.Write(context.Out);
        }

        foreach (StickBundle stick in reply.Sticks)
        {
            context.Out.WriteLine($"On a USB stick: {stick.Name}, {Sizes.Bytes(stick.Bytes)}");
        }

        if (reply.Attempts is [.., { } last])
        {
            context.Out.WriteLine($"Last update: {Words(last)}");
        }

        if (reply.Progress is { } progress)
        {
            context.Out.WriteLine($"{progress.Percent.ToString(CultureInfo.InvariantCulture)} %: {progress.Step}");
        }

        if (reply.Note.Length > 0)
        {
            context.Out.WriteLine(reply.Note);
        }

        context.WriteJson(
            new UpdateStatusJson
            {
                Problem = Given(reply.Problem),
                Running = reply.Running,
                Compatible = Given(reply.Compatible),
                Primary = Given(reply.Primary),
                Slots = [.. reply.Slots.Select(slot => new SlotJson(slot.Name, slot.BootName, slot.IsBooted, slot.HasIsGood ? slot.IsGood : null, Given(slot.Version), slot.IsWhole, ApplianceVerb.Time(slot.InstalledUnixMs)))],
                Last = reply.Attempts is [.., { } newest] ? UpdateAttemptJson.Of(newest) : null,
                Progress = reply.Progress is { } far ? new InstallProgressJson(far.Percent, far.Step) : null,
                Note = Given(reply.Note),
                Sticks = [.. reply.Sticks.Select(stick => new StickBundleJson(stick.Name, stick.Bytes))],
            },
            UpdateJson.Default.UpdateStatusJson);
        return ExitCode.Good;
    }

    private static int History(VerbContext context)
    {
        UpdateStatusReply reply = Call(context, (client, options) => client.GetStatus(new GetUpdateStatusRequest(), options));
        if (reply.Attempts.Count == 0)
        {
            context.Out.WriteLine("There was no attempt to update.");
        }

        foreach (UpdateAttemptInfo attempt in reply.Attempts.Reverse())
        {
            context.Out.WriteLine($"{attempt.Number.ToString(CultureInfo.InvariantCulture),4}  {ApplianceVerb.LocalTime(ApplianceVerb.Time(attempt.BegunUnixMs))}  {Words(attempt)}");
            context.Out.WriteLine($"      from {attempt.Origin}, ordered by {attempt.By}; before it ran {attempt.VersionBefore}");
        }

        context.WriteJson(new UpdateHistoryJson(true, [.. reply.Attempts.Reverse().Select(UpdateAttemptJson.Of)]), UpdateJson.Default.UpdateHistoryJson);
        return ExitCode.Good;
    }

    private static int Check(VerbContext context)
    {
        (string upload, string stick) = Bring(context);
        BundleReply reply = Call(context, (client, options) => client.CheckBundle(new BundleRequest { Upload = upload, Stick = stick, AllowDowngrade = context.Arguments.GetValue(s_downgrade) }, options));
        int code = reply.Refusal.Length == 0 ? ExitCode.Good : ExitCode.Failed;
        context.Out.WriteLine(reply.Version.Length > 0 ? $"Version {reply.Version} for {reply.Compatible}, signed by a key that the appliance trusts." : "It tells nothing that could be trusted.");
        context.Out.WriteLine(reply.Refusal.Length == 0 ? "It may be installed." : $"It is not installed: {reply.Refusal}");
        context.WriteJson(new BundleJson(code == ExitCode.Good, code, Given(reply.Compatible), Given(reply.Version), Given(reply.Refusal)), UpdateJson.Default.BundleJson);
        return code;
    }

    private static int Install(VerbContext context)
    {
        bool isRestart = context.Arguments.GetValue(s_reboot);
        UpdateAttemptInfo attempt = Begin(context, isRestart);
        if (!context.Arguments.GetValue(s_noWait))
        {
            attempt = Follow(context, attempt);
        }

        int code = attempt.State is "installing" or "installed" or "checking" or "good" ? ExitCode.Good : ExitCode.Failed;
        context.Out.WriteLine(Words(attempt));
        if (code == ExitCode.Good && attempt.State != "good")
        {
            context.Out.WriteLine(isRestart ? "The appliance restarts, checks the new system and keeps it, or goes back. 'gatewayctl update history' says what came of it." : "It runs after a restart: 'gatewayctl power shutdown --reboot'.");
        }

        context.WriteJson(new UpdateInstallJson(code == ExitCode.Good, code, UpdateAttemptJson.Of(attempt)), UpdateJson.Default.UpdateInstallJson);
        return code;
    }

    private static UpdateAttemptInfo Begin(VerbContext context, bool isRestart)
    {
        bool allowsDowngrade = context.Arguments.GetValue(s_downgrade);
        if (context.Arguments.GetValue(s_sha256) is { } sha256)
        {
            var fetch = new FetchUpdateRequest { Url = context.Arguments.GetValue(s_file), Sha256 = sha256, AllowDowngrade = allowsDowngrade, Restart = isRestart };
            return Call(context, (client, options) => client.Fetch(fetch, options), isLong: true);
        }

        (string upload, string stick) = Bring(context);
        var request = new InstallUpdateRequest { Upload = upload, Stick = stick, AllowDowngrade = allowsDowngrade, Restart = isRestart };
        return Call(context, (client, options) => client.Install(request, options));
    }

    // The bundle as requests name it; sent first when it is here.
    private static (string Upload, string Stick) Bring(VerbContext context)
    {
        string file = context.Arguments.GetValue(s_file)!;
        return context.Arguments.GetValue(s_stick) ? ("", file) : (Send(context, file), "");
    }

    private static string Send(VerbContext context, string file)
    {
        using FileStream bundle = Open(file);
        long sent = 0;
        using var line = new ProgressLine(() => new ProgressState("sending", Volatile.Read(ref sent), bundle.Length, IsBytes: true), context.Quiet);
        return Call(
            context,
            (client, options) =>
            {
                string upload = client.BeginUpload(new BeginUploadRequest { Name = Path.GetFileName(file), Bytes = bundle.Length }, options).Upload;
                byte[] piece = new byte[PieceBytes];
                while (sent < bundle.Length)
                {
                    int bytes = bundle.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false);
                    Volatile.Write(ref sent, client.PutPiece(new PutPieceRequest { Upload = upload, Offset = sent, Content = ByteString.CopyFrom(piece, 0, bytes) }, options).Received);
                }

                return upload;
            },
            isLong: true);
    }

    private static FileStream Open(string file)
    {
        try
        {
            return File.OpenRead(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StoreUnusableException($"The bundle {file} cannot be read: {error.Message}", error);
        }
    }

    private static UpdateAttemptInfo Follow(VerbContext context, UpdateAttemptInfo begun)
    {
        InstallProgressInfo? shown = null;
        using var line = new ProgressLine(() => new ProgressState($"installing {Volatile.Read(ref shown)?.Step}", Volatile.Read(ref shown)?.Percent ?? 0, 100, IsBytes: false), context.Quiet);
        return Call(
            context,
            (client, options) =>
            {
                UpdateAttemptInfo attempt = begun;
                while (attempt.State == "installing" && !context.Cancellation.WaitHandle.WaitOne(s_lookInterval))
                {
                    UpdateStatusReply reply = client.GetStatus(new GetUpdateStatusRequest(), options);
                    attempt = reply.Attempts.FirstOrDefault(known => known.Number == begun.Number) ?? attempt;
                    Volatile.Write(ref shown, reply.Progress);
                }

                return attempt;
            },
            isLong: true);
    }

    private static string Words(UpdateAttemptInfo attempt) =>
        $"{(attempt.Version.Length > 0 ? attempt.Version : "a bundle")}{(attempt.Slot.Length > 0 ? $" in {attempt.Slot}" : "")}: {attempt.State.ToUpperInvariant()} since {ApplianceVerb.LocalTime(ApplianceVerb.Time(attempt.SinceUnixMs))}.{(attempt.Reason.Length > 0 ? $" {attempt.Reason}" : "")}";

    private static string? Given(string text) => text.Length == 0 ? null : text;
}
