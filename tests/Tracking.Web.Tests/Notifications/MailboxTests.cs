using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Tracking.Contracts.Ports;
using Tracking.Testing;
using Tracking.Web.Language;
using Tracking.Web.Notifications;
using Tracking.Web.Pages;

namespace Tracking.Web.Tests.Notifications;

public sealed class MailboxTests : IDisposable
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;

    private readonly string _folder = Directory.CreateTempSubdirectory("tracking-mailbox-").FullName;
    private readonly ManualClock _clock = new(DateTimeOffset.UtcNow);
    private readonly NoticeMetrics _metrics = new(new Meters());

    public void Dispose()
    {
        _metrics.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Mailbox Open(int maxLetters = 100, string? folder = null)
        => new(Options.Create(new NotificationOptions { Outbox = folder ?? _folder, PublicUrl = "https://track.example", MaxLetters = maxLetters, KeepDays = 90 }), new OneBrand(), _metrics, _clock, NullLogger<Mailbox>.Instance);

    private static Notice Delayed(string cause = "o-1", string? language = "en", string? name = "Ada") => new()
    {
        Id = NoticeId.Of("demo", NoticeKind.Delayed, cause), Retailer = "demo", Kind = NoticeKind.Delayed, Subject = "c/demo/17", At = new(2026, 12, 20, 8, 0, 0, TimeSpan.Zero), Language = language,
        To = new Recipient(name, "ada@example.org"), Order = "1001", Facts = new NoticeFacts { From = new(2026, 12, 23), To = new(2026, 12, 24), Before = new(2026, 12, 22), Reason = Tracking.Domain.Vocabulary.Reason.ExternalWeather },
        Link = "/t/AbCdEfGhIjKlMnOpQrStUv",
    };

    [Fact]
    public async Task A_notice_becomes_a_letter_with_days_reason_and_link()
    {
        var mailbox = Open();
        await mailbox.SendAsync(Delayed(), Cancel);
        var letter = mailbox.List(10).ShouldHaveSingleItem();
        letter.Subject.ShouldBe("Your parcel from Maple & Thread will be late");
        letter.Text.ShouldContain("Hello Ada,");
        letter.Text.ShouldContain("The weather holds it up.");
        letter.Text.ShouldContain("Wed, 23 Dec to Thu, 24 Dec");
        letter.Text.ShouldContain("https://track.example/t/AbCdEfGhIjKlMnOpQrStUv");
        letter.Html.ShouldContain("<a href=\"https://track.example/t/AbCdEfGhIjKlMnOpQrStUv\">");
        mailbox.Find(letter.Id).ShouldBe(letter);
    }

    [Fact]
    public async Task The_same_id_is_kept_once_however_often_and_from_however_many_at_once_it_is_sent()
    {
        var boxes = Enumerable.Range(0, 8).Select(_ => Open()).ToList();   // as if after crashes, or on several nodes over one folder
        await Task.WhenAll(Enumerable.Range(0, 200).Select(i => boxes[i % boxes.Count].SendAsync(Delayed("o-" + i % 5), Cancel).AsTask()));
        boxes[0].List(100).Count.ShouldBe(5);
        Directory.GetFiles(_folder, "*", SearchOption.AllDirectories).Length.ShouldBe(5, "nothing half written is left");
    }

    [Fact]
    public async Task Erasing_a_subject_removes_the_words_and_still_sends_nothing_twice()
    {
        var mailbox = Open();
        await mailbox.SendAsync(Delayed(), Cancel);
        await mailbox.SendAsync(Delayed("o-2") with { Subject = "c/demo/18" }, Cancel);
        (await mailbox.EraseAsync("demo", "c/demo/17", Cancel)).ShouldBe(1);
        (await mailbox.EraseAsync("demo", "c/demo/17", Cancel)).ShouldBe(0);
        await mailbox.SendAsync(Delayed(), Cancel);
        mailbox.List(10).ShouldHaveSingleItem().Id.ShouldBe(Delayed("o-2").Id);
    }

    [Fact]
    public async Task The_oldest_letters_lose_their_words_when_there_are_too_many_and_all_do_when_they_are_old()
    {
        var mailbox = Open(maxLetters: 3);
        for (var i = 0; i < 5; i++) await mailbox.SendAsync(Delayed("o-" + i), Cancel);
        mailbox.Tidy();
        mailbox.List(10).Count.ShouldBe(3);
        _clock.Advance(TimeSpan.FromDays(91));
        mailbox.Tidy();
        mailbox.List(10).ShouldBeEmpty();
        await mailbox.SendAsync(Delayed("o-0"), Cancel);
        mailbox.List(10).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_folder_that_cannot_be_written_refuses_and_the_notice_can_be_sent_later()
    {
        var file = Path.Combine(_folder, "no-folder");
        await File.WriteAllTextAsync(file, "", Cancel);
        await Should.ThrowAsync<NoticeRefusedException>(async () => await Open(folder: file).SendAsync(Delayed(), Cancel));
        File.Delete(file);
        var mailbox = Open(folder: file);
        await mailbox.SendAsync(Delayed(), Cancel);
        mailbox.List(10).Count.ShouldBe(1);
    }

    [Fact]
    public async Task What_somebody_else_wrote_stays_text_and_no_name_becomes_a_path()
    {
        var mailbox = Open();
        var hostile = Delayed(name: "<img src=x onerror=alert(1)>\r\nBcc: all@example.org\u202e") with { Retailer = "../../etc", Subject = "../..", Id = "../../x" };
        await mailbox.SendAsync(hostile, Cancel);
        Directory.GetFiles(Path.GetDirectoryName(_folder)!, "x.json").ShouldBeEmpty();
        var letter = mailbox.List(10).ShouldHaveSingleItem();
        letter.Html.ShouldNotContain("<img");
        letter.Text.ShouldNotContain("\r");
        letter.Text.ShouldNotContain("\u202e");
        letter.Text.Split('\n')[0].ShouldContain("Bcc");   // on the greeting's own line, where it is only a strange name
    }

    [Fact]
    public void A_notice_never_prints_whom_it_is_for()
    {
        var notice = Delayed();
        notice.ToString().ShouldNotContain("Ada");
        $"{notice.To}".ShouldNotContain("ada@example.org");
    }

    public static TheoryData<string, NoticeKind> Everything()
    {
        var all = new TheoryData<string, NoticeKind>();
        foreach (var texts in Languages.All)
            foreach (var kind in Enum.GetValues<NoticeKind>())
                all.Add(texts.Tag, kind);
        return all;
    }

    [Theory, MemberData(nameof(Everything))]
    public void Every_kind_can_be_said_in_every_language_with_all_and_with_no_facts(string language, NoticeKind kind)
    {
        var bare = new Notice { Id = "1", Retailer = "demo", Kind = kind, Subject = "c/demo/1", At = _clock.GetUtcNow(), Language = language };
        var full = bare with
        {
            To = new Recipient("Ada", null), Order = "1001", Link = "/t/x",
            Facts = new NoticeFacts
            {
                From = new(2026, 12, 23), To = new(2026, 12, 24), Before = new(2026, 12, 22), Reason = Tracking.Domain.Vocabulary.Reason.ExternalWeather, Carrier = "ups", Item = "a ring", Amount = 49.90m,
                Currency = "EUR", Code = "SORRY-1", Remedies = ["discount", "free-shipping", "unknown"], Until = new(2027, 1, 5), SignatureNeeded = true,
            },
        };
        foreach (var notice in new[] { bare, full })
        {
            var letter = Letter.Write(notice, OneBrand.Maple, "https://track.example");
            letter.Subject.ShouldNotBeNullOrWhiteSpace();
            letter.Language.ShouldBe(language);
            letter.Text().ShouldNotContain("{");
            letter.RightToLeft.ShouldBe(language == "ar");
        }
        Letter.Write(full, OneBrand.Maple, "https://track.example").Text().ShouldContain("SORRY-1");
    }

    [Fact]
    public void An_id_depends_on_each_part_of_its_cause_and_on_nothing_else()
    {
        var id = NoticeId.Of("demo", NoticeKind.Offer, "a", "b");
        id.Length.ShouldBe(32);
        NoticeId.Of("demo", NoticeKind.Offer, "a", "b").ShouldBe(id);
        new[] { NoticeId.Of("demo", NoticeKind.Offer, "ab"), NoticeId.Of("demo", NoticeKind.Offer, "b", "a"), NoticeId.Of("demo", NoticeKind.OfferReminder, "a", "b"), NoticeId.Of("shop", NoticeKind.Offer, "a", "b") }
            .ShouldAllBe(other => other != id);
    }

    private sealed class OneBrand : IPageBrands
    {
        public static readonly Brand Maple = Make();
        public Brand For(string retailer) => Maple;

        private static Brand Make()
        {
            Brand.TryCreate("Maple & Thread", null, "en", out var brand, out _);
            return brand;
        }
    }

    private sealed class Meters : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(options);
        public void Dispose() { }
    }
}
