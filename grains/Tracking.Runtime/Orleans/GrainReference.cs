using Tracking.Runtime;

namespace Orleans.Runtime;

/// <summary>A grain or an observer seen from outside. Two references are equal when they name the same one, whatever interface they show.</summary>
public class GrainReference : IAddressable, IEquatable<GrainReference>
{
    internal GrainReference(EmbeddedSilo silo, GrainId id)
    {
        Silo = silo;
        GrainId = id;
    }

    internal EmbeddedSilo Silo { get; }

    public GrainId GrainId { get; }

    public bool Equals(GrainReference? other) => other is not null && GrainId.Equals(other.GrainId);
    public override bool Equals(object? obj) => Equals(obj as GrainReference);
    public override int GetHashCode() => GrainId.GetHashCode();
    public sealed override string ToString() => $"GrainReference:{GrainId}";
    public static bool operator ==(GrainReference? reference1, GrainReference? reference2) => reference1 is null ? reference2 is null : reference1.Equals(reference2);
    public static bool operator !=(GrainReference? reference1, GrainReference? reference2) => !(reference1 == reference2);

    // What the generated proxies call: one per shape of answer.
    internal Task Send(TaskCall call) { Silo.Send(GrainId, call); return call.Answer; }
    internal Task<T> Send<T>(TaskCall<T> call) { Silo.Send(GrainId, call); return call.Answer; }
    internal ValueTask Send(ValueTaskCall call) { Silo.Send(GrainId, call); return new ValueTask(call.Answer); }
    internal ValueTask<T> Send<T>(ValueTaskCall<T> call) { Silo.Send(GrainId, call); return new ValueTask<T>(call.Answer); }
    internal void Send(VoidCall call) => Silo.Send(GrainId, call);
}
