using Tracking.Contracts.Changes;
using Tracking.Contracts.Ports;
using Tracking.Domain.Changes;
using Tracking.Domain.Vocabulary;
using Tracking.Grains.Changes;
using Tracking.Journal;
using Tracking.Testing;

namespace Tracking.Grains.Tests.Changes;

public sealed class ChangesGrainTests
{
    private const string Use = "use1";
    private static readonly DateOnly Today = new(2026, 11, 24);
    private static readonly string GrainKey = $"{A.Key}/{Use}";

    private static ChangeAsk Shed(string id) => new(id, ChangeKind.SafePlace, null, "shed", Milestone.InTransit, Today);

    private sealed class Desk(Func<InterceptRequest, InterceptAnswer> answer) : ICarrierIntercept
    {
        public List<InterceptRequest> Asked { get; } = [];

        public ValueTask<InterceptAnswer> AskAsync(InterceptRequest request, CancellationToken cancel = default)
        {
            Asked.Add(request);
            return new(answer(request));
        }
    }

    private static async Task<List<JournalRow>> RowsAsync(GrainTestSilo silo)
    {
        var rows = new List<JournalRow>();
        await foreach (var row in silo.Journal.ReadAsync(ChangeStream.Of(GrainKey))) rows.Add(row);
        return rows;
    }

    [Fact]
    public async Task A_stored_request_reaches_the_carrier_and_its_answer_comes_back()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var changes = silo.Silo.Grains.GetGrain<IChangesGrain>(GrainKey);
        (await changes.Ask(Shed("a"))).ShouldBe(ChangeAnswer.Taken);
        var desk = new Desk(_ => new InterceptAnswer(ChangeState.Accepted, "fine"));
        var reaction = new ChangeReaction(desk, silo.Silo.Grains);
        foreach (var row in await RowsAsync(silo)) await reaction.ReactAsync(row, CancellationToken.None);
        var asked = desk.Asked.ShouldHaveSingleItem();
        asked.Shipment.ShouldBe(A.Key);
        asked.Words.ShouldBe("shed");
        (await changes.List()).ShouldHaveSingleItem().State.ShouldBe(ChangeState.Accepted);
    }

    [Fact]
    public async Task A_reaction_that_runs_again_asks_nobody_again()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await silo.Silo.Grains.GetGrain<IChangesGrain>(GrainKey).Ask(Shed("a"));
        var desk = new Desk(_ => new InterceptAnswer(ChangeState.Refused));
        var reaction = new ChangeReaction(desk, silo.Silo.Grains);
        for (var i = 0; i < 3; i++)
            foreach (var row in await RowsAsync(silo))
                await reaction.ReactAsync(row, CancellationToken.None);
        desk.Asked.Count.ShouldBe(1);
        (await RowsAsync(silo)).Count.ShouldBe(2);
    }

    [Fact]
    public async Task A_carrier_that_cannot_be_reached_is_asked_again_and_the_request_stays_open()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var changes = silo.Silo.Grains.GetGrain<IChangesGrain>(GrainKey);
        await changes.Ask(Shed("a"));
        var reaction = new ChangeReaction(new Desk(_ => throw new HttpRequestException("away")), silo.Silo.Grains);
        await Should.ThrowAsync<HttpRequestException>(async () => await reaction.ReactAsync((await RowsAsync(silo))[0], CancellationToken.None));
        (await changes.List()).ShouldHaveSingleItem().State.ShouldBe(ChangeState.Asked);
    }

    [Fact]
    public async Task An_erased_address_is_never_asked_for()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        await silo.Silo.Grains.GetGrain<IChangesGrain>(GrainKey).Ask(Shed("a"));
        await silo.Journal.EraseAsync(ChangeStream.Of(GrainKey));
        await silo.Silo.RestartAsync();
        var desk = new Desk(_ => new InterceptAnswer(ChangeState.Accepted));
        await new ChangeReaction(desk, silo.Silo.Grains).ReactAsync((await RowsAsync(silo))[0], CancellationToken.None);
        desk.Asked.ShouldBeEmpty();
        (await silo.Silo.Grains.GetGrain<IChangesGrain>(GrainKey).List()).ShouldHaveSingleItem().State.ShouldBe(ChangeState.Refused);
    }

    [Fact]
    public async Task Fifty_calls_with_one_id_store_one_request_even_when_the_first_reply_is_lost()
    {
        await using var silo = await GrainTestSilo.StartAsync();
        var changes = silo.Silo.Grains.GetGrain<IChangesGrain>(GrainKey);
        var lost = true;
        silo.Journal.LoseReply = _ => lost ? new JournalOutcomeUnknownException("cut") : null;
        (await changes.Ask(Shed("a"))).ShouldBe(ChangeAnswer.Trouble);
        lost = false;
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => changes.Ask(Shed("a"))));
        answers.ShouldAllBe(a => a == ChangeAnswer.Known);
        (await RowsAsync(silo)).ShouldHaveSingleItem();
    }
}
