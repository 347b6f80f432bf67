using System.Text;
using GatewayOS.Appliance.Provision;

namespace GatewayOS.Appliance.Tests.Provision;

public sealed class ProvisionFileTests
{
    // By libargon2's argon2id_hash_encoded, 2 passes, 1 MiB, 1 lane, of 'correct horse battery'.
    private const string Hash = "$argon2id$v=19$m=1024,t=2,p=1$c2FsdHlzYWx0eXNhbHQxNg$oFtgpHv6yM6mQByFe6z/WQYxoOQL1OmJiA9Eiq+mb4M";

    [Fact]
    public void A_whole_file_is_read_and_its_password_is_the_one_that_was_stretched()
    {
        (ProvisionFile? file, IReadOnlyList<string> problems) = Parse($$"""
            {
              // comments are for people
              "name": "gateway-berlin", "zone": "Europe/Berlin",
              "administrator": { "name": "vera", "passwordHash": "{{Hash}}" },
              "controlPlane": { "address": "control.example.org", "claim": "GW1-X" },
            }
            """);
        Assert.Empty(problems);
        Assert.Equal(("gateway-berlin", "Europe/Berlin", "vera", "GW1-X"), (file!.Name, file.Zone, file.Administrator!.Name, file.ControlPlane!.Claim));
        Assert.True(ProvisionFile.ReadHash(Hash)!.Matches("correct horse battery"));
        Assert.False(ProvisionFile.ReadHash(Hash)!.Matches("correct horse batterie"));
        Assert.Equal(new ProvisionFile(), Parse("{}").File);
    }

    [Fact]
    public void Everything_that_is_wrong_comes_at_once()
    {
        (ProvisionFile? file, IReadOnlyList<string> problems) = Parse("""{ "name": " ", "zone": "Nowhere", "administrator": { "name": "a b", "passwordHash": "secret" }, "controlPlane": { "address": "x", "claim": "" } }""");
        Assert.Null(file);
        Assert.Equal(5, problems.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{ \"nmae\": \"x\" }")]
    [InlineData("{ \"administrator\": { \"name\": \"vera\" } }")]
    public void What_is_no_such_file_is_not_followed(string text) => Assert.NotEmpty(Parse(text).Problems);

    [Theory]
    [InlineData("$argon2i$v=19$m=1024,t=2,p=1$", "$argon2id$v=19$m=1024,t=2,p=1$")]
    [InlineData("$argon2id$v=16$", "$argon2id$v=19$")]
    [InlineData("m=9999999,", "m=1024,")]
    [InlineData("t=0,", "t=2,")]
    [InlineData("p=-1", "p=1")]
    public void A_hash_of_another_kind_or_of_a_cost_that_may_not_be_asked_for_is_none(string wrong, string right) => Assert.Null(ProvisionFile.ReadHash(Hash.Replace(right, wrong, StringComparison.Ordinal)));

    private static (ProvisionFile? File, IReadOnlyList<string> Problems) Parse(string text) => ProvisionFile.Parse(Encoding.UTF8.GetBytes(text));
}
