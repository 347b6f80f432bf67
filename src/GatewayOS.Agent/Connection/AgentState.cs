using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using GatewayOS.Cloud.Vault.Direct;
using GatewayOS.Store.Storage;

namespace GatewayOS.Agent.Connection;

/// <summary>Which appliance this node is enrolled at.</summary>
/// <param name="Gateway">Its address, <c>host:port</c>.</param>
/// <param name="NodeName">The node's name there.</param>
/// <param name="NodeId">The node's ID there; empty while it waits for approval.</param>
internal sealed record Enrolled(string Gateway, string NodeName, string NodeId);

/// <summary>What the agent backs up when the appliance says so, and how much of the machine it takes for that: <c>agent.json</c>.</summary>
internal sealed record AgentConfig
{
    // Settable, not init-only: generated deserialisers give init-only properties that are absent no default.

    /// <summary>Files and directories.</summary>
    public IReadOnlyList<string> Sources { get; set; } = [];

    /// <summary>Patterns of what to leave out, as in a .gitignore.</summary>
    public IReadOnlyList<string> Excludes { get; set; } = [];

    /// <summary>Does not cross mount points.</summary>
    public bool OneFileSystem { get; set; }

    /// <summary>Most bytes sent in a second; 0 for no limit.</summary>
    public long BandwidthBytesPerSecond { get; set; }

    /// <summary>CPU priority, 0 to 19; higher yields more.</summary>
    public int Nice { get; set; } = 10;

    /// <summary>Reads only when the disk is otherwise idle.</summary>
    public bool IdleIo { get; set; }

    /// <summary>Checks it.</summary>
    /// <returns>Every error.</returns>
    public IReadOnlyList<string> Errors()
    {
        var errors = new List<string>();
        if (BandwidthBytesPerSecond < 0)
        {
            errors.Add("bandwidthBytesPerSecond: must not be negative.");
        }

        if (Nice is < 0 or > 19)
        {
            errors.Add("nice: must be 0 to 19.");
        }

        errors.AddRange(Sources.Where(source => !Path.IsPathRooted(source)).Select(source => $"sources: '{source}' is not absolute."));
        return errors;
    }
}

/// <summary>The agent's files: its key and certificate, the appliance's CA, where that is, and the configuration.</summary>
internal sealed class AgentState
{
    public const string DirectoryDefault = "/var/lib/gateway-agent";
    public const string ConfigFile = "agent.json";
    private const string EnrolledFile = "enrolled.json";
    private const string KeyFile = "node.key";
    private const string NextKeyFile = "node.key.next";
    private const string CertificateFile = "node.crt";
    private const string CaFile = "ca.crt";
    private const string EndedJobsFile = "ended-jobs";

    private readonly StateDirectory _files;

    public AgentState(string directory)
    {
        try
        {
            _files = new StateDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"The agent's directory {directory} cannot be used: {error.Message} Run as root, or give another with --state.", inner: error);
        }
    }

    public string Location => _files.Location;

    /// <summary>Where the node is enrolled; null when nowhere.</summary>
    public Enrolled? Enrolled => Read(EnrolledFile, AgentJson.Default.Enrolled);

    /// <summary>The vault that this machine backs up to when it has no appliance.</summary>
    public DirectState Vault => new(_files);

    /// <summary>The configuration; the default when there is no file.</summary>
    public AgentConfig Config
    {
        get
        {
            AgentConfig config = Read(ConfigFile, AgentJson.Default.AgentConfig) ?? new AgentConfig();
            return config.Errors() is { Count: > 0 } errors ? throw new AgentException($"{_files.PathOf(ConfigFile)} is wrong: {string.Join(' ', errors)}") : config;
        }
    }

    /// <summary>Jobs that have ended and that the appliance has not taken note of; null when there were none yet.</summary>
    public byte[]? EndedJobs => _files.Read(EndedJobsFile);

    public void SaveEndedJobs(byte[] jobs) => _files.Replace(EndedJobsFile, jobs);

    public void SaveConfig(AgentConfig config) => _files.Replace(ConfigFile, JsonSerializer.SerializeToUtf8Bytes(config, AgentJson.Default.AgentConfig));

    /// <summary>The node's key, made when there is none. Kept across attempts to enrol, so that a lost answer is no lost token.</summary>
    public ECDsa Key() => ReadKey(KeyFile) ?? MakeKey(KeyFile);

    /// <summary>The key for the next certificate.</summary>
    public ECDsa NextKey() => ReadKey(NextKeyFile) ?? MakeKey(NextKeyFile);

    /// <summary>The node's certificate with its key; null when it has none. The caller's.</summary>
    public X509Certificate2? Certificate()
    {
        if (_files.Read(CertificateFile) is not { } pem)
        {
            return null;
        }

        using var certificate = X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(pem));
        foreach (string file in new[] { KeyFile, NextKeyFile })
        {
            // A crash between the two renames of a rotation leaves the certificate with the key still called the next.
            using ECDsa? key = ReadKey(file);
            if (key is not null && key.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(certificate.PublicKey.ExportSubjectPublicKeyInfo()))
            {
                using X509Certificate2 withKey = certificate.CopyWithPrivateKey(key);
                return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), password: null);
            }
        }

        throw new AgentException($"Key and certificate in {_files.Location} do not belong together. Enrol the node again.");
    }

    /// <summary>The appliance's CA; null before the first enrolment. The caller's.</summary>
    public X509Certificate2? Ca() => _files.Read(CaFile) is { } pem ? X509Certificate2.CreateFromPem(Encoding.ASCII.GetString(pem)) : null;

    public void SaveCa(X509Certificate2 ca) => _files.Replace(CaFile, Encoding.ASCII.GetBytes(ca.ExportCertificatePem()));

    public void SaveEnrolled(Enrolled enrolled) => _files.Replace(EnrolledFile, JsonSerializer.SerializeToUtf8Bytes(enrolled, AgentJson.Default.Enrolled));

    public void SaveCertificate(ReadOnlySpan<byte> der)
    {
        using X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(der);
        _files.Replace(CertificateFile, Encoding.ASCII.GetBytes(certificate.ExportCertificatePem()));
    }

    /// <summary>Makes the next key the present one, after its certificate was saved.</summary>
    public void AdoptNextKey()
    {
        if (_files.Read(NextKeyFile) is { } key)
        {
            _files.Replace(KeyFile, key);
            File.Delete(_files.PathOf(NextKeyFile));
        }
    }

    /// <summary>Forgets the enrolment, key included.</summary>
    public void Forget()
    {
        foreach (string file in new[] { EnrolledFile, CertificateFile, CaFile, KeyFile, NextKeyFile, EndedJobsFile })
        {
            File.Delete(_files.PathOf(file));
        }
    }

    private T? Read<T>(string file, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return _files.Read(file) is { } bytes ? JsonSerializer.Deserialize(bytes, type) : null;
        }
        catch (JsonException error)
        {
            throw new AgentException($"{_files.PathOf(file)} is damaged: {error.Message}", inner: error);
        }
    }

    private ECDsa? ReadKey(string file)
    {
        if (_files.Read(file) is not { } pem)
        {
            return null;
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportFromPem(Encoding.ASCII.GetString(pem));
            return key;
        }
        catch (Exception error) when (error is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new AgentException($"{_files.PathOf(file)} is damaged. Delete it and enrol the node again.", inner: error);
        }
    }

    private ECDsa MakeKey(string file)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        _files.Replace(file, Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem()));
        return key;
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(Enrolled))]
[JsonSerializable(typeof(AgentConfig))]
internal sealed partial class AgentJson : JsonSerializerContext;
