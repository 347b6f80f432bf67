using System.Buffers.Text;
using System.IO.Compression;
using System.Net;
using System.Text;
using System.Text.Json;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Store.Storage;
using GatewayOS.Store.Trees;
using GatewayOS.TestKit.Programs;
using GatewayOS.Web.Snapshots;

namespace GatewayOS.Web.Tests;

/// <summary>Looking into restore points and taking files out of them, with names as bad as names get.</summary>
[Collection(ServedGroup.Name)]
public sealed class SnapshotTests(ServedAppliance served)
{
    private const string Script = "<img src=x onerror=alert(1)>\".txt";

    private static readonly Lock s_gate = new();
    private static (string Source, string First, string Second)? s_made;

    [Fact]
    public async Task Names_are_bytes_and_a_listing_gives_them_back_exactly()
    {
        (string source, _, string second) = Made();
        using Browser browser = await served.BrowserOfAsync(Role.RestoreOperator);
        JsonElement[] entries = [.. (await browser.GetAsync($"/api/v1/browse?snapshot={second}&path64={Path64(source)}")).Expect(HttpStatusCode.OK).Json.GetProperty("entries").EnumerateArray()];
        byte[][] names = [.. entries.Select(entry => Base64Url.DecodeFromChars(entry.GetProperty("name64").GetString()))];
        string listed = Shell.Run($"cd '{source}' && find . -mindepth 1 -maxdepth 1 -printf '%f\\0' | LC_ALL=C sort -z | base64 -w0");
        Assert.Equal(listed, Convert.ToBase64String([.. names.SelectMany(name => (byte[])[.. name, 0])]));
        JsonElement invalid = entries.Single(entry => entry.GetProperty("name").GetString() == "\\xff\\xfe");
        Assert.Equal(("file", 8), (invalid.GetProperty("kind").GetString(), invalid.GetProperty("size").GetInt64()));
        JsonElement link = entries.Single(entry => entry.GetProperty("kind").GetString() == "symlink");
        Assert.Equal("/etc/passwd", link.GetProperty("link").GetString());
        Answer answer = await browser.GetAsync($"/api/v1/browse?snapshot={second}&path64={Path64(source)}");
        Assert.Equal("application/json", answer.Headers["Content-Type"]);

        // Whatever a page does with it by mistake: there is no markup in what is sent.
        Assert.DoesNotContain("<img", answer.Text, StringComparison.Ordinal);
        Assert.Contains(entries, entry => entry.GetProperty("name").GetString() == Script);
    }

