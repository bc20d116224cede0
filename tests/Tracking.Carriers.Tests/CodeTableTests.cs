using Tracking.Domain.Vocabulary;

namespace Tracking.Carriers.Tests;

public sealed class CodeTableTests
{
    private const string Header = "type,code,status,subStatus,modifiers,reason,kind,meaning,source\n";

    [Fact]
    public void A_code_is_looked_up_in_its_own_column_set()
    {
        var table = CodeTable.Parse("t", Header + "D,KB,DELIVERED,,,,,delivered,sheet\nX,KB,,,,,,internal,sheet\n");

        table.Of("D", "KB").Status.ShouldBe(Milestone.Delivered);
        table.Of("X", "kb").Status.ShouldBeNull();
        table.Of("X", "KB").IsMapped.ShouldBeTrue();
    }

    [Fact]
    public void A_code_nobody_mapped_means_nothing_and_is_flagged()
    {
        var meaning = CodeTable.Parse("t", Header + "D,KB,DELIVERED,,,,,,sheet\n").Of("Q", "99");

        meaning.Status.ShouldBeNull();
        meaning.Modifiers.ShouldBe(Modifiers.Unmapped);
    }

    [Fact]
    public void A_wildcard_yields_to_an_exact_row()
    {
        var table = CodeTable.Parse("t", Header + "M,*,LABEL_CREATED,,,,,,sheet\nM,V,CANCELLED,,,,,,sheet\n");

        table.Of("M", "V").Status.ShouldBe(Milestone.Cancelled);
        table.Of("M", null).Status.ShouldBe(Milestone.LabelCreated);
    }

    [Fact]
    public void A_key_mapped_twice_fails_loading_and_names_its_line()
        => Should.Throw<FormatException>(() => CodeTable.Parse("t.csv", Header + "D,KB,DELIVERED,,,,,,sheet\nd,kb,DELIVERED,,,,,,sheet\n"))
            .Message.ShouldBe("t.csv, line 3: d/kb is mapped twice.");

    [Theory]
    [InlineData("D,KB,GONE,,,,,,sheet", "status")]
    [InlineData("D,KB,UNKNOWN,,,,,,sheet", "UNKNOWN")]
    [InlineData("D,KB,,,late,,,,sheet", "modifier")]
    [InlineData("D,KB,,,,weather,,,sheet", "reason")]
    [InlineData("D,KB,,,,,guess,,sheet", "kind")]
    [InlineData("D,KB,,,,,,,", "source")]
    [InlineData("D,KB,,,", "columns")]
    public void A_row_that_says_something_unknown_fails_loading(string row, string about)
        => Should.Throw<FormatException>(() => CodeTable.Parse("t.csv", Header + row)).Message.ShouldContain(about);

    [Fact]
    public void Every_embedded_table_loads()
    {
        foreach (var resource in CodeTable.Resources) CodeTable.Load(resource).Rows.ShouldNotBeEmpty(resource);
    }
}
