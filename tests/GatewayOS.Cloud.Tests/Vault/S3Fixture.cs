using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using GatewayOS.Cloud.Vault;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Cloud.Tests.Vault;

/// <summary>One S3 service for all tests that need one; each test has a bucket of its own.</summary>
public sealed class S3Fixture : IDisposable
{
    private readonly S3Server _server = new();
    private int _buckets;

    public S3Fixture()
    {
        File.WriteAllText(Credentials, $"[default]\naws_access_key_id = {S3Server.AccessKey}\naws_secret_access_key = {S3Server.SecretKey}\n");
        Client = new AmazonS3Client(new BasicAWSCredentials(S3Server.AccessKey, S3Server.SecretKey), new AmazonS3Config { ServiceURL = _server.Endpoint, ForcePathStyle = true, AuthenticationRegion = "us-east-1" });
    }

    /// <summary>A client as an attacker with the appliance's access key has it.</summary>
    public AmazonS3Client Client { get; }

    public string Endpoint => _server.Endpoint;

    public string Address => _server.Address;

    public string Credentials { get; } = Path.GetTempFileName();

    public async Task<S3Settings> NewBucketAsync(int lockDays = 0)
    {
        string bucket = $"bucket-{Interlocked.Increment(ref _buckets)}";
        await Client.PutBucketAsync(new PutBucketRequest { BucketName = bucket, ObjectLockEnabledForBucket = lockDays > 0 });
        return new S3Settings { Endpoint = Endpoint, Bucket = bucket, Prefix = "site/a", CredentialsFile = Credentials, LockDays = lockDays };
    }

    public void Dispose()
    {
        Client.Dispose();
        _server.Dispose();
        File.Delete(Credentials);
    }
}

[CollectionDefinition(Name)]
public sealed class S3Tests : ICollectionFixture<S3Fixture>
{
    public const string Name = "S3";
}