    [Fact]
    public async Task A_long_directory_comes_in_parts_that_fit_together()
    {
        (string source, string first, _) = Made();
        using Browser browser = await served.BrowserOfAsync(Role.RestoreOperator);
        var names = new List<string>();
        string? next = null;
        do
        {
            JsonElement part = (await browser.GetAsync($"/api/v1/browse?snapshot={first}&path64={Path64(source + "/many")}{(next is null ? "" : $"&after64={next}")}")).Expect(HttpStatusCode.OK).Json;
            names.AddRange(part.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()!));
            Assert.InRange(part.GetProperty("entries").GetArrayLength(), 1, SnapshotBrowser.EntriesMax);
            next = part.TryGetProperty("next", out JsonElement more) ? more.GetString() : null;
        }
        while (next is not null);
        Assert.Equal(Enumerable.Range(0, 2500).Select(number => $"file{number:0000}"), names);
    }

    [Fact]
    public async Task Files_come_out_as_they_went_in()
    {
        (string source, string first, string second) = Made();
        using Browser browser = await served.BrowserOfAsync(Role.RestoreOperator);
        byte[] big = (await browser.GetAsync($"/api/v1/download?snapshot={first}&path64={Path64(source + "/dir/big")}&as=file")).Expect(HttpStatusCode.OK).Bytes;
        Assert.Equal(File.ReadAllBytes(source + "/dir/big"), big);
        Assert.Equal(new byte[200_000], (await browser.GetAsync($"/api/v1/download?snapshot={first}&path64={Path64(source + "/hole")}&as=file")).Expect(HttpStatusCode.OK).Bytes);
        byte[] odd = [.. Encoding.UTF8.GetBytes(source), (byte)'/', 0xff, 0xfe];
        Answer answer = (await browser.GetAsync($"/api/v1/download?snapshot={first}&path64={Base64Url.EncodeToString(odd)}&as=file")).Expect(HttpStatusCode.OK);
        Assert.Equal("no utf-8", answer.Text);
        Assert.Equal(("application/octet-stream", "8"), (answer.Headers["Content-Type"], answer.Headers["Content-Length"]));
        Answer script = (await browser.GetAsync($"/api/v1/download?snapshot={second}&path64={Path64($"{source}/{Script}")}&as=file")).Expect(HttpStatusCode.OK);
        Assert.Equal("attachment; filename=\"<img src=x onerror=alert(1)>\\\".txt\"; filename*=UTF-8''%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E%22.txt", script.Headers["Content-Disposition"]);

        // A name that would begin another header, were it written as it is.
        Answer broken = (await browser.GetAsync($"/api/v1/download?snapshot={second}&path64={Path64($"{source}/line\nSet-Cookie: a=b")}&as=file")).Expect(HttpStatusCode.OK);
        Assert.DoesNotContain("Set-Cookie", broken.Headers.Keys);
        Assert.Contains("%0ASet-Cookie", broken.Headers["Content-Disposition"], StringComparison.Ordinal);
        Assert.Equal("changed", (await browser.GetAsync($"/api/v1/download?snapshot={second}&path64={Path64(source + "/dir/small")}&as=file")).Text);
        Assert.Equal("small", (await browser.GetAsync($"/api/v1/download?snapshot={first}&path64={Path64(source + "/dir/small")}&as=file")).Text);

        // On record: who, what and from where.
        using Browser auditor = await served.BrowserOfAsync(Role.Auditor);
        Assert.Contains("web/Download", (await auditor.CallAsync("AuditLog/List", new { count = 1000 })).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_comes_as_an_archive_that_unzip_takes()
    {
        (string source, string first, _) = Made();
        using Browser browser = await served.BrowserOfAsync(Role.RestoreOperator);
        Answer answer = (await browser.GetAsync($"/api/v1/download?snapshot={first}&path64={Path64(source + "/dir")}&as=zip")).Expect(HttpStatusCode.OK);
        Assert.Equal("application/zip", answer.Headers["Content-Type"]);
        File.WriteAllBytes(served["dir.zip"], answer.Bytes);
        ZipFile.ExtractToDirectory(served["dir.zip"], served["unzipped"]);
        Assert.Equal(File.ReadAllBytes(source + "/dir/big"), File.ReadAllBytes(served["unzipped/big"]));
        Assert.Equal("small", File.ReadAllText(served["unzipped/small"]));
        Assert.Equal("deep", File.ReadAllText(served["unzipped/a/b/c/ü"]));
        using ZipArchive archive = ZipFile.OpenRead(served["dir.zip"]);
        Assert.Equal(0b110_100_000, (archive.GetEntry("small")!.ExternalAttributes >> 16) & 0b111_111_111);
        Assert.NotNull(archive.GetEntry("empty/"));
        (await browser.GetAsync($"/api/v1/download?snapshot={first}&path64={Path64(source + "/dir/small")}&as=zip")).Expect(HttpStatusCode.Conflict);
        (await browser.GetAsync($"/api/v1/download?snapshot={first}&path64={Path64(source + "/dir")}&as=file")).Expect(HttpStatusCode.Conflict);
        (await browser.GetAsync($"/api/v1/download?snapshot={first}&path64={Path64(source + "/dir")}&as=tar")).Expect(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task No_path_leads_out_of_a_restore_point()
    {
        (string source, string first, _) = Made();
        using Browser browser = await served.BrowserOfAsync(Role.RestoreOperator);
        foreach (string path in (string[])["/etc/passwd", "../../../../etc/passwd", $"{source}/dir/../dir/small", $"{source}/link", $"{source}/link/passwd", $"{source}/dir/small/..", "/proc/self/environ", "..\\..\\etc\\passwd", $"{source}/dir\0/small"])
        {
            Answer answer = await browser.GetAsync($"/api/v1/download?snapshot={first}&path64={Path64(path)}&as=file");
            Assert.True(answer.Status is HttpStatusCode.NotFound or HttpStatusCode.Conflict, $"{path}: {answer.Status} {answer.Text}");
            Assert.DoesNotContain("root:", answer.Text, StringComparison.Ordinal);
        }

        foreach (string query in (string[])["snapshot=../../etc&as=file", "snapshot=latest&as=file", "snapshot=&as=file", "as=file", $"snapshot={first}&path64=%2fetc%2fpasswd&as=file", $"snapshot={first}&snapshot={first}&as=file", $"snapshot={first}&path64=!!!!&as=file"])
        {
            Answer answer = await browser.GetAsync($"/api/v1/download?{query}");
            Assert.True(answer.Status is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{query}: {answer.Status} {answer.Text}");
        }

        // Nor does one of the page's files.
        foreach (string path in (string[])["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd.txt", "/assets/..%2f..%2fetc%2fpasswd.txt", "/.env"])
        {
            Assert.DoesNotContain("root:", (await browser.GetAsync(path)).Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("/etc/passwd")]
    [InlineData("a\0b")]
    public void An_archive_never_holds_a_name_that_leads_elsewhere(string name) =>
        Assert.Throws<StoreDamagedException>(() => FolderArchive.NameOf(new TreeNode { Name = Encoding.UTF8.GetBytes(name), Type = NodeType.File }));

    [Fact]
    public async Task Two_restore_points_are_compared_directory_by_directory()
    {
        (string source, string first, string second) = Made();
        using Browser browser = await served.BrowserOfAsync(Role.RestoreOperator);
        Assert.Equal(
            ["added directory added-dir", "changed directory dir", "removed file gone"],
            Changes((await browser.GetAsync($"/api/v1/compare?left={first}&right={second}&path64={Path64(source)}")).Expect(HttpStatusCode.OK).Json));
        Assert.Equal(["changed file small"], Changes((await browser.GetAsync($"/api/v1/compare?left={first}&right={second}&path64={Path64(source + "/dir")}")).Json));
        Assert.Equal(["added file new"], Changes((await browser.GetAsync($"/api/v1/compare?left={first}&right={second}&path64={Path64(source + "/added-dir")}")).Json));
        Assert.Empty(Changes((await browser.GetAsync($"/api/v1/compare?left={first}&right={first}")).Json));
    }

    private static string[] Changes(JsonElement document) =>
        [.. document.GetProperty("entries").EnumerateArray().Select(entry => $"{entry.GetProperty("change").GetString()} {entry.GetProperty("kind").GetString()} {entry.GetProperty("name").GetString()}")];

    private static string Path64(string path) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(path));

    // Two restore points of a tree with every kind of bad name, made once.
    private (string Source, string First, string Second) Made()
    {
        lock (s_gate)
        {
            return s_made ??= Make();
        }
    }

    private (string Source, string First, string Second) Make()
    {
        string source = served["tree"];
        Shell.Run(
            $$"""
            mkdir -p '{{source}}/dir/a/b/c' '{{source}}/dir/empty' '{{source}}/many' && cd '{{source}}'
            printf 'no utf-8' > $'\xff\xfe'; printf x > $'line\nSet-Cookie: a=b'; printf x > '{{Script}}'; printf x > 'back\slash'; printf x > '..hidden'
            ln -s /etc/passwd link; mkfifo pipe; truncate -s 200000 hole; printf x > gone
            printf small > dir/small; chmod 640 dir/small; printf deep > dir/a/b/c/ü; head -c 3000000 /dev/urandom > dir/big
            for number in $(seq -w 0 2499); do : > many/file$number; done
            """);
        Agent agent = served.Program.Enroll("node1");
        string first = Backup(agent, source);
        Shell.Run($"cd '{source}' && printf changed > dir/small && rm gone && mkdir added-dir && printf x > added-dir/new");
        return (source, first, Backup(agent, source));
    }

    private static string Backup(Agent agent, string source) => agent.Run("backup", source, "--json").Expect(0).Json.GetProperty("snapshot").GetProperty("id").GetString()!;
}
