namespace Orleans.Runtime;

/// <summary>Values that travel with a call and with every call made on its behalf, never back.</summary>
public static class RequestContext
{
    private static readonly AsyncLocal<Dictionary<string, object>?> Values = new();

    internal static Dictionary<string, object>? Current
    {
        get => Values.Value;
        set => Values.Value = value;
    }

    public static object? Get(string key) => Values.Value is { } values && values.TryGetValue(key, out var value) ? value : null;

    public static void Set(string key, object value)
    {
        // A new dictionary each time: the old one may be on its way with a call.
        var values = Values.Value is { } old ? new Dictionary<string, object>(old) : new Dictionary<string, object>(1);
        values[key] = value;
        Values.Value = values;
    }

    public static bool Remove(string key)
    {
        if (Values.Value is not { } old || !old.ContainsKey(key)) return false;
        var values = new Dictionary<string, object>(old);
        values.Remove(key);
        Values.Value = values.Count == 0 ? null : values;
        return true;
    }

    public static void Clear() => Values.Value = null;
}
