using System.IO.Compression;
using Tracking.Carriers.Flat;

namespace Tracking.Carriers.Files;

/// <summary>Why a file, or a part of an archive, cannot be read as a whole. The code is stable; the message is a sentence that names the file.</summary>
public sealed class FeedFileException(string code, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Code { get; } = code;
}

/// <summary>One file of messages: the file itself, or an entry of an archive. Read <see cref="Content"/> once, forwards, before the next part.</summary>
/// <param name="Name">The file's name, for an entry <c>archive.zip/entry.csv</c>.</param>
/// <param name="Refusal">Why this part is nothing to read (a picture, nothing at all); then <see cref="Content"/> is empty.</param>
public sealed record FeedFilePart(string Name, Stream Content, DecodeProblem? Refusal);

/// <summary>
/// A file as carriers drop it: plain, gzip or zip, told by its first bytes and never by its name. Streams; nothing is unpacked to disk, and what an archive
/// may become is bounded.
/// </summary>
public sealed class FeedFile : IDisposable
{
    /// <summary>Bytes that one file may unpack to unless the caller says otherwise: 16 GiB.</summary>
    public const long DefaultMaxUnpacked = 16L << 30;
    /// <summary>Text is packed to a tenth, repetitive text to a hundredth; a bomb to a thousandth.</summary>
    private const int MaxRatio = 250;
    private const long RatioFrom = 16 << 20;
    private const int MaxEntries = 10_000;
    private const int Start = 4096;

    private readonly FileStream _file;
    private readonly string _name;
    private readonly long _maxUnpacked;

    private FeedFile(FileStream file, string name, long maxUnpacked) => (_file, _name, _maxUnpacked) = (file, name, maxUnpacked);

