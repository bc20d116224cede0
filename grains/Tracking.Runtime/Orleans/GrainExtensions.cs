using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Orleans.Runtime;
using Tracking.Runtime;

namespace Orleans;

public static class GrainExtensions
{
    /// <summary>The reference of a grain (from within the grain: of itself), as one of its interfaces.</summary>
    public static TGrainInterface AsReference<TGrainInterface>(this IAddressable grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return grain switch
        {
            GrainReference and TGrainInterface already => already,
            GrainReference reference => (TGrainInterface)(object)Proxies.Make(typeof(TGrainInterface), reference.Silo, reference.GrainId),
            IGrainBase { GrainContext: Activation activation } => (TGrainInterface)(object)Proxies.Make(typeof(TGrainInterface), activation.Silo, activation.GrainId),
            _ => throw NeitherGrainNorReference(grain),
        };
    }

    public static TGrainInterface Cast<TGrainInterface>(this IAddressable grain) => grain.AsReference<TGrainInterface>();

    public static GrainId GetGrainId(this IAddressable grain) => grain switch
    {
        GrainReference reference => reference.GrainId,
        IGrainBase { GrainContext: { } context } => context.GrainId,
        null => throw new ArgumentNullException(nameof(grain)),
        _ => throw NeitherGrainNorReference(grain),
    };

    public static string GetPrimaryKeyString(this IAddressable grain) => GetGrainId(grain).Key.ToString();

    /// <exception cref="InvalidOperationException">The grain is not named by a number.</exception>
    public static long GetPrimaryKeyLong(this IAddressable grain)
    {
        var id = GetGrainId(grain);
        return long.TryParse(id.Key.ToString(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var key)
            ? key
            : throw new InvalidOperationException($"The key of grain {id} is not a number.");
    }

    private static ArgumentException NeitherGrainNorReference([DisallowNull] IAddressable grain) =>
        new($"{grain.GetType()} is neither a grain nor a reference of one.", nameof(grain));
}
