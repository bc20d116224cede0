using Orleans;

namespace Orleans.Runtime
{
    [GenerateSerializer]
    public class OrleansException : Exception
    {
        public OrleansException() : base("Unexpected error.") { }
        public OrleansException(string message) : base(message) { }
        public OrleansException(string message, Exception innerException) : base(message, innerException) { }
    }

    /// <summary>The call did not reach a grain; it was not run.</summary>
    [GenerateSerializer]
    public class OrleansMessageRejectionException : OrleansException
    {
        internal OrleansMessageRejectionException(string message) : base(message) { }
        internal OrleansMessageRejectionException(string message, Exception innerException) : base(message, innerException) { }
    }

    /// <summary>The silo is stopping or gone. Whether a call that had been sent was run is unknown.</summary>
    [GenerateSerializer]
    public sealed class SiloUnavailableException : OrleansMessageRejectionException
    {
        public SiloUnavailableException() : base("Silo unavailable") { }
        public SiloUnavailableException(string msg) : base(msg) { }
        public SiloUnavailableException(string message, Exception innerException) : base(message, innerException) { }
    }

    /// <summary>More calls wait for one grain than may; this one was not run.</summary>
    [GenerateSerializer]
    public sealed class LimitExceededException : OrleansException
    {
        public LimitExceededException() : base("Limit exceeded") { }
        public LimitExceededException(string message) : base(message) { }
        public LimitExceededException(string message, Exception innerException) : base(message, innerException) { }
    }
}
