namespace Tracking.Journal;

/// <summary>
/// Keeps a database to one embedded process. Beside a SQLite file it is a locked file; in PostgreSQL a session advisory lock, which an Orleans cluster takes
/// shared: embedded refuses everybody, a cluster refuses only embedded. Refusal is a <see cref="StorageStartException"/> of one line.
/// </summary>
public abstract class ExclusiveLock : IAsyncDisposable
{
    /// <summary>Cancelled when the lock was lost and somebody else has it now.</summary>
    public virtual CancellationToken Lost => CancellationToken.None;

    public abstract ValueTask DisposeAsync();

    /// <summary>Locks the file <c>{database}.lock</c>. The operating system gives it back when the process ends, however it ends.</summary>
    public static ExclusiveLock OnFile(string databasePath)
    {
        var path = databasePath + ".lock";
        try
        {
            return new FileLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException held) when (held is not (DirectoryNotFoundException or FileNotFoundException or PathTooLongException))
        {
            throw new StorageStartException($"{databasePath} is in use by another process (it holds {Path.GetFileName(path)}); stop it first, or give this one its own Storage:Sqlite.", held);
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException or IOException)
        {
            throw new StorageStartException($"{path} cannot be opened: {refused.Message}", refused);
        }
    }

    private sealed class FileLock(FileStream file) : ExclusiveLock
    {
        public override ValueTask DisposeAsync() => file.DisposeAsync();
    }
}
