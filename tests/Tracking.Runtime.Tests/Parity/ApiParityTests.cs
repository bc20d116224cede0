using System.Reflection;
using Orleans;

namespace Tracking.Runtime.Tests.Parity;

/// <summary>
/// What the embedded runtime shows under Orleans' names is a part of what Orleans shows, to the letter: code that compiles here compiles there. Compared with
/// the metadata of the real Orleans.Core.Abstractions, which restores on its own.
/// </summary>
public sealed class ApiParityTests
{
    /// <summary>
    /// Types that Orleans declares in assemblies which cannot be restored alone, and where. They are compared by the compiler in the Orleans build only, so a
    /// new one is added here on purpose.
    /// </summary>
    private static readonly Dictionary<string, string> Elsewhere = new()
    {
        ["Orleans.AliasAttribute"] = "Orleans.Serialization.Abstractions",
        ["Orleans.GenerateSerializerAttribute"] = "Orleans.Serialization.Abstractions",
        ["Orleans.IdAttribute"] = "Orleans.Serialization.Abstractions",
        ["Orleans.ImmutableAttribute"] = "Orleans.Serialization.Abstractions",
        ["Orleans.ResponseTimeoutAttribute"] = "Orleans.Serialization.Abstractions",
        ["Orleans.IClusterClient"] = "Orleans.Core",
        ["Orleans.IGrainState`1"] = "Orleans.Core",
        ["Orleans.GrainState`1"] = "Orleans.Core",
        ["Orleans.Storage.IGrainStorage"] = "Orleans.Core",
        ["Orleans.Storage.InconsistentStateException"] = "Orleans.Core",
        ["Orleans.Runtime.IPersistentState`1"] = "Orleans.Runtime",
        ["Orleans.Runtime.PersistentStateAttribute"] = "Orleans.Runtime",
        ["Orleans.GrainReminderExtensions"] = "Orleans.Reminders",
        ["Orleans.IRemindable"] = "Orleans.Reminders",
        ["Orleans.IReminderTable"] = "Orleans.Reminders",
        ["Orleans.ReminderEntry"] = "Orleans.Reminders",
        ["Orleans.ReminderTableData"] = "Orleans.Reminders",
        ["Orleans.Runtime.IGrainReminder"] = "Orleans.Reminders",
        ["Orleans.Runtime.ReminderException"] = "Orleans.Reminders",
        ["Orleans.Runtime.TickStatus"] = "Orleans.Reminders",
    };

    private static readonly ApiSurface Orleans = ApiSurface.Read(OrleansCoreAbstractions);

    private static string OrleansCoreAbstractions => typeof(ApiParityTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "Orleans.Core.Abstractions").Value!;

    private static IEnumerable<KeyValuePair<string, ApiSurface.TypeSurface>> Ours =>
        new[] { typeof(Grain).Assembly, typeof(IdAttribute).Assembly }.SelectMany(assembly => ApiSurface.Read(assembly.Location).Types);

    [Fact]
    public void Every_type_and_member_under_Orleans_names_is_one_of_Orleans_own()
    {
        var differences = Ours.Where(type => !Elsewhere.ContainsKey(type.Key)).SelectMany(type => Orleans.Types.TryGetValue(type.Key, out var theirs)
            ? ApiSurface.Differences(type.Key, type.Value, theirs)
            : [$"{type.Key}: Orleans.Core.Abstractions has no such type; if Orleans declares it elsewhere, say where in {nameof(Elsewhere)}."]);

        differences.ShouldBeEmpty();
    }

    [Fact]
    public void Every_type_said_to_be_elsewhere_is_ours_and_really_not_in_the_compared_assembly()
    {
        Elsewhere.Keys.Except(Ours.Select(type => type.Key)).ShouldBeEmpty();
        Elsewhere.Keys.Intersect(Orleans.Types.Keys).ShouldBeEmpty();
    }

    [Fact]
    public void The_comparison_sees_a_parameter_that_is_named_otherwise()
    {
        var theirs = Orleans.Types["Orleans.Grain"];
        var ours = theirs with { Members = [.. theirs.Members.Select(member => member.Replace("TimeSpan timeSpan", "TimeSpan howLong"))] };

        ApiSurface.Differences("Orleans.Grain", ours, theirs).ShouldHaveSingleItem().ShouldContain("howLong");
    }

    [Fact]
    public void The_comparison_sees_a_missing_constraint_a_changed_base_and_a_new_member()
    {
        var theirs = Orleans.Types["Orleans.IGrainFactory"];
        var ours = theirs with
        {
            Shape = [.. theirs.Shape.Select(line => line == "base none" ? "base System.Object" : line)],
            Members = [.. theirs.Members.Select(member => member.Replace("Orleans.IGrainWithStringKey", "")), "public abstract Void Surprise()"],
        };

        ApiSurface.Differences("Orleans.IGrainFactory", ours, theirs).Count().ShouldBeGreaterThanOrEqualTo(3);
    }
}
