using System.Security.Cryptography;
using System.Text;

namespace Tracking.Journal.Tests;

public sealed class PersonalSealTests
{
    private static readonly byte[] Personal = Encoding.UTF8.GetBytes("left with Jane Doe, Bahnhofstrasse 1");
    private readonly StreamKey _key = StreamKey.New();

    private Dictionary<long, byte[]> Keys => new() { [_key.Id] = _key.Secret };

    [Fact]
    public void What_was_sealed_opens_with_its_key()
    {
        var sealedBytes = PersonalSeal.Seal(_key, "s/acme/ups/1", 3, Personal);

        PersonalSeal.OpenIfKept(Keys, "s/acme/ups/1", 3, sealedBytes).Personal.ToArray().ShouldBe(Personal);
        sealedBytes.AsSpan().IndexOf("Jane"u8).ShouldBe(-1);
    }

    [Fact]
    public void Without_its_key_it_is_erased()
    {
        var (personal, erased) = PersonalSeal.OpenIfKept(new Dictionary<long, byte[]> { [StreamKey.New().Id] = _key.Secret }, "s/acme/ups/1", 3, PersonalSeal.Seal(_key, "s/acme/ups/1", 3, Personal));

        (personal.IsEmpty, erased).ShouldBe((true, true));
    }

    [Theory]
    [InlineData("s/acme/ups/2", 3)]
    [InlineData("s/acme/ups/1", 4)]
    public void It_cannot_be_moved_to_another_row(string stream, int version)
    {
        var sealedBytes = PersonalSeal.Seal(_key, "s/acme/ups/1", 3, Personal);

        Should.Throw<AuthenticationTagMismatchException>(() => PersonalSeal.OpenIfKept(Keys, stream, version, sealedBytes));
    }

    [Fact]
    public void A_changed_bit_anywhere_is_noticed_and_never_taken_for_an_erasure()
    {
        for (var at = 9; at < Personal.Length + PersonalSeal.Overhead; at++)
        {
            var sealedBytes = PersonalSeal.Seal(_key, "s/acme/ups/1", 3, Personal);
            sealedBytes[at] ^= 1;
            Should.Throw<AuthenticationTagMismatchException>(() => PersonalSeal.OpenIfKept(Keys, "s/acme/ups/1", 3, sealedBytes));
        }
    }

    [Fact]
    public void The_same_bytes_never_look_the_same()
    {
        var seals = Enumerable.Range(0, 200).Select(_ => Convert.ToHexString(PersonalSeal.Seal(_key, "s/acme/ups/1", 3, Personal)));

        seals.ShouldBeUnique();
    }

    [Fact]
    public void A_format_of_newer_code_is_an_error_not_an_erasure()
    {
        var sealedBytes = PersonalSeal.Seal(_key, "s/acme/ups/1", 3, Personal);
        sealedBytes[0] = 2;

        Should.Throw<InvalidDataException>(() => PersonalSeal.OpenIfKept(Keys, "s/acme/ups/1", 3, sealedBytes));
    }
}

public sealed class KeyCacheTests
{
    [Fact]
    public void It_forgets_the_longest_unused_and_stays_small()
    {
        var cache = new KeyCache(10);
        for (var n = 0; n < 1_000; n++)
        {
            cache.Add($"{n}", StreamKey.New(), cache.Stamp);
            cache.Find("0");    // in use all the time
        }

        Enumerable.Range(0, 1_000).Count(n => cache.Find($"{n}") is not null).ShouldBeLessThanOrEqualTo(10);
    }

    [Fact]
    public void A_key_in_use_stays()
    {
        var cache = new KeyCache(10);
        cache.Add("mine", StreamKey.New(), cache.Stamp);
        for (var n = 0; n < 1_000; n++)
        {
            cache.Add($"{n}", StreamKey.New(), cache.Stamp);
            cache.Find("mine").ShouldNotBeNull();
        }
    }

    [Fact]
    public void A_key_that_was_fetched_before_an_erasure_does_not_get_in_after_it()
    {
        var cache = new KeyCache(10);
        var stamp = cache.Stamp;
        cache.Forget("a stream");
        cache.Add("a stream", StreamKey.New(), stamp);

        cache.Find("a stream").ShouldBeNull();
    }
}
