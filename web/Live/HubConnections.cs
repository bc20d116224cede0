using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Options;

namespace Tracking.Web.Live;

/// <summary>Counts what is open: sockets by address, and sockets that have not said yet what they want to watch.</summary>
public sealed class HubConnections(TimeProvider clock, LiveMetrics metrics, IOptions<LiveOptions> options)
{
    /// <summary>A socket that has not asked for a page by then is cut.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly LiveOptions _options = options.Value;
    private readonly ConcurrentDictionary<UInt128, int> _perAddress = new();
    private readonly ConcurrentDictionary<string, (HubCallerContext Context, long Since)> _waiting = new(StringComparer.Ordinal);

    /// <summary>Takes one of the address's places; null when it has none left. Dispose to give it back.</summary>
    public IDisposable? TakePlace(IPAddress? address)
    {
        if (address is null || IPAddress.IsLoopback(address) && !_options.CountLoopback) return Free.Instance;
        var place = PlaceOf(address);
        if (_perAddress.AddOrUpdate(place, 1, static (_, n) => n + 1) > _options.SocketsPerAddress)
        {
            GiveBack(place);
            metrics.Refused("address");
            return null;
        }
        return new Place(this, place);
    }

    /// <summary>
    /// May a page of this origin open a socket? Browsers always say where a script comes from, and sockets are not guarded by CORS; a caller without an origin
    /// is no browser and brings nobody's cookies.
    /// </summary>
    public bool MayConnect(string? origin, string scheme, string host)
    {
        if (string.IsNullOrEmpty(origin)) return true;
        if (origin.Equals($"{scheme}://{host}", StringComparison.OrdinalIgnoreCase)) return true;
        foreach (var allowed in _options.AllowedOrigins)
            if (origin.Equals(allowed, StringComparison.OrdinalIgnoreCase))
                return true;
        metrics.Refused("origin");
        return false;
    }

    internal void Waiting(HubCallerContext context) => _waiting[context.ConnectionId] = (context, clock.GetTimestamp());

    internal void Spoke(string connectionId) => _waiting.TryRemove(connectionId, out _);

    internal void CutSilent()
    {
        foreach (var (id, (context, since)) in _waiting)
        {
            if (clock.GetElapsedTime(since) < Patience || !_waiting.TryRemove(id, out _)) continue;
            metrics.Refused("silent");
            context.Abort();
        }
    }

    private void GiveBack(UInt128 place)
    {
        while (_perAddress.TryGetValue(place, out var n))
            if (n > 1 ? _perAddress.TryUpdate(place, n - 1, n) : _perAddress.TryRemove(new KeyValuePair<UInt128, int>(place, n)))
                return;
    }

    // An IPv6 household has a whole /64.
    private static UInt128 PlaceOf(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        address.TryWriteBytes(bytes, out var length);
        var whole = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        return length == 4 ? whole | 1 : whole >> 64 << 64;
    }

    private sealed class Place(HubConnections connections, UInt128 place) : IDisposable
    {
        private int _given;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _given, 1) == 0) connections.GiveBack(place);
        }
    }

    private sealed class Free : IDisposable
    {
        public static readonly Free Instance = new();
        public void Dispose() { }
    }
}
