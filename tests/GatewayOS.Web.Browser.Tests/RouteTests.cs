using System.Text.RegularExpressions;
using GatewayOS.TestKit.Programs;

namespace GatewayOS.Web.Browser.Tests;

/// <summary>That no page goes unseen: what the page's router knows against what <see cref="PagesTests"/> looks at.</summary>
public sealed partial class RouteTests
{
    [Fact]
    public void Every_route_is_looked_at()
    {
        string router = File.ReadAllText(Path.Join(Gatewayctl.Root, "src/GatewayOS.Web/ui/src/shell/pages.tsx"));
        (string Name, bool HasOne)[] routes = [.. Route().Matches(router).Select(match => (match.Groups[1].Value, match.Value.Contains("showOne", StringComparison.Ordinal)))];
        Assert.Equal(router.Split("title: texts.").Length - 1, routes.Length);
        string[] seen = [.. PagesTests.Pages.Select(page => page.Hash.Split('?')[0]), PagesTests.Restore];
        Assert.All(routes, route => Assert.Contains(seen, hash => hash.Split('/')[0] == route.Name));
        Assert.All(routes.Where(route => route.HasOne), route => Assert.Contains(seen, hash => hash.StartsWith($"{route.Name}/", StringComparison.Ordinal)));
    }

    [GeneratedRegex(@"\{ name: '([a-z-]+)', title: .*\}")]
    private static partial Regex Route();
}
