using System.Diagnostics.Metrics;
using Tracking.Domain.Claims;

namespace Tracking.Grains.Claims;

/// <summary>What operators see of claims and signatures. Labels are bounded words.</summary>
public sealed class ClaimMetrics : IDisposable
{
    private readonly Meter _meter = new("Tracking.Claims");
    private readonly Counter<long> _opened, _decided, _attempts, _answers;

    public ClaimMetrics()
    {
        _opened = _meter.CreateCounter<long>("tracking.claims_opened", description: "Claims taken, by kind and path (automatic, automatic-with-limit, person).");
        _decided = _meter.CreateCounter<long>("tracking.claims_decided", description: "Claims decided, by outcome and by whom (policy or person).");
        _attempts = _meter.CreateCounter<long>("tracking.attempts_missed", description: "Deliveries where nobody was home, by whether the shopper had been told that somebody must be (expected yes or no).");
        _answers = _meter.CreateCounter<long>("tracking.survey_answers", description: "Answers after a recovery, by score 1 to 5.");
    }

    public void Opened(ClaimKind kind, ClaimPath path) => _opened.Add(1, new("kind", kind.Name()), new("path", path.Name()));
    public void Decided(bool granted, bool byPolicy) => _decided.Add(1, new("outcome", granted ? "granted" : "declined"), new("by", byPolicy ? "policy" : "person"));
    public void AttemptMissed(bool expected) => _attempts.Add(1, new KeyValuePair<string, object?>("expected", expected ? "yes" : "no"));
    public void Answered(int score) => _answers.Add(1, new KeyValuePair<string, object?>("score", score));

    public void Dispose() => _meter.Dispose();
}
