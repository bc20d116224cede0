using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Promises;

/// <summary>
/// Who may ask for dates: servers with the secret key, browsers with a publishable one from the origins that were named with it. Publishable keys stand in everybody's source, so what they can ask
/// is little and how often is bounded, for the key and for each address.
/// </summary>
public sealed class PromiseGate(RetailerDirectory retailers, TimeProvider clock)
{
    /// <summary>Questions per second of one address, and as many seconds' worth at once.</summary>
    private const double PerAddress = 20, BurstSeconds = 5;
    /// <summary>Addresses remembered; beyond it all are forgotten, which is kinder than refusing.</summary>
    private const int MostAddresses = 20_000;

    private readonly ConcurrentDictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);

    /// <summary>The retailer that is asked for, or a refusal. Sets the headers that let a browser of an allowed origin read the answer.</summary>
    internal Retailer? Enter(HttpContext http, bool secretOnly, out IResult? refusal)
    {
        refusal = null;
        var headers = http.Response.Headers;
        headers.Append("Vary", "Origin");
        var key = http.Request.Query["key"].ToString();
        if (key.Length == 0) key = http.Request.Headers["X-Publishable-Key"].ToString();
        if (key.Length == 0)
        {
            if (BearerKey.Of(http, retailers, out refusal) is { } owner) return owner;
            if (http.Request.Headers.Authorization.ToString() is { Length: > 7 } bearer) key = bearer[7..].Trim();
            if (key.Length == 0) return null;
        }
        else if (key.Length <= 300 && retailers.FindByKey(key) is not null)
        {
            refusal = Problems.Of(400, "secret-in-address", "This is a secret key. It belongs into the Authorization header of your server, never into an address or a page; replace it.");
            return null;
        }
        if (key.Length > 300 || retailers.FindByPublishableKey(key) is not { } known)
        {
            refusal ??= Problems.Unauthorized("The key is not known.");
            return null;
        }
        refusal = null;
        if (secretOnly)
        {
            refusal = Problems.Of(403, "key-not-enough", "A publishable key may ask for dates only; this needs the secret key.");
            return null;
        }
        if (http.Request.Headers.Origin.ToString() is { Length: > 0 } origin)
        {
            if (!known.Key.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase) && origin != $"{http.Request.Scheme}://{http.Request.Host}")
            {
                refusal = Problems.Of(403, "origin-not-allowed", $"Pages of {(origin.Length <= 100 ? origin : "that origin")} may not use this key; add the origin to the key's Origins.");
                return null;
            }
            headers.AccessControlAllowOrigin = origin;
            headers.AccessControlExposeHeaders = "ETag, Retry-After";
        }
        var wait = Take("k/" + known.Retailer.Id, known.Retailer.Options.PromisesPerSecond) ?? Take("a/" + http.Connection.RemoteIpAddress, PerAddress);
        if (wait is { } seconds)
        {
            refusal = Problems.Of(429, "too-many-questions", "More dates were asked for than this key or address may ask for.", seconds);
            return null;
        }
        return known.Retailer;
    }

    /// <summary>A browser asks whether it may ask.</summary>
    internal void Preflight(HttpContext http)
    {
        var headers = http.Response.Headers;
        headers.Append("Vary", "Origin");
        http.Response.StatusCode = StatusCodes.Status204NoContent;
        var origin = http.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || !retailers.All.Any(r => r.Options.PublishableKeys.Any(k => k.Origins.Contains(origin, StringComparer.OrdinalIgnoreCase)))) return;
        headers.AccessControlAllowOrigin = origin;
        headers.AccessControlAllowMethods = "GET";
        headers.AccessControlAllowHeaders = "X-Publishable-Key";
        headers.AccessControlMaxAge = 3_600.ToString(CultureInfo.InvariantCulture);
    }

    private int? Take(string name, double perSecond)
    {
        if (perSecond <= 0) return null;
        if (_buckets.Count > MostAddresses) _buckets.Clear();
        return _buckets.GetOrAdd(name, static _ => new Bucket()).Take(perSecond, clock);
    }

    private sealed class Bucket
    {
        private double _tokens = double.NaN;
        private long _at;

        public int? Take(double perSecond, TimeProvider clock)
        {
            lock (this)
            {
                var now = clock.GetTimestamp();
                var most = perSecond * BurstSeconds;
                _tokens = double.IsNaN(_tokens) ? most : Math.Min(most, _tokens + clock.GetElapsedTime(_at, now).TotalSeconds * perSecond);
                _at = now;
                if (_tokens < 1) return Math.Max(1, (int)Math.Ceiling((1 - _tokens) / perSecond));
                _tokens--;
                return null;
            }
        }
    }
}
