using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Tracking.Web.Pages;

/// <summary>
/// Markup under construction. What is interpolated is encoded, always; only literals of our own source are markup. Attribute values stand in double quotes.
/// </summary>
public sealed class Html
{
    // Every letter of every script may stand as it is; the five that are markup may not.
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private readonly StringBuilder _output = new(16_384);

    public void Add([InterpolatedStringHandlerArgument("")] ref Handler markup) => markup.Done();

    public void AddText(string text) => _output.Append(Encoder.Encode(text));

    public override string ToString() => _output.ToString();

    [InterpolatedStringHandler]
    public readonly ref struct Handler(int literalLength, int formattedCount, Html html)
    {
        private readonly Html _html = html;

        internal int Expected { get; } = literalLength + formattedCount;

        public void AppendLiteral(string text) => _html._output.Append(text);

        public void AppendFormatted(string? text)
        {
            if (!string.IsNullOrEmpty(text)) _html._output.Append(Encoder.Encode(text));
        }

        public void AppendFormatted(int number) => _html._output.Append(number);

        public void AppendFormatted(long number) => _html._output.Append(number);

        /// <summary>Markup that was made here and is safe as it is.</summary>
        public void AppendFormatted(Raw raw) => _html._output.Append(raw.Markup);

        internal void Done() { }
    }
}

/// <summary>Markup of our own source.</summary>
public readonly record struct Raw(string? Markup);
