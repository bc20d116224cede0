using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Tracking.Carriers.Edifact;

/// <summary>
/// What one IFTSTA partner means by what it sends. The directories agree on segments, not on which reference is the parcel or which DTM is the event;
/// the defaults read the usual choices.
/// </summary>
public sealed record IftstaProfile
{
    public static readonly IftstaProfile Default = new();

    /// <summary>Rows of the code table that speak first: <c>un</c>, <c>ups</c>, <c>87</c> (Nordic post), or a partner of <see cref="Codes"/>.</summary>
    public string Partner { get; init; } = "un";

    /// <summary>A partner's own meanings, asked before the tables: <c>21</c>, <c>45/108</c> (status and reason), <c>E1:101</c> (type and status) or <c>E1:101/62</c>.</summary>
    public FrozenDictionary<string, CodeMeaning>? Meanings { get; init; }

    /// <summary>Whether the number of CNI is the tracking number where there is one. Default true.</summary>
    public bool NumberFromConsignment { get; init; } = true;

    /// <summary>RFF qualifiers that may hold the tracking number, the first present wins.</summary>
    public ImmutableArray<string> NumberQualifiers { get; init; } = ["CW", "SRN", "AAO", "FF", "BN", "AAZ", "AAM", "CN", "CR", "CU"];

    /// <summary>DTM qualifiers that may hold the event's time, the first present wins.</summary>
    public ImmutableArray<string> TimeQualifiers { get; init; } = ["334", "7", "78", "9", "132", "133"];

    /// <summary>DTM qualifiers that hold an expected delivery.</summary>
    public ImmutableArray<string> EtaQualifiers { get; init; } = ["17", "67", "76", "2"];

    /// <summary>Whether midnight to the second in format 204 is a date written as a time. Default true: nobody scans at exactly 00:00:00 as often as it is sent.</summary>
    public bool MidnightIsDateOnly { get; init; } = true;
}
