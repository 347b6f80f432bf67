using System.Globalization;
using GatewayOS.Appliance.Panel;
using GatewayOS.Hardware.Profiles;

namespace GatewayOS.Hardware.FrontPanel;

/// <summary>
/// The display's menu. Up and down turn pages, enter goes through a page's items, back returns to the first page. What cannot be taken back is done when enter has been held
/// for as long as the profile says, and not before it was released once on that page. Pure but for what it is told to do; times are handed in, ms. Not thread-safe.
/// </summary>
public sealed class PanelMenu
{
    /// <summary>Without a key for so long it shows the first page again, ms.</summary>
    public const int HomeAfterMs = 60_000;

    /// <summary>How long a line that is too long for the display stands before it moves, ms.</summary>
    public const int ScrollMs = 400;

    /// <summary>How long the outcome of a deed stands, ms.</summary>
    public const int NoticeMs = 5000;

    private const string Enter = "enter";

    private readonly int _columns;
    private readonly HoldProfile _hold;
    private readonly IPanelActions _actions;
    private readonly Func<DateTimeOffset> _vouch;
    private readonly Page[] _pages;
    private int _page;
    private int _item;
    private long _lastKeyMs;
    private long _shownSinceMs;
    private long? _enterHeldMs;
    private bool _isSpent;
    private string? _notice;
    private long _noticeUntilMs;

    /// <summary>Makes the menu.</summary>
    /// <param name="columns">Width of the display.</param>
    /// <param name="hold">Hold times.</param>
    /// <param name="actions">What it tells and does.</param>
    /// <param name="vouch">Grants the presence of whoever holds the button; gives until when.</param>
    public PanelMenu(int columns, HoldProfile hold, IPanelActions actions, Func<DateTimeOffset> vouch)
    {
        (_columns, _hold, _actions, _vouch) = (columns, hold, actions, vouch);
        _pages =
        [
            new Page(facts => facts.Name, facts => [facts.Status]),
            new Page(_ => "Network", facts => facts.Addresses.Count > 0 ? facts.Addresses : ["no address"]),
            new Page(facts => $"Alerts: {facts.Alerts.Count.ToString(CultureInfo.InvariantCulture)}", facts => facts.Alerts.Count > 0 ? facts.Alerts : ["none"]),
            new Page(facts => facts.Steps.Count > 0 ? "Disks: to do" : "Disks", facts => facts.Steps.Count > 0 ? facts.Steps : ["nothing to do"]),
            new Page(_ => "Shut down?", hold.Confirm, () => Do("Shutting down", () => actions.ShutDown(isReboot: false))),
            new Page(_ => "Restart?", hold.Confirm, () => Do("Restarting", () => actions.ShutDown(isReboot: true))),
            new Page(_ => "Factory reset?", hold.Confirm, () => Do("Access is reset", actions.ResetAccess)),
            new Page(_ => "I am here", hold.Presence, Vouch),
            .. actions.OffersService ? (Page[])
            [
                new Page(facts => IsOpen(facts) ? "Close service?" : "Open service?", hold.Confirm, OpenOrClose),
                new Page(_ => "Service code", facts => IsOpen(facts) ? facts.Service : ["closed"]) { IsSecret = true },
            ] : [],
        ];
    }

    /// <summary>True while it shows what is for nobody but who stands before the machine.</summary>
    public bool IsSecret => _pages[_page].IsSecret;

    /// <summary>Takes a press in.</summary>
    /// <param name="button">Which button.</param>
    /// <param name="isDown">True when it went down; a press counts when it comes up.</param>
    /// <param name="nowMs">The moment.</param>
    public void Key(string button, bool isDown, long nowMs)
    {
        _lastKeyMs = nowMs;
        if (isDown)
        {
            if (button == Enter)
            {
                (_enterHeldMs, _isSpent) = (0, false);
            }

            return;
        }

        bool wasSpent = button == Enter && _isSpent;
        if (button == Enter)
        {
            _enterHeldMs = null;
        }

        switch (button)
        {
            case "up":
                Turn(-1, nowMs);
                break;
            case "down":
                Turn(1, nowMs);
                break;
            case "back":
                GoHome(nowMs);
                break;
            case Enter when !wasSpent && _pages[_page].HoldMs is null:
                _item++;
                _shownSinceMs = nowMs;
                break;
        }
    }

