using System.Text;
using System.Text.Json;

namespace Tracking.LoadTest.Watch;

/// <summary>What a hub message is, as far as a watcher needs to know.</summary>
public enum HubMessage { Handshake, Update, Later, Gone, WatchAnswer, WatchRefused, Ping, Close, Other }

/// <summary>
/// SignalR's JSON hub protocol, version 1, written against its published text: UTF-8 JSON records, each ended by 0x1E. Only what a tracking page uses.
/// The names of the hub's methods are the server's public surface and stand only here.
/// </summary>
public static class HubProtocol
{
    public const string Path = "/hubs/tracking";
    /// <summary>Client to server: <c>Watch(token, version, language)</c>; answered with a snapshot when there is a newer one, else with nothing.</summary>
    public const string WatchMethod = "Watch";
    /// <summary>Server to client: <c>Update(snapshot)</c>; the snapshot's version is its <c>v</c>.</summary>
    public const string UpdateMethod = "Update";
    /// <summary>Server to client: <c>Later(milliseconds)</c>: come back then. The server is about to go.</summary>
    public const string LaterMethod = "Later";
    /// <summary>Server to client: <c>Gone()</c>: the link was withdrawn.</summary>
    public const string GoneMethod = "Gone";
    /// <summary>The snapshot's property that holds its version.</summary>
    public const string VersionName = "v";
    public const byte RecordEnd = 0x1E;

    public static readonly ReadOnlyMemory<byte> Handshake = "{\"protocol\":\"json\",\"version\":1}\u001e"u8.ToArray();
    public static readonly ReadOnlyMemory<byte> Ping = "{\"type\":6}\u001e"u8.ToArray();

    public static byte[] Watch(string token, long version) =>
        Encoding.UTF8.GetBytes($$"""{"type":1,"invocationId":"1","target":"{{WatchMethod}}","arguments":["{{token}}",{{version}},null]}""" + "\u001e");

    /// <summary>Reads one record without its end. <paramref name="version"/> is the snapshot's (of <see cref="HubMessage.Later"/>: the milliseconds), -1 when there is none. Throws <see cref="JsonException"/> for what is not JSON.</summary>
    public static HubMessage Read(ReadOnlySpan<byte> record, out long version)
    {
        version = -1;
        var (type, called, hasError, any) = (0, HubMessage.Other, false, false);
        var json = new Utf8JsonReader(record);
        json.Read();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            any = true;
            if (json.ValueTextEquals("type"u8)) { json.Read(); type = json.GetInt32(); }
            else if (json.ValueTextEquals("target"u8)) { json.Read(); called = Called(ref json); }
            else if (json.ValueTextEquals("error"u8)) { json.Read(); hasError = json.TokenType != JsonTokenType.Null; }
            else if (json.ValueTextEquals("arguments"u8) || json.ValueTextEquals("result"u8)) { json.Read(); version = Math.Max(version, VersionIn(ref json)); }
            else { json.Read(); json.Skip(); }
        }
        return type switch
        {
            0 => any && hasError ? HubMessage.WatchRefused : HubMessage.Handshake,
            1 => called,
            3 => hasError ? HubMessage.WatchRefused : HubMessage.WatchAnswer,
            6 => HubMessage.Ping,
            7 => HubMessage.Close,
            _ => HubMessage.Other,
        };
    }

    private static HubMessage Called(ref Utf8JsonReader json) =>
        json.ValueTextEquals(UpdateMethod) ? HubMessage.Update : json.ValueTextEquals(LaterMethod) ? HubMessage.Later
        : json.ValueTextEquals(GoneMethod) ? HubMessage.Gone : HubMessage.Other;

    // The version of the first snapshot: its property v (arguments[0].v, result.v), not one of what lies in it.
    private static long VersionIn(ref Utf8JsonReader json)
    {
        if (json.TokenType is not (JsonTokenType.StartArray or JsonTokenType.StartObject)) return -1;
        var (top, version) = (json.CurrentDepth, -1L);
        while (json.Read() && json.CurrentDepth > top)
        {
            if (version < 0 && json.TokenType == JsonTokenType.Number && json.CurrentDepth == top + 1 && json.TryGetInt64(out var bare)) version = bare;
            if (version >= 0 || json.TokenType != JsonTokenType.PropertyName || json.CurrentDepth > top + 2 || !json.ValueTextEquals(VersionName)) continue;
            json.Read();
            if (json.TokenType == JsonTokenType.Number && json.TryGetInt64(out var told)) version = told;
        }
        return version;
    }
}
