using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;

namespace Tracking.Web.Pages;

/// <summary>What every answer below <c>/t/</c> says about itself: nothing from elsewhere, no inline script, no frame, no trace, no cache.</summary>
public static class PageHeaders
{
    public static void Apply(HttpResponse response, params ReadOnlySpan<string> styleDigests) => Apply(response, [], styleDigests);

    /// <param name="framedBy">Origins whose pages may show this one inside of theirs; each was checked when it was read.</param>
    public static void Apply(HttpResponse response, ImmutableArray<string> framedBy, params ReadOnlySpan<string> styleDigests)
    {
        var headers = response.Headers;
        var styles = new System.Text.StringBuilder();
        foreach (var digest in styleDigests) styles.Append(" '").Append(digest).Append('\'');
        headers.ContentSecurityPolicy =
            $"default-src 'none'; script-src 'self'; style-src{(styles.Length == 0 ? " 'none'" : styles)}; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {(framedBy.IsDefaultOrEmpty ? "'none'" : string.Join(' ', framedBy))}";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";   // the address holds the token
        headers["Permissions-Policy"] =
            "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), payment=(), usb=()";
        headers["X-Robots-Tag"] = "noindex";
        headers.CacheControl = "private, no-store";
    }
}
