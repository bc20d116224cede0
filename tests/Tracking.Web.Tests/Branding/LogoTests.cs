using System.Text;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Branding;

public sealed class LogoTests
{
    private const string Ns = "xmlns=\"http://www.w3.org/2000/svg\"";

    private static string Svg(string inner, string root = "viewBox=\"0 0 120 40\"") => "data:image/svg+xml;base64," + Convert.ToBase64String(Encoding.UTF8.GetBytes($"<svg {Ns} {root}>{inner}</svg>"));

    [Fact]
    public void Shapes_and_gradients_are_kept_and_written_anew()
    {
        Logo.TryRead(Svg("<!-- made with x --><defs><linearGradient id=\"g\"><stop offset=\"0\" stop-color=\"#123\"/></linearGradient></defs><path d=\"M0 0h10\" fill=\"url(#g)\"/>"), out var logo, out var problem).ShouldBeTrue(problem);
        var text = Encoding.UTF8.GetString(logo!.File.Bytes);
        text.ShouldBe("<svg viewBox=\"0 0 120 40\" xmlns=\"http://www.w3.org/2000/svg\"><defs><linearGradient id=\"g\"><stop offset=\"0\" stop-color=\"#123\" /></linearGradient></defs><path d=\"M0 0h10\" fill=\"url(#g)\" /></svg>");
        (logo.Width, logo.Height, logo.ShownWidth).ShouldBe((120, 40, 84));
        logo.File.Path.ShouldMatch("^/assets/logo\\.[0-9a-f]{16}\\.svg$");
    }

    public static TheoryData<string> Acting =>
    [
        "<script>alert(1)</script>", "<style>*{}</style>", "<image href=\"https://evil.example/x.png\"/>", "<use href=\"#a\"/>", "<a href=\"javascript:alert(1)\"><path/></a>", "<foreignObject><b/></foreignObject>",
        "<path onclick=\"alert(1)\"/>", "<path style=\"fill:url(https://evil.example)\"/>", "<path fill=\"url(https://evil.example/x)\"/>", "<path fill=\"url( //evil.example )\"/>", "<animate attributeName=\"href\"/>",
        "<set attributeName=\"onload\"/>", "<g xmlns:x=\"http://www.w3.org/1999/xlink\"><path x:href=\"data:text/html,x\"/></g>", "<b xmlns=\"http://www.w3.org/1999/xhtml\"/>", "<handler/>", "<path d=\"javascript:alert(1)\"/>",
        "<text>x</text>", "<filter id=\"f\"/>", "<path fill=\"&#x75;rl(https://evil.example)\"/>",
    ];

    [Theory, MemberData(nameof(Acting))]
    public void Whatever_could_act_is_refused_by_name(string inner)
    {
        Logo.TryRead(Svg(inner), out var logo, out var problem).ShouldBeFalse();
        logo.ShouldBeNull();
        problem.ShouldNotBeNullOrWhiteSpace();
    }

    [Theory]
    [InlineData("<!DOCTYPE svg [<!ENTITY x \"y\">]><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\">&x;</svg>")]
    [InlineData("<svg viewBox=\"0 0 1 1\"/>"), InlineData("<html/>"), InlineData("no xml"), InlineData(""), InlineData("<svg xmlns=\"http://www.w3.org/2000/svg\"/>")]
    [InlineData("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 NaN 1\"/>"), InlineData("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1 1\" onload=\"x\"/>")]
    public void What_is_no_harmless_svg_is_refused(string text)
        => Logo.TryRead("data:image/svg+xml;base64," + Convert.ToBase64String(Encoding.UTF8.GetBytes(text)), out _, out _).ShouldBeFalse();

    [Theory]
    [InlineData("https://shop.example/logo.svg"), InlineData("data:text/html;base64,PGI+"), InlineData("data:image/png;base64,%%%"), InlineData("data:image/jpeg;base64,AAAA")]
    public void Only_pictures_we_can_read_are_taken(string text) => Logo.TryRead(text, out _, out _).ShouldBeFalse();

    [Fact]
    public void Of_a_png_only_the_picture_is_kept()
    {
        var png = Png(("IHDR", [0, 0, 0, 60, 0, 0, 0, 30, 8, 2, 0, 0, 0]), ("tEXt", Encoding.ASCII.GetBytes("Author\0CANARY")), ("IDAT", [1, 2, 3]), ("IEND", []));
        Logo.TryRead("data:image/png;base64," + Convert.ToBase64String([.. png, .. "trailing CANARY"u8]), out var logo, out var problem).ShouldBeTrue(problem);
        Encoding.Latin1.GetString(logo!.File.Bytes).ShouldNotContain("CANARY");
        (logo.Width, logo.Height, logo.ShownWidth).ShouldBe((60, 30, 56));
    }

    [Fact]
    public void A_png_that_lies_about_its_lengths_or_is_huge_is_refused()
    {
        byte[][] wrong = [Png(("IHDR", [0, 0, 0, 60, 0, 0, 0, 30, 8, 2, 0, 0, 0]))[..^3], Png(("IHDR", [0, 1, 0, 0, 0, 0, 0, 30, 8, 2, 0, 0, 0]), ("IEND", [])), [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x49, 0x48, 0x44, 0x52, 0, 0, 0, 0], new byte[40]];
        foreach (var bytes in wrong) Logo.TryRead("data:image/png;base64," + Convert.ToBase64String(bytes), out _, out _).ShouldBeFalse();
        Logo.TryRead("data:image/png;base64," + Convert.ToBase64String(new byte[Logo.MaxBytes + 1]), out _, out var problem).ShouldBeFalse();
        problem!.ShouldContain("24 kB");
    }

    private static byte[] Png(params (string Kind, byte[] Data)[] chunks)
    {
        var bytes = new List<byte> { 0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A };
        foreach (var (kind, data) in chunks) bytes.AddRange([0, 0, (byte)(data.Length >> 8), (byte)data.Length, .. Encoding.ASCII.GetBytes(kind), .. data, 0, 0, 0, 0]);
        return [.. bytes];
    }
}
