namespace Tracking.Contracts.Shipments;

/// <summary>Reads one of the journal's partitions behind a stored position, and wakes what is due. Key: the partition's number.</summary>
[Alias("tracking.partition-grain")]
public interface IPartitionGrain : IGrainWithIntegerKey
{
    /// <summary>Makes sure the partition is being read somewhere. Repeating it does nothing.</summary>
    [Alias("keep")] Task Keep();
}
