using Tracking.Testing;

namespace Tracking.Runtime.Tests.Testing;

public sealed class RequiresTests
{
    [Fact]
    public void A_part_that_is_there_changes_nothing() => Requires.Part("a roof", present: true, howToInstall: "build one");

    [Fact]
    public void The_reason_names_the_test_and_the_part_and_how_to_get_it() =>
        Requires.Reason("PostgreSQL", "apt-get install postgresql", "Rows_come_back", "/somewhere/JournalTests.cs")
            .ShouldBe("JournalTests.Rows_come_back did not run: it needs PostgreSQL (apt-get install postgresql).");

    [Theory]
    [InlineData("1", true)]
    [InlineData("true", true)]
    [InlineData("0", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Only_a_clear_wish_turns_a_missing_part_into_a_failure(string? requireAll, bool fails) =>
        Requires.MissingPartsFail(requireAll).ShouldBe(fails);

    [Fact]
    public void A_missing_part_stops_the_test()
    {
        try
        {
            Requires.Part("a part nobody has", present: false, howToInstall: "there is no way");
        }
        catch (Exception stopped)   // not Record.Exception, which lets a skip pass
        {
            stopped.Message.ShouldContain($"{nameof(RequiresTests)}.{nameof(A_missing_part_stops_the_test)} did not run");
            return;
        }
        throw new InvalidOperationException("It went on without its part.");
    }

    [Fact]
    public void A_program_is_found_on_the_path()
    {
        var here = Path.GetDirectoryName(typeof(RequiresTests).Assembly.Location)!;
        var path = string.Join(Path.PathSeparator, "/no/such/folder", here);

        Requires.OnPath(Path.GetFileName(typeof(RequiresTests).Assembly.Location), path).ShouldBeTrue();
        Requires.OnPath("no-program-of-this-name", path).ShouldBeFalse();
    }
}
