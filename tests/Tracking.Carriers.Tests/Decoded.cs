using System.Text.Json;
using Tracking.Domain.Shipments;

namespace Tracking.Carriers.Tests;

/// <summary>What tests of several formats share.</summary>
internal static class Decoded
{
    /// <summary>A recorded message of <c>tests/Tracking.Testing/Samples</c>.</summary>
    public static byte[] Sample(string path) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Samples", path));

    /// <summary>Every scan is the same after it was written as JSON and read again: nothing in it is longer or stranger than the journal holds.</summary>
    public static void ReadsBack(IEnumerable<DecodedItem> items, bool exactly = true)
    {
        foreach (var scan in items.SelectMany(i => i.Scans))
        {
            using var bytes = new MemoryStream();
            using (var json = new Utf8JsonWriter(bytes)) ScanJson.Write(json, scan);
            var reader = new Utf8JsonReader(bytes.ToArray());
            reader.Read();
            var again = ScanJson.TryRead(ref reader, out var problem, out _);
            problem.ShouldBeNull();
            again!.Key.ShouldBe(scan.Key);
            if (!exactly) continue;   // a mutated country may come back in capitals
            (again with { Links = [], Delivery = null }).ShouldBe(scan with { Links = [], Delivery = null });
            again.Links.ShouldBe(scan.Links);
        }
    }

    /// <summary>A stream that hands out a few bytes at a time.</summary>
    public sealed class Drip(byte[] bytes, int size) : Stream
    {
        private int _at;
        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
        public override void Flush() { }
        public override int Read(byte[] buffer, int offset, int count)
        {
            var length = Math.Min(Math.Min(count, size), bytes.Length - _at);
            Array.Copy(bytes, _at, buffer, offset, length);
            _at += length;
            return length;
        }
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
