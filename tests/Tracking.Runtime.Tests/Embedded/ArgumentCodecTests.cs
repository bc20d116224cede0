using System.Collections.Frozen;
using System.Collections.Immutable;
using Orleans;
using Orleans.Runtime;
using Tracking.Domain.Shipments;
using Tracking.Domain.Vocabulary;
using Tracking.Runtime.Tests.Semantics;

namespace Tracking.Runtime.Tests.Embedded;

public sealed class ArgumentCodecTests
{
    private readonly ArgumentCodec _codec = new();

    [Fact]
    public void A_scan_arrives_as_it_was_sent()
    {
        var scan = new Scan
        {
            Carrier = "ups",
            TrackingNumber = "1Z999AA10123456784",
            Links = [new TrackingLink("master", "ups", "1Z1")],
            Status = Milestone.InTransit,
            Raw = new RawCodes(Code: "I", Text: "Arrived"),
            Place = new Place(City: "Louisville", Lat: 38.1),
            PublishedAt = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.FromHours(-5)),
            Delivery = new DeliveryProof(Images: ["a", "b"]),
            Journey = new JourneyHints(PickedUpOn: new DateOnly(2026, 1, 1)),
        };

        var copy = _codec.Copy(scan);

        copy.ShouldNotBeSameAs(scan);
        copy.Links.ShouldBe(scan.Links);
        copy.Delivery!.Images.ShouldBe(scan.Delivery.Images);
        (copy with { Links = scan.Links, Delivery = scan.Delivery }).ShouldBe(scan);
    }

    [Fact]
    public void Collections_tuples_and_plain_values_arrive_as_they_were_sent()
    {
        Same(new List<int> { 1, 2 });
        Same(new Dictionary<string, DateOnly> { ["a"] = new(2026, 1, 1) });
        Same(new HashSet<Guid> { Guid.Empty });
        Same(ImmutableArray.Create("a", "b"));
        Same(ImmutableList.Create(1m, 2m));
        Same(ImmutableHashSet.Create(1, 2));
        Same(ImmutableSortedSet.Create("b", "a"));
        Same(new SortedSet<string> { "b", "a" });
        Same(FrozenSet.ToFrozenSet(["a", "b", "c"]));
        _codec.Copy(FrozenDictionary.ToFrozenDictionary(new Dictionary<string, int> { ["a"] = 1 }))["a"].ShouldBe(1);
        Same(ImmutableDictionary<string, int>.Empty.Add("a", 1));
        Same(ImmutableSortedDictionary<string, int>.Empty.Add("b", 1).Add("a", 2));
        Same(new byte[] { 1, 2 });
        Same(new string?[] { "a", null });
        Same(new[,] { { TimeSpan.Zero, TimeSpan.MaxValue, TimeSpan.MinValue }, { default, default, default } });
        Same((1, "b", (DayOfWeek?)DayOfWeek.Friday));
        Same(Tuple.Create(1, "b"));
        Same(new KeyValuePair<string, int>("a", 1));
        Same(new Uri("https://example.com/"));
        Same((int?)3);
        Same((object)"boxed");
        _codec.Copy(default(ImmutableArray<int>)).IsDefault.ShouldBeTrue();
        _codec.Copy<ReadOnlyMemory<byte>>(new byte[] { 1, 2 }).ToArray().ShouldBe([1, 2]);
        _codec.Copy<string?>(null).ShouldBeNull();
    }

    private void Same<T>(T value) => _codec.Copy(value).ShouldBe(value);

    [Fact]
    public void A_copy_shares_nothing_that_can_change()
    {
        var inner = new List<int> { 1 };
        var copy = _codec.Copy(new Dictionary<string, List<int>> { ["a"] = inner, ["b"] = inner });

        inner.Add(2);

        copy["a"].ShouldBe([1]);
        copy["b"].ShouldBeSameAs(copy["a"], "what was one object stays one object");
    }

    [Fact]
    public void A_type_without_the_attribute_is_refused_by_name() =>
        Refused(new Unmarked("x")).ShouldContain("Unmarked, which cannot cross a grain call: it has no [GenerateSerializer]");

    [Fact]
    public void A_member_without_an_id_is_refused_by_name() =>
        Refused(new Half { Kept = 1, Lost = 2 }).ShouldContain("member Lost has no [Id]");

    [Fact]
    public void Two_members_with_one_id_are_refused() =>
        Refused(new Twice { One = 1, Two = 2 }).ShouldContain("One and Two share the [Id] 0");

    [Fact]
    public void A_base_with_state_and_no_attribute_is_refused() =>
        Refused(new Child { Name = "x", Age = 1 }).ShouldContain("has state but no [GenerateSerializer]");

    [Fact]
    public void The_message_says_where_in_the_argument_the_fault_is() =>
        Refused(new Envelope([new Unmarked("x")])).ShouldStartWith("Envelope.Content");

    [Fact]
    public void A_collection_that_a_compiler_made_up_is_refused() =>
        Refused<IReadOnlyList<int>>([1, 2, 3]).ShouldContain("cannot cross a grain call");

    [Fact]
    public void A_member_marked_not_serialized_is_left_behind() =>
        _codec.Copy(new Cached { Kept = 1, Computed = 2 }).Computed.ShouldBe(0);

    [Fact]
    public void Ids_of_a_base_and_of_its_child_are_apart()
    {
        var copy = (MarkedChild)_codec.Copy<MarkedBase>(new MarkedChild { Name = "a", Nickname = "b" });

        (copy.Name, copy.Nickname).ShouldBe(("a", "b"));
    }

    [Fact]
    public async Task A_call_with_an_argument_that_cannot_cross_fails_for_its_caller()
    {
        await using var silo = await Silos.StartAsync(new Stage());
        var grain = silo.Grains.GetGrain<IPostGrain>("one");

        (await Should.ThrowAsync<NotSupportedException>(grain.Send(new Unmarked("x")))).Message.ShouldContain("Unmarked");
        (await Should.ThrowAsync<NotSupportedException>(grain.Receive())).Message.ShouldContain("Unmarked");
    }

    [Fact]
    public async Task A_grain_keeps_its_own_copy_of_what_it_was_given()
    {
        await using var silo = await Silos.StartAsync(new Stage());
        var grain = silo.Grains.GetGrain<IPostGrain>("one");
        var list = new List<string> { "a" };
        await grain.Keep(list);

        list.Add("b");
        (await grain.Kept()).Add("c");

        (await grain.Kept()).ShouldBe(["a"]);
    }

    [Fact]
    public async Task A_grain_that_passes_itself_passes_a_reference()
    {
        await using var silo = await Silos.StartAsync(new Stage());

        (await silo.Grains.GetGrain<IPostGrain>("one").PassYourselfTo("two")).ShouldBe("post/one");
    }

    [Fact]
    public async Task An_observer_that_is_no_reference_is_refused_at_the_call()
    {
        await using var silo = await Silos.StartAsync(new Stage());

        (await Should.ThrowAsync<NotSupportedException>(silo.Grains.GetGrain<ISpeakerGrain>("one").Add(new Deaf()))).Message.ShouldContain("CreateObjectReference");
    }

    private string Refused<T>(T value) => Should.Throw<NotSupportedException>(() => _codec.Copy(value)).Message;

    public sealed record Unmarked(string Name);

    [GenerateSerializer]
    public sealed class Half
    {
        [Id(0)] public int Kept { get; set; }
        public int Lost { get; set; }
    }

    [GenerateSerializer]
    public sealed class Twice
    {
        [Id(0)] public int One { get; set; }
        [Id(0)] public int Two { get; set; }
    }

    public class Parent
    {
        public string Name { get; set; } = "";
    }

    [GenerateSerializer]
    public sealed class Child : Parent
    {
        [Id(0)] public int Age { get; set; }
    }

    [GenerateSerializer]
    public record Envelope([property: Id(0)] ImmutableArray<object> Content);

    [GenerateSerializer]
    public sealed class Cached
    {
        [Id(0)] public int Kept;
        [NonSerialized] public int Computed;
    }

    [GenerateSerializer]
    public class MarkedBase
    {
        [Id(0)] public string Name { get; set; } = "";
    }

    [GenerateSerializer]
    public sealed class MarkedChild : MarkedBase
    {
        [Id(0)] public string Nickname { get; set; } = "";
    }

    private sealed class Deaf : IListener
    {
        public void Heard(string what) { }
        public Task Confirm(string what) => Task.CompletedTask;
    }
}

public interface IPostGrain : IGrainWithStringKey
{
    Task Send(ArgumentCodecTests.Unmarked what);
    Task<object> Receive();
    Task Keep(List<string> list);
    Task<List<string>> Kept();
    Task<string> PassYourselfTo(string other);
    Task<string> WhoIs(IPostGrain grain);
}

public sealed class PostGrain : Grain, IPostGrain
{
    private List<string> _kept = [];

    public Task Send(ArgumentCodecTests.Unmarked what) => Task.CompletedTask;
    public Task<object> Receive() => Task.FromResult<object>(new ArgumentCodecTests.Unmarked("x"));

    public Task Keep(List<string> list)
    {
        _kept = list;
        return Task.CompletedTask;
    }

    public Task<List<string>> Kept() => Task.FromResult(_kept);
    public Task<string> PassYourselfTo(string other) => GrainFactory.GetGrain<IPostGrain>(other).WhoIs(this);
    public Task<string> WhoIs(IPostGrain grain) => Task.FromResult(grain is GrainReference ? grain.GetGrainId().ToString() : "an object");
}
