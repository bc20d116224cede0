using System.Text;
using Tracking.Carriers.Xml;

namespace Tracking.Carriers.Tests.Xml;

public sealed class XmlMessageTests
{
    private static XmlMessage Read(string xml) => XmlMessage.Read(Encoding.UTF8.GetBytes(xml));

    [Fact]
    public void An_element_knows_its_path_and_its_bytes()
    {
        var message = Read("<?xml version=\"1.0\"?>\r\n<A>\r\n <B x='>'>ü</B>\n <B><C/></B>\r\n <D/></A>");
        var parts = message.Root!.All("B").ToList();

        Encoding.UTF8.GetString(message.Slice(parts[0]).Span).ShouldBe("<B x='>'>ü</B>");
        Encoding.UTF8.GetString(message.Slice(parts[1]).Span).ShouldBe("<B><C/></B>");
        Encoding.UTF8.GetString(message.Slice(parts[1]["C"]!).Span).ShouldBe("<C/>");
        parts[1]["C"]!.Pointer.ShouldBe("/A/B[2]/C[1]");
        message.Problem.ShouldBeNull();
    }

    [Fact]
    public void Namespaces_case_and_missing_steps_do_not_matter()
    {
        var root = Read("<soap:E xmlns:soap='urn:x'><t:Body xmlns:t='urn:y' n='7'><Code> OT </Code></t:Body></soap:E>").Root!;

        root.Text("body/code").ShouldBe("OT");
        root["Body"]!.Attribute("N").ShouldBe("7");
        root.Text("Body/Nothing/Here").ShouldBeNull();
    }

    [Fact]
    public void A_document_that_breaks_keeps_what_was_complete()
    {
        var message = Read("<A><B>1</B><B>2</B><B>3");

        message.Problem!.Code.ShouldBe("xml.syntax");
        message.Root!.All("B").Select(b => b.IsComplete).ShouldBe([true, true, false]);
    }

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>")]
    [InlineData("<a>&unknown;</a>")]
    [InlineData("no xml at all")]
    public void Entities_and_other_things_that_are_not_ours_are_refused(string xml)
        => Read(xml).Problem!.Code.ShouldBe("xml.syntax");

    [Fact]
    public void Nesting_without_end_is_refused()
        => Read(string.Concat(Enumerable.Repeat("<a>", 5_000))).Problem!.Code.ShouldBe("xml.too-deep");

    [Fact]
    public void A_declared_charset_is_honoured_and_slices_stay_exact()
    {
        var bytes = CarrierText.Windows1252.GetBytes("<?xml version='1.0' encoding='ISO-8859-1'?><A><B>Köln</B><C>x</C></A>");
        var message = XmlMessage.Read(bytes);

        message.Root!.Text("B").ShouldBe("Köln");
        Encoding.ASCII.GetString(message.Slice(message.Root["C"]!).Span).ShouldBe("<C>x</C>");
    }

    [Fact]
    public void Utf16_and_marks_are_read_and_slices_stay_exact()
    {
        byte[] bytes = [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("<A><B>Köln</B><C>x</C></A>")];
        var message = XmlMessage.Read(bytes);

        message.Root!.Text("B").ShouldBe("Köln");
        Encoding.Unicode.GetString(message.Slice(message.Root["C"]!).Span).ShouldBe("<C>x</C>");
    }
}
