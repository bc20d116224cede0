using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Tracking.Web.Http;

/// <summary>
/// Errors as RFC 9457 problem documents. Types are stable addresses below <see cref="Base"/> (the README lists them); details are for people and
/// never hold a stack trace, a key or a name.
/// </summary>
public static class Problems
{
    public const string Base = "https://tracking-actors.dev/problems/";

    /// <param name="fields">JSON pointers to what is wrong in the body.</param>
    public static IResult Of(int status, string type, string detail, int? retryAfterSeconds = null, IReadOnlyList<string>? fields = null)
        => new ProblemResult(status, type, detail, retryAfterSeconds, fields);

    public static IResult Unauthorized(string detail) => Of(401, "unauthorized", detail);
    public static IResult NotFound(string detail) => Of(404, "not-found", detail);

    /// <summary>A short title for a type: the type's words.</summary>
    public static string Title(string type) => char.ToUpperInvariant(type[0]) + type[1..].Replace('-', ' ').Replace('.', ' ');

    public static void Write(Utf8JsonWriter json, int status, string type, string detail, IReadOnlyList<string>? fields = null)
    {
        json.WriteStartObject();
        json.WriteString("type", Base + type);
        json.WriteString("title", Title(type));
        json.WriteNumber("status", status);
        json.WriteString("detail", detail);
        if (fields is { Count: > 0 })
        {
            json.WriteStartArray("errors");
            foreach (var field in fields)
            {
                json.WriteStartObject();
                json.WriteString("pointer", field);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private sealed class ProblemResult(int status, string type, string detail, int? retryAfter, IReadOnlyList<string>? fields) : IResult
    {
        public async Task ExecuteAsync(HttpContext http)
        {
            http.Response.StatusCode = status;
            http.Response.ContentType = "application/problem+json";
            http.Response.Headers.CacheControl = "no-store";
            if (retryAfter is { } seconds) http.Response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
            if (status == 401) http.Response.Headers.WWWAuthenticate = "Bearer";
            var json = new Utf8JsonWriter(http.Response.BodyWriter);
            await using (json.ConfigureAwait(false)) Write(json, status, type, detail, fields);
        }
    }
}