    /// <summary>Opens a file that others may still move, but not write. Throws <see cref="IOException"/> and <see cref="UnauthorizedAccessException"/> as the system does.</summary>
    public static FeedFile Open(string path, long maxUnpacked = DefaultMaxUnpacked)
        => new(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 128 * 1024, FileOptions.SequentialScan), Path.GetFileName(path), maxUnpacked);

    /// <summary>Bytes of the file as it lies there.</summary>
    public long Length => _file.Length;

    /// <summary>How many of them have been read: for progress.</summary>
    public long Position => Math.Min(_file.Position, _file.Length);

    /// <summary>
    /// The parts, in order. Reading one throws <see cref="FeedFileException"/> when the archive is broken, encrypted, or unpacks to more than it may.
    /// </summary>
    public IEnumerable<FeedFilePart> Parts()
    {
        _file.Position = 0;
        var magic = new byte[4];
        var held = _file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        _file.Position = 0;
        if (held >= 2 && magic is [0x1F, 0x8B, ..])
        {
            using var unpacked = new Bounded(new GZipStream(_file, CompressionMode.Decompress, leaveOpen: true), this, packedLength: null);
            yield return Part(_name, unpacked);
            yield break;
        }
        if (held == 4 && magic is [0x50, 0x4B, 0x03 or 0x05, 0x04 or 0x06])
        {
            foreach (var part in Entries()) yield return part;
            yield break;
        }
        yield return Part(_name, new Unowned(_file));
    }

    private IEnumerable<FeedFilePart> Entries()
    {
        ZipArchive zip;
        try { zip = new ZipArchive(_file, ZipArchiveMode.Read, leaveOpen: true); }
        catch (InvalidDataException broken) { throw Broken(broken); }
        using (zip)
        {
            int count;
            try { count = zip.Entries.Count; }
            catch (InvalidDataException broken) { throw Broken(broken); }
            if (count > MaxEntries) throw new FeedFileException("file.too-many-entries", $"{_name} holds {count:N0} entries; at most {MaxEntries:N0} are read.");
            var any = false;
            foreach (var entry in zip.Entries)
            {
                if (entry.FullName.EndsWith('/') || entry.FullName.StartsWith("__MACOSX/", StringComparison.Ordinal)) continue;
                any = true;
                Stream content;
                try { content = entry.Open(); }
                catch (Exception broken) when (broken is InvalidDataException or NotSupportedException) { throw Broken(broken); }
                using var unpacked = new Bounded(content, this, entry.CompressedLength);
                yield return Part($"{_name}/{entry.FullName}", unpacked);
            }
            if (!any) yield return new FeedFilePart(_name, Stream.Null, new DecodeProblem("message.empty", $"{_name} is an archive without files."));
        }
    }

    private static FeedFilePart Part(string name, Stream content)
    {
        var start = new byte[Start];
        var held = content.ReadAtLeast(start, Start, throwOnEndOfStream: false);
        return Decoy.Refuse(start.AsSpan(0, held), name) is { } refusal
            ? new FeedFilePart(name, Stream.Null, refusal)
            : new FeedFilePart(name, new Joined(start.AsMemory(0, held), content), null);
    }

    // A gzip file of several members tells the length of the last alone: then nothing can be said against it.
    private bool EndsWhole(long unpacked)
    {
        Span<byte> told = stackalloc byte[4];
        if (_file.Length < 18) return false;
        RandomAccess.Read(_file.SafeFileHandle, told, _file.Length - 4);
        if (System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(told) == (uint)unpacked) return true;
        var chunk = new byte[64 * 1024];
        for (long at = 1; at < _file.Length; at += chunk.Length - 2)
        {
            var read = RandomAccess.Read(_file.SafeFileHandle, chunk, at);
            if (chunk.AsSpan(0, read).IndexOf((ReadOnlySpan<byte>)[0x1F, 0x8B, 0x08]) >= 0) return true;
        }
        return false;
    }

    private FeedFileException Broken(Exception why)
        => new("file.broken-archive", $"{_name} cannot be unpacked: {(why.Message.Contains("ncrypt", StringComparison.Ordinal) ? "it is encrypted" : "it is broken, cut short or packed in an unknown way")}.", why);

    public void Dispose() => _file.Dispose();

    // Counts what comes out of an archive, and stops a bomb.
    private sealed class Bounded(Stream packed, FeedFile file, long? packedLength) : ReadOnlyStream
    {
        private long _unpacked;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read;
            try { read = await packed.ReadAsync(buffer, cancellationToken); }
            catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException or NotSupportedException) { throw file.Broken(broken); }
            return Count(read);
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int read;
            try { read = packed.Read(buffer, offset, count); }
            catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException or NotSupportedException) { throw file.Broken(broken); }
            return Count(read);
        }

        private int Count(int read)
        {
            // The end of a cut-off gzip file looks like an end. Its last four bytes would tell how much there was.
            if (read == 0 && packedLength is null && !file.EndsWhole(_unpacked)) throw file.Broken(new EndOfStreamException());
            _unpacked += read;
            if (_unpacked > file._maxUnpacked) throw new FeedFileException("file.unpacks-too-far", $"{file._name} unpacks to more than {file._maxUnpacked:N0} bytes.");
            if (_unpacked > RatioFrom && _unpacked / MaxRatio > Math.Max(1, packedLength ?? file._file.Position))
                throw new FeedFileException("file.unpacks-too-far", $"{file._name} unpacks to more than {MaxRatio} times its size: no text does.");
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) packed.Dispose();
            base.Dispose(disposing);
        }
    }

    // The file stays open: it is asked for its position.
    private sealed class Unowned(Stream file) : ReadOnlyStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => file.ReadAsync(buffer, cancellationToken);
        public override int Read(byte[] buffer, int offset, int count) => file.Read(buffer, offset, count);
    }
}

/// <summary>A few bytes that were read ahead, and the rest.</summary>
internal sealed class Joined(ReadOnlyMemory<byte> first, Stream second) : ReadOnlyStream
{
    private ReadOnlyMemory<byte> _first = first;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_first.IsEmpty) return await second.ReadAsync(buffer, cancellationToken);
        var length = Math.Min(_first.Length, buffer.Length);
        _first[..length].CopyTo(buffer);
        _first = _first[length..];
        return length;
    }

    public override int Read(byte[] buffer, int offset, int count)
    {
        if (_first.IsEmpty) return second.Read(buffer, offset, count);
        var length = Math.Min(_first.Length, count);
        _first[..length].CopyTo(buffer.AsMemory(offset));
        _first = _first[length..];
        return length;
    }
}

/// <summary>What every stream that is read forwards has in common.</summary>
internal abstract class ReadOnlyStream : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public override void Flush() { }
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