    /// <summary>Takes note of how long enter is held. Does the deed of the page when that is long enough, once.</summary>
    public void Held(long heldMs)
    {
        if (_enterHeldMs is null || _isSpent)
        {
            return;
        }

        _enterHeldMs = heldMs;
        if (_pages[_page] is { HoldMs: { } needed, Deed: { } deed } && heldMs >= needed)
        {
            _isSpent = true;
            deed();
        }
    }

    /// <summary>What the display shows.</summary>
    /// <param name="nowMs">The moment.</param>
    /// <returns>Two lines, each as wide as the display.</returns>
    public (string First, string Second) Render(long nowMs)
    {
        if (_page != 0 && nowMs - _lastKeyMs > HomeAfterMs)
        {
            GoHome(nowMs);
        }

        Page page = _pages[_page];
        PanelFacts facts = _actions.Facts();
        if (_notice is { } notice)
        {
            _noticeUntilMs = _noticeUntilMs == 0 ? nowMs + NoticeMs : _noticeUntilMs;
            if (nowMs < _noticeUntilMs)
            {
                return (Fit(page.Title(facts), 0), Fit(notice, nowMs - _shownSinceMs));
            }

            (_notice, _noticeUntilMs) = (null, 0);
        }

        if (page.HoldMs is { } needed)
        {
            long leftMs = needed - (_isSpent ? 0 : _enterHeldMs ?? 0);
            string seconds = ((leftMs + 999) / 1000).ToString(CultureInfo.InvariantCulture);
            return (Fit(page.Title(facts), 0), Fit(_enterHeldMs is null || _isSpent ? $"hold ENTER {seconds}s" : $"keep holding {seconds}", 0));
        }

        IReadOnlyList<string> items = page.Items!(facts);
        return (Fit(page.Title(facts), nowMs - _shownSinceMs), Fit(items[_item % items.Count], nowMs - _shownSinceMs));
    }

    // A text that is too long stands, moves on column by column to its end, and begins anew.
    private string Fit(string text, long shownMs)
    {
        if (text.Length <= _columns)
        {
            return text.PadRight(_columns);
        }

        int steps = text.Length - _columns;
        int at = (int)(shownMs / ScrollMs % (steps + 4));
        return text.Substring(Math.Clamp(at - 2, 0, steps), _columns);
    }

    private void Turn(int by, long nowMs)
    {
        _page = (_page + by + _pages.Length) % _pages.Length;
        (_item, _shownSinceMs, _notice, _noticeUntilMs) = (0, nowMs, null, 0);

        // A hold that was begun on another page is none here.
        _isSpent = true;
    }

    private void GoHome(long nowMs)
    {
        _page = 0;
        Turn(0, nowMs);
    }

    private void Do(string notice, Action deed)
    {
        deed();
        _notice = notice;
    }

    private static bool IsOpen(PanelFacts facts) => facts.Service.Count > 0;

    private void OpenOrClose()
    {
        if (IsOpen(_actions.Facts()))
        {
            Do("Closing", _actions.CloseService);
        }
        else
        {
            Do("next page: code", _actions.OpenService);
        }
    }

    private void Vouch()
    {
        DateTimeOffset until = _vouch();
        _actions.Vouched(until);
        _notice = string.Create(CultureInfo.InvariantCulture, $"until {until:HH:mm:ss}Z");
    }

    private sealed class Page
    {
        public Page(Func<PanelFacts, string> title, Func<PanelFacts, IReadOnlyList<string>> items) => (Title, Items) = (title, items);

        public Page(Func<PanelFacts, string> title, int holdMs, Action deed) => (Title, HoldMs, Deed) = (title, holdMs, deed);

        public Func<PanelFacts, string> Title { get; }

        public Func<PanelFacts, IReadOnlyList<string>>? Items { get; }

        public int? HoldMs { get; }

        public Action? Deed { get; }

        public bool IsSecret { get; init; }
    }
}
