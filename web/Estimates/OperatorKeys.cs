using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Tracking.Web.Http;
using Tracking.Web.Retailers;

namespace Tracking.Web.Estimates;

/// <summary>
/// Who runs this installation, as against whose parcels it carries: <c>Operators:Keys</c> (digests as a retailer's, or the keys themselves). Where only one retailer is known it is its own operator.
/// </summary>
public sealed class OperatorKeys(IConfiguration configuration, RetailerDirectory retailers)
{
    /// <summary>True for an operator; otherwise the refusal.</summary>
    public bool Admit(HttpContext http, out IResult? refusal)
    {
        refusal = null;
        var header = http.Request.Headers.Authorization.ToString();
        if (header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && header.Length <= 300)
        {
            var digest = RetailerDirectory.Digest(header[7..].Trim());
            foreach (var key in configuration.GetSection("Operators:Keys").GetChildren())
                if (key.Value is { Length: > 0 } known && (known.StartsWith("sha256:", StringComparison.Ordinal) ? known[7..].ToLowerInvariant() : RetailerDirectory.Digest(known)) == digest)
                    return true;
        }
        if (BearerKey.Of(http, retailers, out refusal) is null) return false;
        if (retailers.All.Take(2).Count() == 1 && !configuration.GetSection("Operators:Keys").GetChildren().Any()) return true;
        refusal = Problems.Of(403, "operators-only", "A notice moves every retailer's dates, so it takes an operator's key (Operators:Keys), not a retailer's.");
        return false;
    }
}
