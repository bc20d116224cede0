using System.Security.Cryptography;
using System.Text;

namespace Tracking.Carriers;

/// <summary>Comparisons whose duration tells nothing about where two values differ.</summary>
public static class ConstantTime
{
    public static bool Equal(string told, string expected)
    {
        // Hashing first hides the length as well.
        Span<byte> a = stackalloc byte[32], b = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes(told), a);
        SHA256.HashData(Encoding.UTF8.GetBytes(expected), b);
        return CryptographicOperations.FixedTimeEquals(a, b);
    }
}
