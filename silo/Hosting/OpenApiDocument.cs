using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Tracking.Silo.Hosting;

/// <summary>What the published description says beside the routes. The document is committed (<c>web/openapi.v1.json</c>) and compared in CI.</summary>
internal static class OpenApiDocument
{
    public static void Describe(OpenApiOptions options)
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info.Title = "Tracking.Actors";
            document.Info.Version = "v1";
            document.Info.Description = "Scans in, delivery dates and tracking pages out. Errors are RFC 9457 problem documents.";
            document.Servers?.Clear();   // wherever it runs
            return Task.CompletedTask;
        });
    }
}
