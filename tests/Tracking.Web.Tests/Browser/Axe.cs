using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Tracking.Web.Tests.Browser;

/// <summary>
/// The accessibility rules of axe-core, run inside a page that has no frames: all rules, violations only. The package's own runner opens a second page for every
/// look, which takes longer than the look.
/// </summary>
internal static class Axe
{
    private static readonly string Script = new BundledAxeScriptProvider().GetScript();

    /// <summary>A line for each violation: rule, what it asks, the first places.</summary>
    public static async Task<string[]> ViolationsAsync(IPage page)
    {
        await page.EvaluateAsync(Script);
        return await page.EvaluateAsync<string[]>(
            "axe.run(document, { resultTypes: ['violations'] }).then(r => { if (r.passes.length < 10) throw new Error('axe looked at nothing'); return r.violations.map(v => v.id + ' ' + v.help + ' at ' + v.nodes.slice(0, 3).map(n => n.html).join(' ')); })");
    }
}
