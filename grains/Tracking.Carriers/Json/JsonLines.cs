namespace Tracking.Carriers.Json;

/// <summary>Cuts a stream of any length into lines, holding one at a time. Each line has bytes of its own, because what is decoded from it keeps slices of them.</summary>
internal sealed class JsonLines(Stream stream, int limit)
{
    private byte[] _buffer = new byte[256 * 1024];
    private int _at, _length;
    private bool _ended;

    /// <summary>The line's number, from 1.</summary>
    public int Number { get; private set; }

    /// <summary>The line is longer than the limit: only its beginning was kept.</summary>
    public bool TooLong { get; private set; }

    /// <summary>The next line without its end; null at the end of the stream.</summary>
    public async ValueTask<ReadOnlyMemory<byte>?> NextAsync(CancellationToken cancel)
    {
        TooLong = false;
        var scanned = 0;
        byte[]? head = null;
        while (true)
        {
            var found = _buffer.AsSpan(_at + scanned, _length - _at - scanned).IndexOf((byte)'\n');
            if (found >= 0 || _ended)
            {
                if (found < 0 && _at == _length && head is null) return null;
                var end = found >= 0 ? _at + scanned + found : _length;
                var line = head ?? _buffer[_at..end];
                _at = Math.Min(_length, end + 1);
                Number++;
                return Number == 1 && line.AsSpan().StartsWith("\ufeff"u8) ? line.AsMemory(3) : line;
            }
            scanned = _length - _at;
            if (scanned > limit)
            {
                // The rest of such a line is passed over.
                head ??= _buffer[_at..(_at + 4096)];
                TooLong = true;
                (_at, _length, scanned) = (0, 0, 0);
            }
            else if (_at > 0)
            {
                _buffer.AsSpan(_at, scanned).CopyTo(_buffer);
                (_at, _length) = (0, scanned);
            }
            if (_length == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
            var read = await stream.ReadAsync(_buffer.AsMemory(_length), cancel);
            if (read == 0) _ended = true;
            _length += read;
        }
    }
}
