using Tracking.Carriers.Numbers;

namespace Tracking.Carriers.Tests.Numbers;

public sealed class NumberShapesTests
{
    [Theory]
    [InlineData("1Z7X904E0342100870", "ups", "ups-1z")]
    [InlineData("1z 7x9 04e 03 4210 0870", "ups", "ups-1z")]
    [InlineData("612904551027", "fedex", "fedex-12")]
    [InlineData("961047722055187", "fedex", "fedex-15")]
    [InlineData("9400111899560440177222", "usps", "usps-22")]
    [InlineData("RB527108645DE", "deutsche-post", "s10")]
    [InlineData("4629105526", "dhl-express", "dhl-express-waybill")]
    [InlineData("420312019400111899560440177222", "usps", "usps-22")]
    public void Valid_numbers_are_recognised_with_a_right_check_digit(string number, string carrier, string shape)
        => NumberShapes.Recognise(number).ShouldContain(c => c.Carrier == carrier && c.Shape == shape && c.Check == CheckDigit.Right);

    [Theory]
    [InlineData("1Z7X904E0342100871", "ups")]
    [InlineData("612904551028", "fedex")]
    [InlineData("961047722055188", "fedex")]
    [InlineData("9400111899560440177223", "usps")]
    [InlineData("RB527108646DE", "deutsche-post")]
    [InlineData("4629105525", "dhl-express")]
    public void One_digit_off_is_a_warning_and_still_a_candidate(string number, string carrier)
    {
        NumberShapes.Recognise(number).ShouldContain(c => c.Carrier == carrier && c.Check == CheckDigit.Wrong);
        NumberShapes.Doubt(carrier, number).ShouldNotBeNull();
    }

    [Theory]
    [InlineData("TBA123456789012", "amazon")]
    [InlineData("JD014600003000000001", "dhl-express")]
    [InlineData("61299998820821171811", "fedex-smartpost")]
    [InlineData("1R2345678901", "roadie")]
    public void Shapes_without_a_rule_say_so(string number, string carrier)
        => NumberShapes.Recognise(number).ShouldContain(c => c.Carrier == carrier && c.Check == CheckDigit.None);

    [Fact]
    public void Ambiguity_is_reported_and_the_right_check_digit_comes_first()
    {
        var twelve = NumberShapes.Recognise("612904551027");

        twelve.Select(c => c.Carrier).ShouldBe(["fedex", "dhl-paket", "purolator"]);
        NumberShapes.Recognise("00340123456789012349").Select(c => c.Carrier).ShouldBe(["dhl-paket", "usps"], ignoreOrder: true);
    }

    [Fact]
    public void A_thirty_four_digit_barcode_is_its_last_twelve()
    {
        var candidate = NumberShapes.Recognise("1001921334250001000300779017972697").Single(c => c.Shape == "fedex-34");

        candidate.Number.ShouldBe("779017972697");
    }

    [Theory]
    [InlineData("000000000000")]
    [InlineData("0000000000")]
    [InlineData("1Z0000000000000000")]
    [InlineData("RB000000000DE")]
    [InlineData("")]
    [InlineData(null)]
    [InlineData("hello there")]
    [InlineData("12345")]
    public void Zeros_and_words_are_no_numbers(string? number) => NumberShapes.Recognise(number).ShouldBeEmpty();

    [Fact]
    public void A_number_that_passes_is_in_no_doubt() => NumberShapes.Doubt("fedex", "612904551027").ShouldBeNull();

    [Fact]
    public void A_number_of_no_known_shape_is_in_no_doubt_either() => NumberShapes.Doubt("ups", "PRO-4711").ShouldBeNull();
}
