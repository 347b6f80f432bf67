using System.Security.Cryptography.X509Certificates;
using GatewayOS.Certificates;

namespace GatewayOS.Appliance.Nodes;

/// <content>Certificates of people who operate the appliance.</content>
public sealed partial class NodeRegistry
{
    /// <summary>Finds the record of an operator's certificate.</summary>
    /// <returns>Null when it was not given out here, or is revoked.</returns>
    public OperatorRecord? OperatorOf(PeerIdentity identity) => identity.Kind == PeerKind.Operator
        ? Current.Operators.FirstOrDefault(known => known.Name == identity.Id && known.Serial == identity.Serial && !known.Revoked)
        : null;

    /// <summary>True when somebody has come in as an operator and was not thrown out since.</summary>
    public bool HasOperators => Current.Operators.Any(known => !known.Revoked);

    /// <summary>Certifies an operator, with a login token.</summary>
    /// <returns>The certificate, or null and why not.</returns>
    public (X509Certificate2? Certificate, string Message) Login(string name, ReadOnlySpan<byte> request, string tokenId, ReadOnlySpan<byte> secret)
    {
        if (!NamePattern().IsMatch(name))
        {
            return (null, $"'{Shorten(name)}' is no operator's name: 1 to 63 letters, digits, '.', '_' and '-' make one.");
        }

        try
        {
            string keyHash = Convert.ToHexStringLower(CertificateAuthority.KeyHashOf(request));
            lock (_gate)
            {
                return TokenRefusal(tokenId, secret, keyHash, forOperator: true, out TokenRecord? token) is { } refusal
                    ? (null, refusal.Message)
                    : (IssueOperator(name, request, keyHash, isAccount: false, _document with { Tokens = Used(token!, keyHash) }), "");
            }
        }
        catch (CertificateRequestException error)
        {
            return (null, error.Message);
        }
    }

    /// <summary>Certifies the holder of an account, whose password was right.</summary>
    /// <param name="account">The account's name.</param>
    /// <param name="request">The certificate request.</param>
    /// <exception cref="CertificateRequestException">The request is malformed or its key too weak.</exception>
    public X509Certificate2 LoginAccount(string account, ReadOnlySpan<byte> request)
    {
        string keyHash = Convert.ToHexStringLower(CertificateAuthority.KeyHashOf(request));
        lock (_gate)
        {
            return IssueOperator(account, request, keyHash, isAccount: true, _document);
        }
    }

    /// <summary>Ends all certificates of an account: its password is to be changed, or it is to be removed.</summary>
    public void RevokeAccount(string account)
    {
        lock (_gate)
        {
            Save(_document with { Operators = [.. _document.Operators.Select(known => known.IsAccount && known.Name == account ? known with { Revoked = true } : known)] });
        }
    }

    /// <summary>Ends all certificates of operators and all tokens that nobody has used yet. Nodes keep theirs.</summary>
    public void RevokeOperators()
    {
        lock (_gate)
        {
            Save(_document with
            {
                Operators = [.. _document.Operators.Select(known => known with { Revoked = true })],
                Tokens = [.. _document.Tokens.Where(token => token.UsedBy.Length > 0)],
            });
        }
    }

    // Under the gate. Certificates that have expired need no record any more.
    private X509Certificate2 IssueOperator(string name, ReadOnlySpan<byte> request, string keyHash, bool isAccount, RegistryDocument document)
    {
        X509Certificate2 certificate = _authority.IssuePeer(request, PeerKind.Operator, name, _certificateLifetime);
        DateTimeOffset now = _time.GetUtcNow();
        IEnumerable<OperatorRecord> others = document.Operators.Where(known => known.KeyHash != keyHash && known.Expires > now);
        Save(document with { Operators = [.. others, new OperatorRecord(name, keyHash, certificate.SerialNumber, CertificateAuthority.Expiry(certificate), Revoked: false, isAccount)] });
        return certificate;
    }
}
