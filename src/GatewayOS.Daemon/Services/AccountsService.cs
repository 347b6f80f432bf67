using GatewayOS.Api;
using GatewayOS.Api.Tokens;
using GatewayOS.Appliance.Accounts;
using GatewayOS.Daemon.Hosting;
using Grpc.Core;

namespace GatewayOS.Daemon.Services;

/// <summary>Accounts and API tokens.</summary>
internal sealed class AccountsService(ApplianceHost appliance, PasswordQueue passwords) : Accounts.AccountsBase
{
    public override Task<ListUsersReply> ListUsers(ListUsersRequest request, ServerCallContext context) =>
        Task.FromResult(new ListUsersReply { Users = { appliance.Accounts.Accounts.Select(Info) } });

    public override async Task<UserInfo> AddUser(AddUserRequest request, ServerCallContext context)
    {
        Role role = RoleOf(request.Role);
        return Answer(await passwords.RunAsync(() => appliance.Accounts.Add(request.User, role, request.Password)).ConfigureAwait(false));
    }

    public override Task<UserInfo> RemoveUser(UserRequest request, ServerCallContext context)
    {
        EndLogins(request.User);
        return Task.FromResult(Answer(appliance.Accounts.Remove(request.User)));
    }

    public override Task<UserInfo> SetRole(SetRoleRequest request, ServerCallContext context) => Task.FromResult(Answer(appliance.Accounts.SetRole(request.User, RoleOf(request.Role))));

    public override Task<UserInfo> Unlock(UserRequest request, ServerCallContext context) => Task.FromResult(Answer(appliance.Accounts.Unlock(request.User)));

    public override Task<UserInfo> RemoveSecondFactor(UserRequest request, ServerCallContext context) => Task.FromResult(Answer(appliance.Accounts.RemoveSecondFactor(request.User)));

    public override Task<UserInfo> SetPassword(SetPasswordRequest request, ServerCallContext context) => SetPasswordAsync(request.User, request.Password);

    public override async Task<UserInfo> ChangeOwnPassword(ChangeOwnPasswordRequest request, ServerCallContext context)
    {
        string account = Caller.Of(context).Account
            ?? throw new RpcException(new Status(StatusCode.FailedPrecondition, "You are not logged in with an account, so you have no password to change. Log in with --user NAME."));
        Answer(await passwords.RunAsync(() => appliance.Accounts.CheckPassword(account, request.OldPassword)).ConfigureAwait(false));
        return await SetPasswordAsync(account, request.NewPassword).ConfigureAwait(false);
    }

    public override Task<CreateApiTokenReply> CreateApiToken(CreateApiTokenRequest request, ServerCallContext context)
    {
        var token = EnrolmentToken.Create(appliance.Authority.KeyHash);
        AccountResult<ApiTokenRecord> result = appliance.Accounts.AddToken(token.Id, token.Secret, RoleOf(request.Role), TimeSpan.FromSeconds(request.LifetimeSeconds), Caller.Of(context).Who, request.Note);
        return Task.FromResult(new CreateApiTokenReply { Info = Info(Require(result)), Token = token.ToText() });
    }

    public override Task<ListApiTokensReply> ListApiTokens(ListApiTokensRequest request, ServerCallContext context) =>
        Task.FromResult(new ListApiTokensReply { Tokens = { appliance.Accounts.Tokens.Select(Info) } });

    public override Task<ApiTokenInfo> RevokeApiToken(RevokeApiTokenRequest request, ServerCallContext context) =>
        Task.FromResult(Info(Require(appliance.Accounts.RevokeToken(request.Id))));

    private static Role RoleOf(string text) => RoleNames.TryParse(text, out Role role)
        ? role
        : throw new RpcException(new Status(StatusCode.InvalidArgument, $"There is no such role. The roles are: {string.Join(", ", RoleNames.All)}."));

    private static T Require<T>(AccountResult<T> result)
        where T : class => result.Value ?? throw new RpcException(new Status(
            result.Refusal switch
            {
                AccountRefusal.Unknown => StatusCode.NotFound,
                AccountRefusal.Taken => StatusCode.AlreadyExists,
                AccountRefusal.TooMany => StatusCode.ResourceExhausted,
                AccountRefusal.Denied => StatusCode.PermissionDenied,
                _ => StatusCode.InvalidArgument,
            },
            result.Message));

    private static UserInfo Answer(AccountResult<AccountRecord> result) => Info(Require(result));

    private static UserInfo Info(AccountRecord account) => new()
    {
        Name = account.Name,
        Role = account.Role.ToText(),
        CreatedUnixMs = account.Created.ToUnixTimeMilliseconds(),
        PasswordSetUnixMs = account.PasswordSet.ToUnixTimeMilliseconds(),
        LastLoginUnixMs = account.LastLogin?.ToUnixTimeMilliseconds() ?? 0,
        LockedUntilUnixMs = account.LockedUntil?.ToUnixTimeMilliseconds() ?? 0,
        Failures = account.Failures,
        HasSecondFactor = account.SecondFactor is not null,
    };

    private static ApiTokenInfo Info(ApiTokenRecord token) => new()
    {
        Id = token.Id,
        Role = token.Role.ToText(),
        Maker = token.Maker,
        Note = token.Note,
        CreatedUnixMs = token.Created.ToUnixTimeMilliseconds(),
        ExpiresUnixMs = token.Expires.ToUnixTimeMilliseconds(),
    };

    private async Task<UserInfo> SetPasswordAsync(string user, string password)
    {
        if (PasswordHash.Problem(password) is { } problem)
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, problem));
        }

        // Logins end first: a crash in between costs a login, and leaves nobody in who was to be kept out.
        EndLogins(user);
        return Answer(await passwords.RunAsync(() => appliance.Accounts.SetPassword(user, password)).ConfigureAwait(false));
    }

    private void EndLogins(string user)
    {
        if (appliance.Accounts.Find(user) is { } account)
        {
            appliance.Registry.RevokeAccount(account.Name);
        }
    }
}
