using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Tracking.Web.Http;

/// <summary>An answer in JSON for its asker alone: written straight to the body, kept by nobody in between.</summary>
internal static class JsonAnswer
{
    /// <param name="status">Null: the one that is set already, 200 where nobody set one.</param>
    public static Utf8JsonWriter Start(HttpContext http, int? status = null)
    {
        if (status is { } code) http.Response.StatusCode = code;
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "private, no-store";
        return new Utf8JsonWriter(http.Response.BodyWriter);
    }
}
