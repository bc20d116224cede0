using System.Text;
using Tracking.Carriers.Json;

namespace Tracking.Carriers.Tests.Json;

public sealed class JsonMessageTests
{
    private static JsonMessage One(string json) => JsonMessage.Read(Encoding.UTF8.GetBytes(json)).Single();

    [Fact]
    public void An_items_original_is_a_slice_of_the_message()
    {
        byte[] bytes = [.. Encoding.UTF8.GetPreamble(), .. "{\"a\":[{\"x\":\"ü\"},  {\"y\": 2}]}"u8];
        using var message = JsonMessage.Read(bytes).Single();

        var slice = message.Slice(message.Root["a"][1]);

        Encoding.UTF8.GetString(slice.Span).ShouldBe("{\"y\": 2}");
        bytes.AsSpan().Overlaps(slice.Span).ShouldBeTrue();
    }

    [Fact]
    public void What_is_missing_null_or_of_another_type_is_absent()
    {
        using var message = One("""{"a":null,"b":"x","c":[1]}""");

        message.Root["a"]["b"]["c"].Exists.ShouldBeFalse();
        message.Root["b"]["deeper"].Text().ShouldBeNull();
        message.Root["c"].Text().ShouldBeNull();
        message.Root["c"][0].Text().ShouldBe("1");
        message.Root["c"][7].Exists.ShouldBeFalse();
    }

    [Fact]
    public void An_object_where_a_list_was_expected_is_a_list_of_one()
    {
        using var message = One("""{"one":{"n":1},"none":null}""");
        var seen = 0;
        foreach (var item in message.Root["one"].Items()) seen += item["n"].Text() == "1" ? 1 : 100;

        seen.ShouldBe(1);
        message.Root["none"].Count.ShouldBe(0);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_one_bad_letter_and_not_a_bad_message()
    {
        using var message = One("""{"city":"A\ud800B \u00fc\n"}""");

        message.Root.Text("city"u8).ShouldBe("A\ufffdB ü");
    }

    [Fact]
    public void A_nul_in_a_text_is_dropped()
    {
        using var message = One("""{"city":"A\u0000B"}""");

        message.Root.Text("city"u8).ShouldBe("AB");
    }

    [Fact]
    public void Lines_are_read_alone_when_the_whole_is_no_document()
    {
        var messages = JsonMessage.Read("{\"n\":1}\n\n{\"n\":\n{\"n\":3}\n"u8.ToArray()).ToList();

        messages.Select(m => m.Pointer).ShouldBe(["line 1", "line 3", "line 4"]);
        messages[1].Problem!.Code.ShouldBe("json.syntax");
        messages[2].Root.Text("n"u8).ShouldBe("3");
    }

    [Theory]
    [InlineData("", "message.empty")]
    [InlineData(" \r\n\0", "message.empty")]
    [InlineData("{\"a\":", "json.syntax")]
    [InlineData("<xml/>", "json.syntax")]
    public void What_is_no_document_says_so(string text, string code) => One(text).Problem!.Code.ShouldBe(code);

    [Fact]
    public void Utf16_with_a_mark_is_read()
    {
        byte[] bytes = [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes("{\"n\":\"ü\"}")];

        JsonMessage.Read(bytes).Single().Root.Text("n"u8).ShouldBe("ü");
    }

    [Fact]
    public void Nesting_without_end_is_refused()
        => One(new string('[', 10_000)).Problem!.Code.ShouldBe("json.syntax");
}
