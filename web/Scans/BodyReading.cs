using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Tracking.Web.Scans;

internal static class BodyReading
{
    /// <summary>The whole body, or null when it is longer than <paramref name="limit"/> bytes.</summary>
    public static async Task<ReadOnlyMemory<byte>?> WholeAsync(HttpContext http, long limit)
    {
        if (http.Request.ContentLength > limit) return null;
        var output = new ArrayBufferWriter<byte>((int)Math.Clamp(http.Request.ContentLength ?? 4096, 256, 1 << 20));
        while (true)
        {
            var read = await http.Request.BodyReader.ReadAsync(http.RequestAborted);
            foreach (var part in read.Buffer) output.Write(part.Span);
            http.Request.BodyReader.AdvanceTo(read.Buffer.End);
            if (output.WrittenCount > limit) return null;
            if (read.IsCompleted) return output.WrittenMemory;
        }
    }
}
