using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Tracking.Journal;

/// <summary>A stream's key. A stream may have several (two activations, or a forgotten cache entry): each row names the one that sealed it.</summary>
internal sealed record StreamKey(long Id, byte[] Secret)
{
    public static StreamKey New()
    {
        Span<byte> id = stackalloc byte[8];
        Dice.Fill(id);
        var secret = new byte[32];
        Dice.Fill(secret);
        return new(BinaryPrimitives.ReadInt64LittleEndian(id), secret);
    }
}

/// <summary>
/// Seals personal bytes with AES-256-GCM. Layout: format 1, key id (8), nonce (12), ciphertext, tag (16). The nonce is random, never the version: two
/// activations may seal different bytes under the same key and version. The stream and version are authenticated, so a sealed part cannot be moved to another row.
/// </summary>
internal static class PersonalSeal
{
    private const byte Format = 1;
    private const int NonceAt = 9, TextAt = 21, TagLength = 16;

    public const int Overhead = TextAt + TagLength;

    public static void Seal(StreamKey key, string stream, int version, ReadOnlySpan<byte> personal, Span<byte> into)
    {
        into[0] = Format;
        BinaryPrimitives.WriteInt64LittleEndian(into[1..], key.Id);
        var nonce = into[NonceAt..TextAt];
        Dice.Fill(nonce);
        Span<byte> about = stackalloc byte[stream.Length <= 80 ? 256 : 3 * StreamName.MaxLength + 16];
        about = about[..About(stream, version, about)];
        using var aes = new AesGcm(key.Secret, TagLength);
        aes.Encrypt(nonce, personal, into.Slice(TextAt, personal.Length), into[(TextAt + personal.Length)..], about);
    }

    public static byte[] Seal(StreamKey key, string stream, int version, ReadOnlySpan<byte> personal)
    {
        var sealedBytes = new byte[personal.Length + Overhead];
        Seal(key, stream, version, personal, sealedBytes);
        return sealedBytes;
    }

    public static long KeyId(ReadOnlySpan<byte> sealedBytes) =>
        sealedBytes.Length < Overhead || sealedBytes[0] != Format ? throw new InvalidDataException("A sealed part has an unknown format; was it written by newer code?")
        : BinaryPrimitives.ReadInt64LittleEndian(sealedBytes[1..]);

    public static byte[] Open(byte[] secret, string stream, int version, ReadOnlySpan<byte> sealedBytes)
    {
        var personal = new byte[sealedBytes.Length - Overhead];
        Span<byte> about = stackalloc byte[stream.Length <= 80 ? 256 : 3 * StreamName.MaxLength + 16];
        about = about[..About(stream, version, about)];
        using var aes = new AesGcm(secret, TagLength);
        aes.Decrypt(sealedBytes[NonceAt..TextAt], sealedBytes[TextAt..^TagLength], sealedBytes[^TagLength..], personal, about);
        return personal;
    }

    /// <summary>Opens what a row has, by the keys that still exist: (bytes, erased). Tampered bytes throw; they are not the same as erased ones.</summary>
    public static (ReadOnlyMemory<byte> Personal, bool Erased) OpenIfKept(IReadOnlyDictionary<long, byte[]> keys, string stream, int version, ReadOnlySpan<byte> sealedBytes) =>
        sealedBytes.IsEmpty ? (default, false)
        : keys.TryGetValue(KeyId(sealedBytes), out var secret) ? (Open(secret, stream, version, sealedBytes), false)
        : (default, true);

    private static int About(string stream, int version, Span<byte> into)
    {
        var length = Encoding.UTF8.GetBytes(stream, into);
        into[length++] = (byte)'|';
        version.TryFormat(into[length..], out var digits, default, System.Globalization.CultureInfo.InvariantCulture);
        return length + digits;
    }
}

/// <summary>Random bytes of the operating system, fetched two kilobytes at a time: a call for twelve bytes costs as much as sealing with them. Each byte is given out once and wiped.</summary>
internal static class Dice
{
    [ThreadStatic]
    private static byte[]? _bytes;

    [ThreadStatic]
    private static int _used;

    public static void Fill(Span<byte> into)
    {
        var bytes = _bytes ??= new byte[2048];
        if (_used == 0 || _used + into.Length > bytes.Length)
        {
            RandomNumberGenerator.Fill(bytes);
            _used = 0;
        }
        var given = bytes.AsSpan(_used, into.Length);
        given.CopyTo(into);
        given.Clear();
        _used += into.Length;
    }
}

/// <summary>
/// Keys of streams in use, bounded: two generations, the older thrown away when the younger is full. Only keys that are known to be stored get in.
/// An erasure while a key was on its way here keeps that key out, so that nothing is sealed with a destroyed key.
/// </summary>
internal sealed class KeyCache(int limit)
{
    private readonly Lock _gate = new();
    private Dictionary<string, StreamKey> _young = new(StringComparer.Ordinal), _old = new(StringComparer.Ordinal);
    private long _erasures;

    /// <summary>Read before a key is fetched or stored, given back with <see cref="Add"/>.</summary>
    public long Stamp => Volatile.Read(ref _erasures);

    public StreamKey? Find(string stream)
    {
        lock (_gate)
        {
            if (_young.TryGetValue(stream, out var key)) return key;
            if (!_old.Remove(stream, out key)) return null;
            AddYoung(stream, key);
            return key;
        }
    }

    public void Add(string stream, StreamKey key, long stamp)
    {
        if (limit == 0) return;
        lock (_gate)
        {
            if (_erasures == stamp) AddYoung(stream, key);
        }
    }

    public void Forget(string stream)
    {
        lock (_gate)
        {
            _erasures++;
            _young.Remove(stream);
            _old.Remove(stream);
        }
    }

    private void AddYoung(string stream, StreamKey key)
    {
        if (_young.Count >= Math.Max(1, limit / 2)) (_young, _old) = (new(StringComparer.Ordinal), _young);
        _young[stream] = key;
    }
}
