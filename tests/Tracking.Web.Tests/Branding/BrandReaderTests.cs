using Microsoft.Extensions.Configuration;
using Tracking.Contracts.Ports;
using Tracking.Domain.Vocabulary;
using Tracking.Web.Language;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Branding;

public sealed class BrandReaderTests
{
    private static Brand Read(BrandOptions options, out List<string> problems) => BrandReader.Read("Maple & Thread", null, options, out problems);

    // #b0b0ff stands about 2:1 on a white page.
    [Fact]
    public void A_colour_of_two_to_one_is_corrected_until_it_can_be_read_and_check_says_so()
    {
        var pale = Colour.Parse("#aab4ff");
        pale.ContrastTo(Colour.White).ShouldBeInRange(1.8, 2.2);
        var brand = Read(new BrandOptions { Colour = "#aab4ff" }, out var problems);
        problems.ShouldBeEmpty();
        brand.Corrected.ShouldBeTrue();
        brand.Light.ContrastTo(Colour.White).ShouldBeGreaterThanOrEqualTo(4.5);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Retailers:a:Branding:Colour", "#aab4ff"), new("Retailers:b:Branding:Colour", "blue")]).Build();
        ConfiguredBrands.Notes(configuration).ShouldHaveSingleItem().ShouldContain("too pale");
        ConfiguredBrands.Problems(configuration).ShouldHaveSingleItem().ShouldContain("'blue' is not a colour");
    }

    [Fact]
    public void A_shop_says_some_sentences_in_its_own_words()
    {
        var brand = Read(new BrandOptions { Voice = new() { ["en"] = new() { ["act.no"] = "Not a thing. Put the kettle on.", ["next.label"] = "{carrier} comes by soon." } } }, out var problems);
        problems.ShouldBeEmpty();
        brand.Speak(Languages.English)["act.no"].ShouldBe("Not a thing. Put the kettle on.");
        brand.Speak(Languages.English).Say("next.label", ("carrier", "UPS")).ShouldBe("UPS comes by soon.");
        brand.Speak(Languages.Find("de")!).ShouldBeSameAs(Languages.Find("de"));
    }

    [Theory]
    [InlineData("en", "act.no", "{secret}", "asks for {secret}")]
    [InlineData("en", "act.no", "", "is empty")]
    [InlineData("en", "act.no", "Nothing at all, really nothing, you may sit back and relax and wait for the bell.", "longer than 70")]
    [InlineData("en", "status.DELIVERED", "Yours", "no sentence that a shop may say")]
    [InlineData("en", "act.none", "x", "no sentence that a shop may say")]
    [InlineData("xx", "act.no", "x", "no language")]
    [InlineData("en", "act.no", "{n, plural, one {x}", "Voice:en:act.no")]
    public void A_voice_that_would_break_the_page_is_refused_by_name(string tag, string key, string sentence, string said)
    {
        var brand = Read(new BrandOptions { Voice = new() { [tag] = new() { [key] = sentence } } }, out var problems);
        problems.ShouldHaveSingleItem().ShouldContain(said);
        brand.Voice.ShouldBeEmpty();
    }

    [Fact]
    public void Addresses_origins_and_hosts_that_lead_astray_are_refused_and_the_rest_still_works()
    {
        var brand = Read(new BrandOptions
        {
            Shop = "https://shop.example", Help = "javascript:alert(1)", Returns = "http://shop.example/r", Origins = ["https://shop.example", "https://*.example", "https://shop.example/path", "null", "http://localhost:3000"],
            Hosts = ["track.shop.example", "https://x"], Logo = "x",
        }, out var problems);
        problems.Count.ShouldBe(7);
        brand.Links.ShouldBe([new BrandLink("brand.shop", "https://shop.example")]);
        brand.Origins.ShouldBe(["https://shop.example", "http://localhost:3000"]);
    }

    private static async Task<string?> ChooseAsync(Milestone status, bool troubled = false, string[]? items = null, string[]? before = null, string language = "en")
    {
        var brand = Read(new BrandOptions
        {
            Placements =
            [
                new() { Text = new() { ["en"] = "New in" }, Link = "https://shop.example/new" },
                new() { Text = new() { ["en"] = "Gloves to go with it" }, Link = "https://shop.example/gloves", Categories = ["hats"] },
                new() { Text = new() { ["en"] = "How to wash wool" }, Link = "https://shop.example/wool", Categories = ["wool"], IsHelp = true },
            ],
        }, out var problems);
        problems.ShouldBeEmpty();
        return (await new ConfiguredPlacements(new One(brand)).ChooseAsync(new PlacementQuestion("a", status, troubled, language, [.. items ?? []], [.. before ?? []])))?.Text;
    }

    [Fact]
    public async Task Nothing_is_sold_before_the_parcel_has_arrived()
    {
        (await ChooseAsync(Milestone.InTransit, items: ["hats"])).ShouldBeNull();
        (await ChooseAsync(Milestone.InTransit, items: ["hats", "wool"])).ShouldBe("How to wash wool");
        (await ChooseAsync(Milestone.Delivered, troubled: true, items: ["hats"])).ShouldBeNull();
        (await ChooseAsync(Milestone.Delivered, items: ["hats"])).ShouldBe("Gloves to go with it");
        (await ChooseAsync(Milestone.Delivered, before: ["hats"])).ShouldBe("Gloves to go with it");
        (await ChooseAsync(Milestone.Delivered)).ShouldBe("New in");
        (await ChooseAsync(Milestone.Delivered, language: "de")).ShouldBeNull();
    }

    private sealed class One(Brand brand) : IPageBrands
    {
        public Brand For(string retailer) => brand;
    }
}
