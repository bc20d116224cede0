using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Tracking.Contracts.Ports;
using Tracking.Web.Pages;

namespace Tracking.Web.Notifications;

/// <summary>
/// <c>/dev/mailbox</c>: what shoppers were sent, for demo and development. It shows names and addresses, so it is mapped only there (or where an operator asks for it), and
/// beyond loopback only on the admin addresses.
/// </summary>
public static class MailboxPages
{
    private const int Shown = 200;

    public static IServiceCollection AddMailbox(this IServiceCollection services, IConfiguration configuration, string dataFolder)
    {
        services.AddOptions<NotificationOptions>().BindConfiguration("Notifications").PostConfigure(o =>
        {
            o.Outbox = string.IsNullOrWhiteSpace(o.Outbox) ? Path.Combine(dataFolder, "outbox") : o.Outbox;
            o.PublicUrl = string.IsNullOrWhiteSpace(o.PublicUrl) ? (configuration["Urls"] ?? "http://localhost:5080").Split(';')[0] : o.PublicUrl;
        });
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<IPageBrands, ConfiguredBrands>();
        services.TryAddSingleton<NoticeMetrics>();
        services.TryAddSingleton<Mailbox>();
        services.TryAddSingleton<INotices>(provider => provider.GetRequiredService<Mailbox>());
        return services;
    }

    public static void MapMailbox(this IEndpointRouteBuilder app)
    {
        string[] reading = [HttpMethods.Get, HttpMethods.Head];
        app.MapMethods("/dev/mailbox", reading, (HttpContext http, Mailbox mailbox) => WriteAsync(http, 200, ListPage(mailbox.List(Shown)))).ExcludeFromDescription();
        app.MapMethods("/dev/mailbox/{id}", reading, (HttpContext http, string id, Mailbox mailbox) =>
        {
            var item = mailbox.Find(id);
            return WriteAsync(http, item is null ? 404 : 200, item is null ? ListPage(mailbox.List(Shown)) : LetterPage(item));
        }).ExcludeFromDescription();
    }

    private static Task WriteAsync(HttpContext http, int status, string page) => TrackingEndpoints.WriteAsync(http, status, page, "text/html; charset=utf-8", Nobody);

    private static string ListPage(IReadOnlyList<MailboxItem> items)
    {
        var html = Start("Mailbox");
        html.Add($"<main><article class=\"card\"><h1><span class=\"when\">Mailbox</span></h1><p class=\"sure\">What shoppers were sent, newest first. Each line was sent once for its cause.</p>");
        if (items.Count == 0) html.Add($"<p>Nothing was sent yet.</p>");
        else
        {
            html.Add($"<ul>");
            foreach (var item in items)
                html.Add($"<li><a href=\"/dev/mailbox/{item.Id}\" lang=\"{item.Language}\" dir=\"auto\">{item.Subject}</a><br><small>{item.Retailer} · {item.Kind} · {item.ToName ?? item.ToEmail ?? "nobody left an address"} · {Moment(item.At)}</small></li>");
            html.Add($"</ul>");
        }
        html.Add($"</article></main></body></html>\n");
        return html.ToString();
    }

    private static string LetterPage(MailboxItem item)
    {
        var html = Start(item.Subject);
        html.Add($"<main><article class=\"card\" lang=\"{item.Language}\" dir=\"{(item.RightToLeft ? "rtl" : "ltr")}\"><h1><span class=\"when\">{item.Subject}</span></h1>");
        foreach (var paragraph in item.Text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            html.Add($"<p>");
            var lines = paragraph.TrimEnd('\n').Split('\n');
            for (var i = 0; i < lines.Length; i++)
            {
                if (i > 0) html.Add($"<br>");
                html.AddText(lines[i]);
            }
            html.Add($"</p>");
        }
        html.Add($"</article><p class=\"small\">To {item.ToName ?? "nobody"} {item.ToEmail ?? ""} · {item.Kind} · {Moment(item.At)} · id {item.Id}");
        if (item.Link is { } link) html.Add($" · <a href=\"{link}\">the page it links to</a>");
        html.Add($" · <a href=\"/dev/mailbox\">all letters</a></p></main></body></html>\n");
        return html.ToString();
    }

    private static Html Start(string title)
    {
        var html = new Html();
        html.Add($"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><meta name=\"robots\" content=\"noindex\"><meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\">");
        html.Add($"<style>{new Raw(TrackingPage.BrandStyle(Nobody).Style)}</style><style>{new Raw(Assets.Style)}</style></head>\n<body>");
        return html;
    }

    private static string Moment(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";

    private static readonly Brand Nobody = MakeNobody();

    private static Brand MakeNobody()
    {
        Brand.TryCreate("", null, null, out var brand, out _);
        return brand;
    }
}
