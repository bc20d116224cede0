using Microsoft.AspNetCore.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Http;

/// <summary>Who speaks, by <c>Authorization: Bearer &lt;key&gt;</c>. The retailer always comes from here, never from a body.</summary>
public static class BearerKey
{
    public static Retailer? Of(HttpContext http, RetailerDirectory retailers, out IResult? refusal)
    {
        refusal = null;
        var header = http.Request.Headers.Authorization.ToString();
        if (header.Length == 0)
        {
            refusal = Problems.Unauthorized("The Authorization header is missing; it carries 'Bearer' and an API key.");
            return null;
        }
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || header.Length > 300)
        {
            refusal = Problems.Unauthorized("The Authorization header is not 'Bearer' and an API key.");
            return null;
        }
        if (retailers.FindByKey(header[7..].Trim()) is { } retailer) return retailer;
        refusal = Problems.Unauthorized("The API key is not known.");
        return null;
    }
}
