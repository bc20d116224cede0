using System.Text;
using System.Text.Json;
using Tracking.LoadTest.Watch;

namespace Tracking.LoadTest.Tests.Watch;

public sealed class HubProtocolTests
{
    [Theory]
    [InlineData("{}", HubMessage.Handshake, -1)]
    [InlineData("{\"error\":\"no such protocol\"}", HubMessage.WatchRefused, -1)]
    [InlineData("{\"type\":6}", HubMessage.Ping, -1)]
    [InlineData("{\"type\":7,\"error\":null,\"allowReconnect\":true}", HubMessage.Close, -1)]
    [InlineData("{\"type\":1,\"target\":\"Update\",\"arguments\":[{\"lines\":[{\"v\":3,\"text\":\"x\"}],\"v\":12}]}", HubMessage.Update, 12)]
    [InlineData("{\"arguments\":[{\"v\":12}],\"target\":\"Update\",\"type\":1}", HubMessage.Update, 12)]
    [InlineData("{\"type\":1,\"target\":\"Somethingelse\",\"arguments\":[]}", HubMessage.Other, -1)]
    [InlineData("{\"type\":1,\"target\":\"Later\",\"arguments\":[2500]}", HubMessage.Later, 2500)]
    [InlineData("{\"type\":1,\"target\":\"Gone\",\"arguments\":[]}", HubMessage.Gone, -1)]
    [InlineData("{\"type\":3,\"invocationId\":\"1\",\"result\":{\"v\":4,\"title\":\"t\"}}", HubMessage.WatchAnswer, 4)]
    [InlineData("{\"type\":3,\"invocationId\":\"1\",\"result\":null}", HubMessage.WatchAnswer, -1)]
    [InlineData("{\"type\":3,\"invocationId\":\"1\",\"error\":\"unknown link\"}", HubMessage.WatchRefused, -1)]
    public void A_record_is_read_for_what_a_page_needs(string record, HubMessage expected, long version)
    {
        HubProtocol.Read(Encoding.UTF8.GetBytes(record), out var read).ShouldBe(expected);
        read.ShouldBe(version);
    }

    [Fact]
    public void What_is_not_JSON_is_refused() => Should.Throw<JsonException>(() => HubProtocol.Read("<html>"u8, out _));

    [Fact]
    public void A_watch_is_an_invocation_with_token_and_version_ended_by_its_record_end() =>
        Encoding.UTF8.GetString(HubProtocol.Watch("abc", 7)).ShouldBe("{\"type\":1,\"invocationId\":\"1\",\"target\":\"Watch\",\"arguments\":[\"abc\",7,null]}\u001e");
}
